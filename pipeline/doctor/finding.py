"""Findings about an installation. ``name`` is what was examined, like "dns.spf"."""

from __future__ import annotations

from pipeline.core.finding import Finding


def ok(name: str, message: str) -> Finding:
    """It is as it should be, or it is not needed here."""
    return Finding("ok", name, message)


def warning(name: str, message: str, remedy: str) -> Finding:
    """Letters go out, but not as well as they could; or it cannot be examined from here."""
    return Finding("warning", name, message, remedy)


def error(name: str, message: str, remedy: str) -> Finding:
    """Letters do not go out or do not arrive, or readers cannot unsubscribe."""
    return Finding("error", name, message, remedy)


def quoted(stranger: str, most: int = 80) -> str:
    """The words of a stranger's server, safe for a terminal: without control characters, and cut to
    length."""
    plain = "".join(sign if sign.isprintable() else "?" for sign in stranger)
    return plain if len(plain) <= most else plain[: most - 1] + "…"
