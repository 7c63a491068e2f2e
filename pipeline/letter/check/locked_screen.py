"""What a locked phone shows to whoever passes: sender, subject, preheader, and the letter's first words."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, NamedTuple

from pipeline.core.finding import Finding, warning
from pipeline.core.templates import PACKAGED, Templates
from pipeline.letter.check.calmer import instead
from pipeline.letter.check.listed import NAME, entry_of, plain, sensitive
from pipeline.letter.check.reading import CheckedLetter, folded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborNode

FIRST = 200
"""Visible characters of the letter. Phones show about so many beside sender and subject, and pass over a
hidden preheader."""


class Piece(NamedTuple):
    """Some of the letter's words; ``node`` is None in the text part."""

    text: str
    node: LexborNode | None = None


class Part(NamedTuple):
    """One of the letter's parts, as messages name it, as findings place it, and how it begins."""

    name: str
    place: str
    pieces: list[Piece]

    @property
    def shown(self) -> str:
        """What a phone shows of it, to the end of the last word."""
        text = folded(" ".join(piece.text for piece in self.pieces))
        shown, rest = text[:FIRST], text[FIRST:]
        return shown if shown.endswith(" ") else shown + rest.partition(" ")[0]


def quiet(letter: CheckedLetter) -> Iterator[Finding]:
    # FTC v. BetterHelp (2023): that a person seeks help is health data in itself. A phone on a table shows
    # these to everybody who passes.
    yield from _in_envelope(letter)
    parts = (Part("HTML", "html", first_of_html(letter)), Part("text part", "text", first_of_text(letter)))
    found = [(part, _found(letter, part.shown)) for part in parts]
    if found[0][1] == found[1][1]:  # one finding is enough for both
        yield from _in_first_words(letter, "letter", found[0][1], *parts)
        return
    for part, words in found:
        yield from _in_first_words(letter, part.name, words, part)


def first_of_html(letter: CheckedLetter) -> list[Piece]:
    """The visible words of the HTML from its beginning, as many as can be shown. A picture that is not shown
    yet is its alt text."""
    found: list[Piece] = []
    length = 0
    for node in letter.tree.body.traverse(include_text=True) if letter.tree.body else ():
        above = node.parent
        if node.tag == "-text" and above is not None and letter.seen(above):
            text = folded(node.text_content or "")
        elif node.tag == "img" and letter.seen(node):
            text = folded(node.attributes.get("alt") or "")
        else:
            continue
        if text:
            found.append(Piece(text, above if node.tag == "-text" else node))
            length += len(text) + 1
        if length > FIRST:
            break
    return found


def first_of_text(letter: CheckedLetter) -> list[Piece]:
    return [Piece(letter.text[: 10 * FIRST])]


def _in_envelope(letter: CheckedLetter) -> Iterator[Finding]:
    newsletter = letter.config.newsletter
    key = f"newsletter.{'from_name' if newsletter.from_name else 'name'}"
    for name, text, place in (
        ("sender's name", newsletter.sender, f"configuration: {key}"),
        ("subject", letter.edition.subject, "subject"),
        ("preheader", letter.edition.preheader, "preheader"),
    ):
        if words := _found(letter, text):
            where = place if name == "sender's name" else _post_with(letter, words[0]) or place
            remedy = (
                instead(letter, name)
                if name in ("subject", "preheader")
                else f"Change {key} in rapport.toml."
            )
            yield _finding(letter, name, words, remedy, where)


def _in_first_words(letter: CheckedLetter, said_of: str, words: list[str], *parts: Part) -> Iterator[Finding]:
    if not words:
        return
    name, word, first = f"beginning of the {said_of}", words[0], parts[0]
    if plain(word) in plain(letter.config.newsletter.name):
        remedy = "Give the newsletter a name that says less."
        yield _finding(letter, name, words, remedy, "configuration: newsletter.name")
        return
    where = _place(letter, word, first.pieces) or _post_with(letter, word) or first.place
    # However many are before the word, so many more put it beyond what is shown.
    missing = FIRST - min(plain(part.shown).find(plain(word)) for part in parts)
    remedy = (
        "Say it more quietly in the intro."
        if where == "intro"
        else f"Lead with another post, or begin with some {missing} characters of your own that say less: "
        f"`rapport editions edit {letter.edition.slug} --intro FILE`."
    )
    yield _finding(letter, name, words, remedy, where)


def _finding(letter: CheckedLetter, name: str, words: list[str], remedy: str, where: str) -> Finding:
    said = ", ".join(f"“{word}”" for word in words[:5])
    return warning(
        "sensitive",
        f"The {name} says {said}: on a locked screen that tells what its reader lives with.",
        f"{remedy}\n{_allowing(words[0], letter.templates, letter.config.newsletter.language)}",
        where,
    )


def _found(letter: CheckedLetter, text: str) -> list[str]:
    return list(dict.fromkeys(sensitive(text, letter.templates, letter.config.newsletter.language)))


def _post_with(letter: CheckedLetter, word: str) -> str:
    titles = (str(post.get("title") or "") for post in letter.posts)
    title = next((title for title in titles if plain(word) in plain(title)), "")
    return f"post: {title}" if title else ""


def _place(letter: CheckedLetter, word: str, pieces: list[Piece]) -> str:
    holding = (piece for piece in pieces if piece.node is not None and word in piece.text)
    piece = next(holding, None)
    return letter.where(piece.node, piece.text, otherwise="") if piece else ""


_NAMED = ', and set templates = "templates" under [theme] in rapport.toml'


def _allowing(word: str, templates: Templates, language: str) -> str:
    """How an operator lets a word pass for good: their list goes before ours."""
    entry = entry_of(word, templates, language)
    line = entry.words if entry else word.lower()
    if entry and not entry.file.is_relative_to(PACKAGED):
        return f"To allow “{word}” for good, take “{line}” out of {entry.file}:{entry.line}."
    copy = f"copies the list to {templates.own or 'templates'}/letter/{NAME}.txt"
    if templates.own:
        command, then = f"rapport init --templates {shlex.quote(str(templates.own))}", ""
    else:
        command, then = "rapport init --templates", _NAMED
    return f"To allow “{word}” for good: `{command}` {copy}; take “{line}” out of it{then}."
