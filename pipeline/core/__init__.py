"""The base of every room: configuration, database, errors, logs, signals and due times."""
