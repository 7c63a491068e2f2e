"""MJML in, the HTML of an email out; errors that name the template's file and line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.errors import LetterError
from pipeline.core.words import sentence
from pipeline.letter.jinja import environment, render
from pipeline.letter.marks import MARK, Marks
from pipeline.letter.mjml_tags import START, Fault, explained, refuse_wrong_tags

if TYPE_CHECKING:
    from typing import Any

    from pipeline.core.templates import Templates

_WHITE_PREVIEW = "display:none;font-size:1px;color:#ffffff;"
_DARK_PREVIEW = "display:none;font-size:1px;color:#1a1a1a;"
"""How MJML hides <mj-preview>, and how we do. Filters take white words for words that are to deceive them
(SpamAssassin: HTML_FONT_LOW_CONTRAST), though these are not shown in any colour."""


def render_html(templates: Templates, name: str, context: dict[str, Any]) -> str:
    """The HTML of an MJML template, pure ASCII. Raises LetterError that names file and line."""
    mjml = in_ascii(render(environment(templates, markup=True), name, context))
    try:
        return html_of(mjml)
    except Fault as fault:
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
    """The HTML, pure ASCII. Raises Fault."""
    from mjml import mjml2html

    refuse_wrong_tags(mjml)
    try:
        # No fonts: MJML's defaults would be fetched from a third party whenever a letter is opened.
        html = mjml2html(mjml, fonts={}, disable_comments=False)
    except ValueError as error:
        raise explained(str(error), mjml) from None
    return in_ascii(html.replace(_WHITE_PREVIEW, _DARK_PREVIEW, 1))


def _place(mjml: str, at: int, marked: str) -> str:
    """Where the tag stands in its template that is the last one up to a character; empty where nobody knows.

    Both texts have the same tags, in the same order."""
    number = sum(1 for tag in START.finditer(mjml) if tag.start() <= at)
    places = [MARK.match(marked, tag.end()) for tag in START.finditer(marked)]
    return next((place[1] for place in reversed(places[:number]) if place), "")
