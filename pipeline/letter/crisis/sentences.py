"""What the letter says of help in a crisis: the emergency number first, then the line; two sentences at most.

Order and words follow what those who run such lines advise: help exists, every way in, hours and price only
where they are sure (988 Messaging Framework; Samaritans' media guidelines).
"""

from __future__ import annotations

from dataclasses import dataclass
from string import Formatter
from typing import TYPE_CHECKING, NamedTuple

from pipeline.core.errors import LetterError
from pipeline.core.locales import listed, locale_of
from pipeline.letter.crisis.table import FILE, read_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pipeline.core.sections.newsletter import Newsletter
    from pipeline.core.templates import Templates
    from pipeline.letter.crisis.table import Country, Line, Table


class Piece(NamedTuple):
    """Some words; ``href`` where they lead, mostly empty."""

    text: str
    href: str = ""


Pieces = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class CrisisHelp:
    """What the letter says. ``lang`` is the language of the words, which may not be the letter's.

    ``notice`` is newsletter.notice as it stands beside: without the plain sentence that this is said instead
    of.
    """

    sentences: tuple[Pieces, ...]
    lang: str
    notice: str

    @property
    def text(self) -> str:
        return " ".join("".join(piece.text for piece in sentence) for sentence in self.sentences)


def crisis_help(newsletter: Newsletter, templates: Templates) -> CrisisHelp | None:
    """The help of newsletter.country, in the newsletter's language; what that has no words for is said in
    English. None without a country.

    Raises LetterError that names file and key for words or numbers of an operator's that cannot be used.
    """
    if not newsletter.country:
        return None
    table = read_table(templates)
    spoken = newsletter.language.partition("-")[0].lower()
    speaker = _Speaker(table, spoken if spoken in table.words else "en", spoken)
    country = table.countries.get(newsletter.country)
    notice = newsletter.notice
    for words in table.words.values():
        notice = notice.replace(words.get("plain") or "\0", "")
    return CrisisHelp(speaker.help(newsletter.country, country), speaker.lang, " ".join(notice.split()))


class _Speaker:
    """Says a country's entry in the words of one language. ``letter`` is the letter's own language."""

    def __init__(self, table: Table, lang: str, letter: str) -> None:
        self.lang = lang
        self._words = {**table.words["en"], **table.words[lang]}
        self._letter = {"nb": "no", "nn": "no"}.get(letter, letter)  # two ways to write what lines speak
        self._locale = locale_of(lang)

    def help(self, code: str, country: Country | None) -> tuple[Pieces, Pieces]:
        if country is None:
            return self._say("plain"), self._say("unwatched")
        named = (Piece(self._locale.territories.get(code, code)),)
        if country.emergency:
            numbers = self._either([self._emergency(*pair) for pair in country.emergency.items()])
            danger = self._say("danger", country=named, numbers=numbers)
        else:
            danger = self._say("danger_local", country=named)
        ways = self._either([way for line in self._lines(country) for way in self._ways(line)])
        return danger, self._say("support", ways=ways)

    def _lines(self, country: Country) -> Sequence[Line]:
        """Those that answer in the letter's language; where none does, all, each with its languages."""
        return [line for line in country.lines if self._answers(line)] or country.lines

    def _answers(self, line: Line) -> bool:
        return not line.languages or self._letter in line.languages

    def _emergency(self, number: str, service: str) -> Pieces:
        if not service:
            return (_dialled(number),)
        return self._say("service", number=(_dialled(number),), service=self._say(service))

    def _ways(self, line: Line) -> Iterator[Pieces]:
        """How to reach a line, a way each. What is known of it stands after the first: of the others it may
        not be so."""
        first, *others = self._bare_ways(line)
        notes = self._notes(line)
        yield (*first, Piece(f" ({notes})")) if notes else first
        yield from others

    def _bare_ways(self, line: Line) -> Iterator[Pieces]:
        if line.call:
            numbers = self._either([(_dialled(number),) for number in line.call])
            both = line.text is not None and line.call == (line.text,)
            yield self._say("call_or_text" if both else "call", numbers=numbers)
        if line.text and line.text not in line.call:
            yield self._say("text", numbers=(Piece(line.text),))
        if line.chat:
            yield self._say("chat", site=(Piece(line.chat, f"https://{line.chat}"),))

    def _notes(self, line: Line) -> str:
        notes = [line.shown_in(self._letter)]
        if not self._answers(line):
            notes.append(self._language(line.languages))
        if line.free:
            notes.append(self._plain("free"))
        if line.hours == (0, 24):
            notes.append(self._plain("always"))
        elif line.hours:
            start, end = map(str, line.hours)
            notes.append(self._plain("hours", start=(Piece(start),), end=(Piece(end),)))
        return ", ".join(filter(None, notes))

    def _language(self, codes: Iterable[str]) -> str:
        names = [self._locale.languages.get(code, code) for code in codes]
        return self._plain("language", languages=(Piece(listed(names, self.lang)),))

    def _either(self, options: Sequence[Pieces]) -> Pieces:
        """The options as a sentence lists them: a, b or c."""
        places = [f"{{{n}}}" for n in range(len(options))]
        return _filled(listed(places, self.lang, "or"), {str(n): option for n, option in enumerate(options)})

    def _say(self, key: str, **values: Pieces) -> Pieces:
        try:
            return _filled(self._words[key], values)
        except (KeyError, ValueError):
            raise LetterError(
                f"{FILE}: words.{self.lang}.{key} has something in braces that it cannot have.",
                f"Compare the phrase with ours in templates/{FILE}, words.en.",
            ) from None

    def _plain(self, key: str, **values: Pieces) -> str:
        return "".join(piece.text for piece in self._say(key, **values))


def _filled(phrase: str, values: Mapping[str, Pieces]) -> Pieces:
    """A phrase with its braces filled in. Raises KeyError or ValueError where it has others."""
    found: list[Piece] = []
    for before, name, _, _ in Formatter().parse(phrase):
        if before:
            found.append(Piece(before))
        if name is not None:
            found += values[name]
    return tuple(found)


def _dialled(number: str) -> Piece:
    """A number to call (RFC 3966: a local number, as it is dialled within the country)."""
    return Piece(number, "tel:" + "".join(filter(str.isdigit, number)))
