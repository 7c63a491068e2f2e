"""What a check says: how it stands with something, and what to do about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """``name`` is what was looked at, like "dns.spf"; ``remedy`` is empty where all is well."""

    name: str
    level: Level
    message: str
    remedy: str = ""

    def document(self) -> dict[str, Any]:
        return asdict(self)


def ok(name: str, message: str) -> Finding:
    """As it should be, or not needed here."""
    return Finding(name, "ok", message)


def warning(name: str, message: str, remedy: str) -> Finding:
    """Letters go out, but not as well as they could; or it cannot be seen from here."""
    return Finding(name, "warning", message, remedy)


def error(name: str, message: str, remedy: str) -> Finding:
    """Letters do not go, do not arrive, or cannot be left."""
    return Finding(name, "error", message, remedy)


def quoted(stranger: str, most: int = 80) -> str:
    """What a stranger's server says, fit for a terminal: no control characters, and not endless."""
    plain = "".join(sign if sign.isprintable() else "?" for sign in stranger)
    return plain if len(plain) <= most else plain[: most - 1] + "…"
