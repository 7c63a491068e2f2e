"""HTML of a post in, plain text and pictures out."""
