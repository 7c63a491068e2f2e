"""What the pages on people share: where they are, and what a request names."""

from __future__ import annotations

HERE = "/people"

SOURCE = "dashboard"
"""How records call what staff did here."""


def to_person(number: int | None, done: str) -> str:
    """The page of a person on whom something was just done, as the word ``done`` says."""
    return f"{HERE}/{number}?done={done}"
