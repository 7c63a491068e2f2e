"""The phrases of the public pages, ready to be said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.errors import LetterError
from pipeline.letter.direction import of_language
from pipeline.letter.templates import source_of
from pipeline.mail.phrases import words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pipeline.core.config import Newsletter
    from pipeline.letter.direction import Direction


class Said:
    """Phrases by ``table.key``.

    ``language`` is the tag of what they are written in (BCP 47): the newsletter's where there is a file for
    it, else English. Raises LetterError for a file that cannot be read.
    """

    def __init__(self, newsletter: Newsletter, own: Path | None) -> None:
        self._names = {"newsletter": newsletter.name, "sender": newsletter.sender}
        self._words = words("pages", newsletter.language, own)
        self.language = newsletter.language if _written(newsletter.language, own) else "en"
        self.direction: Direction = of_language(self.language)

    def say(self, key: str, **values: str) -> str:
        """The phrase, with what stands in its braces filled in. Raises LetterError for a name it has not."""
        table, _, name = key.partition(".")
        try:
            return self._words[table][name].format_map(self._names | values)
        except (KeyError, ValueError, IndexError, AttributeError):
            raise LetterError(
                f"pages/words: {key} is missing, or has something in braces that it cannot have.",
                "Compare the phrase with ours in templates/pages/words/en.toml.",
            ) from None

    def of_address(self, reason: str) -> str:
        """What is wrong with an address, as subscribers/addresses.py says it, in this language."""
        return self._words["address"].get(reason, reason)

    def listed(self, items: Sequence[str]) -> str:
        """`a`, `a and b`, `a, b and c`."""
        *rest, last = items or [""]
        if not rest:
            return last
        start = rest[0]
        for item in rest[1:]:
            start = self.say("shared.list_comma", first=start, second=item)
        return self.say("shared.list_and", first=start, second=last)


def _written(language: str, own: Path | None) -> bool:
    names = {language, language.lower().partition("-")[0]}
    return any(source_of(f"pages/words/{name}.toml", own).is_file() for name in names)
