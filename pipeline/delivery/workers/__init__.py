"""Any number of workers on any number of hosts, sharing editions over a queue in PostgreSQL."""
