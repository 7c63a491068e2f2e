"""Values that are still those of the packaged rapport.toml."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.example import left
from pipeline.core.finding import Finding, error, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.letter.check.reading import CheckedLetter


def values(letter: CheckedLetter) -> Iterator[Finding]:
    # Readers would write to nobody, and read a made-up postal address (CAN-SPAM wants a valid one).
    for one in left(letter.config):
        level = error if one.refused else warning
        yield level("example", one.message, one.remedy, f"configuration: {one.key}")
