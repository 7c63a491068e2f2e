"""What a check found: how bad it is, what it is about, and what to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """``rule`` names the check; ``remedy`` is empty where all is well.

    ``where`` names a template and line, a post, a configuration key, or a part of the letter; empty where the
    rule says it all.
    """

    level: Level
    rule: str
    message: str
    remedy: str = ""
    where: str = ""

    def document(self) -> dict[str, Any]:
        return asdict(self)
