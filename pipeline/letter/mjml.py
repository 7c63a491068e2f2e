"""MJML in, the HTML of an email out; errors that name the template's file and line."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

from pipeline.core.errors import LetterError
from pipeline.core.words import sentence
from pipeline.letter.jinja import environment, render
from pipeline.letter.marks import MARK, Marks

if TYPE_CHECKING:
    from typing import Any

    from pipeline.core.templates import Templates

_NAMES = """
    mjml mj-head mj-body mj-attributes mj-all mj-class mj-breakpoint mj-font mj-html-attributes mj-selector
    mj-html-attribute mj-preview mj-style mj-title mj-accordion mj-accordion-element mj-accordion-text
    mj-accordion-title mj-button mj-carousel mj-carousel-image mj-column mj-divider mj-group mj-hero mj-image
    mj-include mj-navbar mj-navbar-link mj-raw mj-section mj-social mj-social-element mj-spacer mj-table
    mj-text mj-wrapper
"""
KNOWN_ELEMENTS = frozenset(_NAMES.split())


_WHITE_PREVIEW = "display:none;font-size:1px;color:#ffffff;"
_DARK_PREVIEW = "display:none;font-size:1px;color:#1a1a1a;"
"""How MJML hides <mj-preview>, and how we do. Filters take white words for words that are to deceive them
(SpamAssassin: HTML_FONT_LOW_CONTRAST), though these are not shown in any colour."""


class _Fault(Exception):
    """What is wrong with MJML, and at which of its characters."""

    def __init__(self, said: str, remedy: str, at: int) -> None:
        super().__init__(said)
        self.said = said
        self.remedy = remedy
        self.at = at


def render_html(templates: Templates, name: str, context: dict[str, Any]) -> str:
    """The HTML of an MJML template, pure ASCII. Raises LetterError that names file and line."""
    mjml = in_ascii(render(environment(templates, markup=True), name, context))
    try:
        return html_of(mjml)
    except _Fault as fault:
        # Nobody has seen the MJML that went wrong. Rendered anew, with marks, it says where its tags stand.
        marked = render(environment(templates, markup=True, extensions=[Marks]), name, context)
        place = _place(mjml, fault.at, marked) or str(templates.file(name))
        raise LetterError(sentence(f"{place}: {fault.said}"), fault.remedy) from None


def in_ascii(markup: str) -> str:
    """The same with references for all other characters. mrml writes some of them in attributes as Rust does
    in its programs: a vowel sign, or what joins the parts of an emoji, would be read out as "u 200d". And of
    pure ASCII a provider, which picks the charset from the bytes, cannot pick a wrong one."""
    return markup.encode("ascii", "xmlcharrefreplace").decode("ascii")


def html_of(mjml: str) -> str:
    """The HTML, pure ASCII. Raises _Fault."""
    from mjml import mjml2html

    _refuse_unknown_elements(mjml)
    _refuse_open_tags(mjml)
    try:
        # No fonts: MJML's defaults would be fetched from a third party whenever a letter is opened.
        html = mjml2html(mjml, fonts={}, disable_comments=False)
    except ValueError as error:
        raise _explained(str(error), mjml) from None
    return in_ascii(html.replace(_WHITE_PREVIEW, _DARK_PREVIEW, 1))


def _refuse_unknown_elements(mjml: str) -> None:
    """Refuse an element that MJML does not know: mjml-python would pass it on unchanged."""
    for match in re.finditer(r"</?(mj[\w-]*)", mjml):
        if match[1] not in KNOWN_ELEMENTS:
            from pipeline.core.suggest import nearest

            close = nearest(match[1], KNOWN_ELEMENTS)
            ask = (
                f"Did you mean <{close}>?" if close else "See the list of elements at documentation.mjml.io."
            )
            raise _Fault(f"<{match[1]}> is no MJML element", ask, match.start())


# Whatever is begun and never ended goes to the end of the text: so each sign is read once, however many
# comments are left open.
_COMMENT = r"<!--.*?(?:-->|\Z)"
_COMMENTS = re.compile(_COMMENT, re.DOTALL)
_SKIPPED = re.compile(
    rf"{_COMMENT}|(?<=<mj-raw>).*?(?=</mj-raw>|\Z)|(?<=<mj-style>).*?(?=</mj-style>|\Z)", re.DOTALL
)
_START = re.compile(r"<(/?)([a-zA-Z][\w-]*)")
# No part of it reads past the next tag.
_REST = re.compile(r"""(?:"[^"<]*"|'[^'<]*'|[^"'<>])*>""")
_VOID = frozenset(["area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"])

MOST_WITHIN = 100
"""How deep tags may stand within each other. mrml calls itself for each, and past some thousands the whole
process ends without a word."""


def _refuse_open_tags(mjml: str) -> None:
    """Refuse a tag that has no end, is not closed, or closes nothing. mrml accepts some of these, and of
    others it says only that the end came unexpectedly. What was left open is blamed, not what met it."""
    _refuse_deep_tags(mjml)
    seen = _SKIPPED.sub(_blank, mjml)
    opened: list[tuple[str, re.Match[str]]] = []
    for tag in _START.finditer(seen):
        rest = _REST.match(seen, tag.end())
        if rest is None:
            raise _endless(seen, tag)
        name, whole = tag[2], f"{tag[0]}{rest[0]}"
        if not tag[1]:
            if not whole.endswith("/>") and name not in _VOID:
                opened.append((whole, tag))
        elif opened and opened[-1][1][2] == name:
            opened.pop()
        elif any(before[2] == name for _, before in opened):
            raise _unclosed(*opened[-1], by=whole)
        else:
            inside = f"; open there is {_cut(opened[-1][0])}" if opened else ""
            raise _Fault(f"{whole} closes nothing{inside}", "Take it out, or open it before.", tag.start())
    if opened:
        raise _unclosed(*opened[-1])


def _unclosed(whole: str, tag: re.Match[str], by: str = "") -> _Fault:
    said = f"{_cut(whole)} is never closed"
    before = f" before {by}" if by else ""
    return _Fault(f"{said}{f': {by} comes first' if by else ''}", f"Write </{tag[2]}>{before}.", tag.start())


def _refuse_deep_tags(mjml: str) -> None:
    """Also within mj-raw, where tags need not be closed."""
    depth = 0
    seen = _COMMENTS.sub(_blank, mjml)
    for tag in _START.finditer(seen):
        rest = _REST.match(seen, tag.end())
        if rest is None:
            raise _endless(seen, tag)
        if rest[0].endswith("/>") or tag[2] in _VOID:
            continue
        depth = max(0, depth - 1) if tag[1] else depth + 1
        if depth > MOST_WITHIN:
            said = f"<{tag[2]}> stands within {MOST_WITHIN} others"
            raise _Fault(said, "Close the tags around it before.", tag.start())


def _endless(seen: str, tag: re.Match[str]) -> _Fault:
    said = f"{_cut(seen[tag.start() : tag.start() + 100])} has no end"
    return _Fault(said, "Write the > that ends it, and check the quotes within.", tag.start())


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _cut(text: str) -> str:
    return " ".join(text.partition("\n")[0].split())[:60].rstrip()


def _explained(said: str, mjml: str) -> _Fault:
    # mrml gives positions, in bytes, in the MJML that it was handed.
    found = re.search(r" at position (\d+):(\d+)", said)
    if not found:
        return _Fault(f"MJML says: {said.rstrip('.')}", "Check what stands within the tags.", 0)
    before = mjml.encode()[: int(found[1])].decode(errors="ignore")
    snippet = mjml.encode()[int(found[1]) : int(found[2])].decode(errors="ignore").strip()
    snippet = _cut(re.sub(r"&#(\d{1,7});", lambda one: unescape(one[0]), snippet))
    near = f", near {snippet}" if snippet else ""
    said = said.replace(found[0], "").rstrip(".")
    return _Fault(f"MJML says: {said}{near}", "Check this tag and what stands within it.", len(before))


def _place(mjml: str, at: int, marked: str) -> str:
    """Where the tag stands in its template that is the last one up to a character; empty where nobody knows.

    Both texts have the same tags, in the same order."""
    number = sum(1 for tag in _START.finditer(mjml) if tag.start() <= at)
    places = [MARK.match(marked, tag.end()) for tag in _START.finditer(marked)]
    return next((place[1] for place in reversed(places[:number]) if place), "")
