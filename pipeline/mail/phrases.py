"""The phrases of mails and pages, in the newsletter's language.

A file a language, `templates/<kind>/words/<language>.toml`, its tables the mails or pages. What the
operator's own file says goes over ours; what a language lacks is said in English.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

from pipeline.core.errors import LetterError
from pipeline.letter.templates import PACKAGED

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Words = dict[str, dict[str, str]]
"""Table, then key, to a phrase; what stands in braces in it is filled in where it is used."""


def words(kind: str, language: str, own: Path | None) -> Words:
    """The phrases of ``kind`` ("mail", "pages") for a language tag such as `de-AT`.

    Raises LetterError that names the file when an operator's cannot be read.
    """
    spoken = language.lower().partition("-")[0]
    found: Words = {}
    for folder in (PACKAGED, *([own] if own else [])):
        for name in dict.fromkeys(("en", spoken, language)):
            file = folder / kind / "words" / f"{name}.toml"
            if file.is_file():
                _lay_over(found, _read(file), file)
    return found


def _read(file: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LetterError(f"{file}: {error}.", "Correct it: a phrase a line, in quotation marks.") from None


def _lay_over(found: Words, said: Mapping[str, object], file: Path) -> None:
    for table, phrases in said.items():
        if not isinstance(phrases, dict) or not all(isinstance(p, str) for p in phrases.values()):
            raise LetterError(f"{file}: [{table}] does not hold phrases.", 'Write key = "phrase" lines.')
        found.setdefault(table, {}).update(phrases)
