"""What staff changed in one edition. It goes over what Rapport composes by itself."""

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
    """What is empty stays as it is composed. (The intro has a column of its own: nothing is composed there.)

    ``posts``: the ids of the posts that staff chose, in their order; then no other post comes in by itself.
    ``cta``: heading, text, button and url, as far as staff changed them.
    """

    subject: str = ""
    preheader: str = ""
    posts: tuple[int, ...] = ()
    cta: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Self:
        """From the column `editions.edits`."""
        return cls(
            subject=kept.get("subject", ""),
            preheader=kept.get("preheader", ""),
            posts=tuple(kept.get("posts", ())),
            cta=kept.get("cta", NO_WORDS),
        )

    def kept(self) -> dict[str, Any]:
        """What the column keeps: only what was changed."""
        every = {
            "subject": self.subject,
            "preheader": self.preheader,
            "posts": list(self.posts),
            "cta": dict(self.cta),
        }
        return {name: value for name, value in every.items() if value}


UNTOUCHED = Edits()
