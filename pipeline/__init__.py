"""The way a post takes to an inbox, one module a stage."""
