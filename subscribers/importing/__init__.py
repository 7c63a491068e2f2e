"""CSV in: a list of another tool into the database."""
