"""The phrases of the public pages, in the newsletter's language."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from pipeline.errors import LetterError
from pipeline.letter.direction import of_language
from pipeline.letter.templates import PACKAGED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pipeline.config import Newsletter
    from pipeline.letter.direction import Direction

_FOLDER = "pages/words"
_LAST_RESORT = "en"


class Words:
    """Phrases by ``section.name``; ``language`` is the tag of what they are written in (BCP 47).

    A regional tag (de-AT) is served by its language's file; a language without one by English. The
    operator's own file is laid over ours, phrase by phrase, and both over the English one. Raises LetterError
    for a file that cannot be read.
    """

    def __init__(self, newsletter: Newsletter, own: Path | None) -> None:
        self._given = {"newsletter": newsletter.name, "sender": newsletter.sender}
        wanted = newsletter.language.replace("_", "-")
        language, found = _files(wanted, own)
        self.language = wanted if found else _LAST_RESORT
        self.direction: Direction = of_language(self.language)
        _, base = _files(_LAST_RESORT, own)
        self._phrases: dict[str, str] = {}
        for path in [*base, *(found if language != _LAST_RESORT else [])]:
            self._phrases |= dict(_phrases(path))

    def say(self, key: str, **values: str) -> str:
        """The phrase with what stands in its braces filled in. Raises LetterError for a brace it has not."""
        try:
            return self._phrases[key].format_map(self._given | values)
        except (KeyError, ValueError, IndexError, AttributeError):
            raise LetterError(
                f"{_FOLDER}: {key} is missing or has a name in braces that it cannot have.",
                "Compare the phrase with ours in templates/pages/words/en.toml.",
            ) from None

    def of_address(self, reason: str) -> str:
        """What is wrong with an address, as subscribers/addresses.py says it, in this language."""
        return self._phrases.get(f"address.{reason}", reason)

    def listed(self, items: Sequence[str]) -> str:
        """`a`, `a and b`, `a, b and c`."""
        if not items:
            return ""
        *rest, last = items
        if not rest:
            return last
        start = rest[0]
        for item in rest[1:]:
            start = self.say("shared.list_comma", first=start, second=item)
        return self.say("shared.list_and", first=start, second=last)


def _files(language: str, own: Path | None) -> tuple[str, list[Path]]:
    """The files of a language, ours first, and the part of its tag they are named by."""
    parts = language.split("-")
    for length in range(len(parts), 0, -1):
        name = "-".join(parts[:length])
        places = [folder / _FOLDER / f"{name}.toml" for folder in (PACKAGED, own) if folder]
        if name.replace("-", "").isalnum() and (found := [path for path in places if path.is_file()]):
            return name, found
    return language, []


def _phrases(path: Path) -> Iterator[tuple[str, str]]:
    try:
        tables: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LetterError(f"{path}: {error}.", "Correct the file; ours is templates/pages/words.") from None
    for section, phrases in tables.items():
        if not isinstance(phrases, dict) or not all(isinstance(text, str) for text in phrases.values()):
            raise LetterError(f"{path}: [{section}] holds something that is no phrase.", "Write text only.")
        for name, text in phrases.items():
            yield f"{section}.{name}", text
