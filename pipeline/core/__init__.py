"""What every room stands on: configuration, database, errors, logs, signals, time."""
