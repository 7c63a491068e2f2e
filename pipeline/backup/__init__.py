"""Backups: one file that holds everything, made while letters go out, proven by opening it, and restored."""
