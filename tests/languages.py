"""Languages that an operator brings: words of their own in a folder of templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def spoken(own: Path, language: str, text: str = "") -> Path:
    """An operator's folder of templates with words of a language; without a text English is said."""
    (own / "words").mkdir(parents=True, exist_ok=True)
    (own / "words" / f"{language}.toml").write_text(text)
    return own
