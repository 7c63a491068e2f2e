"""What the pages on people share: where they are, and what a request names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from pipeline.web.dashboard.asked import Asked

HERE = "/people"

SOURCE = "dashboard"
"""How records call what staff did here."""

LARGEST = 2**63
"""Numbers from here on are of nobody, and no database takes them."""


def number_of(asked: Asked) -> int:
    """The person's number in the path."""
    number: int = asked.request.path_params["number"]
    if number >= LARGEST:
        raise HTTPException(404)
    return number


def to_person(number: int | None, done: str) -> str:
    """The page of a person on whom something was just done, as the word ``done`` says."""
    return f"{HERE}/{number}?done={done}"
