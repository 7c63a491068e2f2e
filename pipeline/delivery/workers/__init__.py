"""Any number of workers on any number of hosts that share editions, over a queue in PostgreSQL."""
