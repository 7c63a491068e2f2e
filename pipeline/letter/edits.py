"""What staff changed in one edition, over what would be composed by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

NO_WORDS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Edits:
    """What is empty is left as it is composed. (An intro has a column of its own: there is nothing under it.)

    ``posts`` are the ids of those chosen, in staff's order: then no other comes in by itself. ``cta`` holds
    heading, text, button and url, as far as staff said.
    """

    subject: str = ""
    preheader: str = ""
    posts: tuple[int, ...] = ()
    cta: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Self:
        """Out of the column `editions.edits`."""
        return cls(
            subject=kept.get("subject", ""),
            preheader=kept.get("preheader", ""),
            posts=tuple(kept.get("posts", ())),
            cta=kept.get("cta", NO_WORDS),
        )

    def kept(self) -> dict[str, Any]:
        """For the column."""
        every = {
            "subject": self.subject,
            "preheader": self.preheader,
            "posts": list(self.posts),
            "cta": dict(self.cta),
        }
        return {name: value for name, value in every.items() if value}


UNTOUCHED = Edits()
