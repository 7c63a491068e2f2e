"""What readers ask for that touches more than the list: confirming, leaving, being erased."""
