"""From an approved edition to every reader's inbox: the ledger, and handing over by it."""
