"""The list of tags that DKIM and DMARC share: `name=value; name=value` (RFC 6376, 3.2)."""

from __future__ import annotations


def read(record: str) -> tuple[dict[str, str], list[str]]:
    """The tags by name in lower case, and what is wrong with the rest. Of two equal names the first
    counts."""
    found: dict[str, str] = {}
    wrong: list[str] = []
    for part in record.split(";"):
        if not part.strip():
            continue
        name, equals, value = (piece.strip() for piece in part.partition("="))
        name = name.lower()
        if not equals or not name:
            wrong.append(f'"{part.strip()}" is no tag')
        elif name in found:
            wrong.append(f"{name} stands there twice")
        else:
            found[name] = value
    return found, wrong
