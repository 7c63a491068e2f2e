"""Reading a DMARC record (RFC 9989, 4.7 and 4.8, which replaced RFC 7489 in May 2026)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.doctor.records import tags

if TYPE_CHECKING:
    from collections.abc import Mapping

# The tag's name is of either case, its value is not (4.8).
_MARK = re.compile(r"[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|$)")
_REPORT = re.compile(r"mailto:[^@\s]+@([^\s!?,]+)(?:![0-9]+[kmgt]?)?", re.IGNORECASE)

POLICIES = ("none", "quarantine", "reject")
OBSOLETE = ("pct", "rf", "ri")
"""Removed by RFC 9989: receivers ignore them."""

_VALUES = {
    "p": POLICIES, "sp": POLICIES, "np": POLICIES,
    "adkim": ("r", "s"), "aspf": ("r", "s"), "psd": ("y", "n", "u"), "t": ("y", "n"),
}  # fmt: skip
_FREE = ("v", "rua", "ruf", "fo")


@dataclass(frozen=True, slots=True)
class Policy:
    """``wrong``: parts that receivers ignore, or read in another way than was meant."""

    tags: Mapping[str, str]
    wrong: tuple[str, ...]

    def value(self, name: str, otherwise: str = "") -> str:
        """A tag's value, if receivers know it."""
        value = self.tags.get(name, "").lower()
        return value if value in _VALUES[name] else otherwise

    @property
    def policy(self) -> str:
        # Without p=, or with one that is none of the three, a record counts as p=none (4.7).
        return self.value("p", "none")

    def strict(self, tag: str) -> bool:
        """Whether alignment (``adkim`` or ``aspf``) wants exactly the same domain."""
        return self.value(tag, "r") == "s"

    @property
    def report_hosts(self) -> list[str]:
        """The domains to which aggregate reports are sent."""
        return [found[1].lower() for uri in self._uris() if (found := _REPORT.fullmatch(uri))]

    def _uris(self) -> list[str]:
        return [uri.strip() for uri in self.tags.get("rua", "").split(",")]


def is_dmarc(record: str) -> bool:
    return _MARK.match(record) is not None


def read(record: str) -> Policy:
    """Read a record of which is_dmarc is true. Nothing in it is refused, for receivers refuse nothing
    either."""
    found, wrong = tags.read(record)
    for name, value in found.items():
        if name in OBSOLETE:
            wrong.append(f"{name}= is obsolete (RFC 9989)")
        elif name in _VALUES:
            if value.lower() not in _VALUES[name]:
                wrong.append(f"{name}= holds none of {', '.join(_VALUES[name])}")
        elif name not in _FREE:
            wrong.append(f"{name}= is no tag of DMARC")
    if "p" not in found:
        wrong.append("p= is missing, which counts as none")
    policy = Policy(found, ())
    if found.get("rua") and not all(_REPORT.fullmatch(uri) for uri in policy._uris()):
        wrong.append("rua= holds what is no mailto: address")
    return Policy(found, tuple(wrong))
