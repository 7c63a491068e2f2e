"""Mail to one person, which is no edition: confirmations, notices, drafts, and how they are sent."""
