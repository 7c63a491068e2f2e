"""[match]: the offer in the letter, and other words for it by category."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pipeline.core.fields import Line, Link, Listed, Section


class Variant(Section):
    categories: Listed
    heading: str | None = None
    text: str | None = None
    button: str | None = None
    url: Link | None = None


class Match(Section):
    heading: str = "Looking for a therapist?"
    text: str = "Tell us what you need and we will personally match you."
    button: str = "Get matched"
    url: Link = ""
    read_by: Line = ""
    answered: Line = ""
    costs: Line = ""
    place: Literal["end", "after_lead", "both"] = "both"
    count_clicks: bool = False
    variants: list[Variant] = Field(default=[])
