"""What a check found: of a letter (`rapport check`) or of an installation (`rapport doctor`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """``name`` is the rule for letters ("alt"), or what was examined in an installation ("dns.spf").

    ``remedy`` is empty where all is well. ``where`` is for letters: a template and line, a post, a
    configuration key, or a part of the letter.
    """

    name: str
    level: Level
    message: str
    remedy: str = ""
    where: str = ""


def ok(name: str, message: str) -> Finding:
    """It is as it should be, or it is not needed here."""
    return Finding(name, "ok", message)


def warning(name: str, message: str, remedy: str, where: str = "") -> Finding:
    """Letters go out, but not as well as they could; or it cannot be examined from here."""
    return Finding(name, "warning", message, remedy, where)


def error(name: str, message: str, remedy: str, where: str = "") -> Finding:
    """This letter does not go out; or no letters go out or arrive, or readers cannot unsubscribe."""
    return Finding(name, "error", message, remedy, where)


def quoted(stranger: str, most: int = 80) -> str:
    """The words of a stranger's server, safe for a terminal: without control characters, and cut to
    length."""
    plain = "".join(sign if sign.isprintable() else "?" for sign in stranger)
    return plain if len(plain) <= most else plain[: most - 1] + "…"
