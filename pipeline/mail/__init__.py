"""Mail to one person: what is not an edition. Confirmations, notices and drafts, and sending them."""
