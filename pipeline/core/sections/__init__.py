"""The sections of `rapport.toml`, each with its keys, their types, defaults and rules."""
