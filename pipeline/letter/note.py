"""A note by staff, the whole text of an edition: a file in, HTML and text out.

Paragraphs, headings, lists, tables, quotations, code, emphasis, links and pictures are Markdown here;
everything else, HTML too, is plain text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pipeline.core.errors import LetterError
from pipeline.letter.direction import of_text
from pipeline.letter.front_matter import flag, split
from pipeline.letter.markdown import WHOLE, as_text, links, opening, parser, style
from pipeline.letter.personal import inert

if TYPE_CHECKING:
    from collections.abc import Mapping

    from markdown_it.token import Token

    from pipeline.letter.direction import Direction
    from pipeline.letter.shown import ShownPicture

LONGEST = 40_000
"""Characters: about as many as Gmail shows before it clips a letter."""

LONGEST_SUBJECT, LONGEST_PREHEADER = 300, 500
"""Characters, as the fields of the page take them."""

WIDEST = 512
"""Pixels: the column of the letter."""

_UNSENDABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""No letter can hold them: MJML is XML, which has no such characters (XML 1.0, 2.2)."""

_KEYS = ("subject", "preheader", "offer", "announce")
_ALLOWED = [
    *("heading", "lheading", "list", "blockquote", "hr", "reference"),
    *("table", "fence", "backticks"),
    *("emphasis", "link", "autolink", "image", "newline", "escape", "entity"),
]


@dataclass(frozen=True, slots=True)
class Note:
    """A note as its file says it. ``preheader`` may be empty. ``announce``: on the channels, too."""

    subject: str
    preheader: str
    markdown: str
    offer: bool = True
    announce: bool = False


class Body(NamedTuple):
    """Both forms of a note; ``opening`` are its words, without headings' lines and addresses."""

    html: str
    text: str
    opening: str


class Image(NamedTuple):
    """A picture that a note names."""

    src: str
    alt: str


def read_note(source: str, name: str) -> Note:
    """The note that a file holds. Raises LetterError, which names file (``name``) and line, where it is none
    that can be sent."""
    front = split(source.replace("\r\n", "\n").removeprefix("\ufeff"), name, _KEYS)
    said = {key: " ".join(value.split()) for key, (value, _) in front.values.items()}
    note = Note(
        subject=said.get("subject", ""),
        preheader=said.get("preheader", ""),
        markdown=front.text.strip("\n"),
        offer=flag(front, "offer", name, otherwise=True),
        announce=flag(front, "announce", name, otherwise=False),
    )
    subject_line = front.values["subject"][1] if "subject" in front.values else 1
    # The lines above the text, and the empty ones that were taken off it.
    above = front.begins + len(front.text) - len(front.text.lstrip("\n"))
    _must_be_sendable(note, name, subject_line, front.begins, above)
    return note


def typed_note(subject: str, preheader: str, text: str, *, offer: bool) -> Note:
    """The note that was typed into the fields of a page. Raises LetterError, which names the line of the
    text, where it is none that can be sent."""
    lines = text.replace("\r\n", "\n").strip("\n")
    note = Note(" ".join(subject.split()), " ".join(preheader.split()), lines, offer)
    _must_be_sendable(note, "text", 0, 1, 1)
    return note


def _must_be_sendable(note: Note, name: str, subject: int, begins: int, above: int) -> None:
    """``subject``: the line that the subject stands on, 0 where it is a field of its own; ``begins``: that
    which the text begins on, ``above`` the lines above its first words."""
    if not note.subject:
        if not subject:
            raise LetterError("The note has no subject.", "Write what it is about.")
        raise LetterError(
            f"{name}:{subject}: The note has no subject.",
            'Begin the file with three lines: ---, then subject = "What it is about", then ---.',
        )
    for what, said, most in (
        ("subject", note.subject, LONGEST_SUBJECT),
        ("preheader", note.preheader, LONGEST_PREHEADER),
    ):
        place = f"{name}: " if subject else ""
        if len(said) > most:
            raise LetterError(
                f"{place}The {what} has {len(said):,} characters; {most} are the most.",
                "Inboxes show about 70. Say the rest in the text.",
            )
        if _UNSENDABLE.search(said):
            raise LetterError(f"{place}The {what} holds a control character.", "Type it anew.")
    if found := _UNSENDABLE.search(note.markdown):
        line = above + note.markdown.count("\n", 0, found.start())
        raise LetterError(f"{name}:{line}: There is a control character.", "Type this line anew.")
    if not note.markdown.strip():
        raise LetterError(
            f"{name}:{begins}: The note says nothing.",
            "Write its text below the front matter." if subject else "Write its text.",
        )
    if len(note.markdown) > LONGEST:
        raise LetterError(
            f"{name}: The note has {len(note.markdown):,} characters; {LONGEST:,} are the most.",
            "Make a post of it, and a note that leads there.",
        )
    for link in links(_parsed(note.markdown)):
        _must_lead_somewhere(link.address, f"{name}:{above + link.line}", picture=link.picture)


def _must_lead_somewhere(address: str, place: str, *, picture: bool) -> None:
    if WHOLE.match(address) and not (picture and address[:7].casefold() == "mailto:"):
        return
    does, begins = ("shows", "https://") if picture else ("links to", "https:// or mailto:")
    raise LetterError(
        f"{place}: The note {does} {address[:80]!r}, which leads nowhere from an inbox.",
        f"Write the whole address, beginning with {begins}.",
    )


def images_of(markdown: str) -> list[Image]:
    """The pictures of a note, each address once."""
    found: dict[str, Image] = {}
    for child in _images(_parsed(markdown)):
        address = str(child.attrGet("src"))
        found.setdefault(address, Image(address, child.content))
    return list(found.values())


def note_layout(layout: str) -> str:
    """The templates of a note in a digest's layout."""
    return f"{layout}-note"


def body(
    markdown: str,
    layout: str,
    around: Direction,
    link_colour: str,
    pictures: Mapping[str, ShownPicture],
) -> Body:
    """HTML and text of a note that was read, for a letter of this layout and of the direction ``around``.
    ``pictures``: by its address what is known of each."""
    tokens = _parsed(markdown)
    style(tokens, of_text(markdown, around), layout=layout, link_colour=link_colour)
    for child in _images(tokens):
        _fit(child, pictures.get(str(child.attrGet("src"))))
    made = parser(_ALLOWED)
    html = made.renderer.render(tokens, made.options, {}).strip()
    if _images(tokens):
        html = f'<div class="picture">{html}</div>'  # what the style sheet says of pictures is for those, too
    return Body(html, as_text(tokens), opening(tokens))


def _parsed(markdown: str) -> list[Token]:
    return parser(_ALLOWED).parse(inert(markdown))


def _images(tokens: list[Token]) -> list[Token]:
    return [child for token in tokens for child in token.children or () if child.type == "image"]


def _fit(image: Token, picture: ShownPicture | None) -> None:
    # Outlook goes by the attributes, everything else by the style, which lets the picture shrink.
    src, width, height = str(image.attrGet("src")), None, None
    if picture is not None and picture.src:
        src, width, height = picture.src, picture.width, picture.height
    shown = min(WIDEST, width or WIDEST)
    image.attrs = {"src": src, "alt": "", "width": shown}
    if width and height:
        image.attrs["height"] = max(1, round(shown * height / width))
    if picture is not None and picture.transparent:
        image.attrs["class"] = "ground"
    image.attrs["style"] = f"display:block;width:100%;max-width:{shown}px;height:auto;border:0;"
