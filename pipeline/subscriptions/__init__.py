"""What readers ask for and what touches more than the list: to confirm, to leave, to be erased."""
