"""The ledger: the durable record of who was handed over in which edition, with what outcome."""
