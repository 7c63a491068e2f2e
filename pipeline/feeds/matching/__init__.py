"""Which entry of a document is which known post, and what the others are."""
