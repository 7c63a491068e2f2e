"""Putting a stranger's words and ours together."""

from __future__ import annotations


def sentence(text: str) -> str:
    """The text with a full stop, unless it ends a sentence already; so another sentence may follow."""
    text = text.rstrip()
    return text if text.endswith((".", "!", "?", "…")) or not text else f"{text}."
