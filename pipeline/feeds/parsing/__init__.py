"""A feed's bytes in, entries out, in a process of its own."""
