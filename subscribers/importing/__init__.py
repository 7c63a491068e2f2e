"""Importing a CSV list of another tool."""
