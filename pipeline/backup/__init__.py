"""Backups: one file that holds everything. It is made while letters go out, checked by opening it,
restored."""
