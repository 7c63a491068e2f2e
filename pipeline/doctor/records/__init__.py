"""Reading what stands in the DNS for mail: text in, meaning out. Nothing here asks anybody."""
