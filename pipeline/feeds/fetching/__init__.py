"""A feed's address in, its bytes out: one bounded request, its redirects, and what failed."""
