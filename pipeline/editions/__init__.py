"""Editions: what goes into one, who decides on it, who it is for, and what became of it."""
