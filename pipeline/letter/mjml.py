"""MJML in, the HTML of an email out; errors that name the template's file and line."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from pipeline.core.errors import LetterError
from pipeline.letter.jinja import environment, render

if TYPE_CHECKING:
    from pathlib import Path
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


def render_html(templates: Templates, name: str, context: dict[str, Any]) -> str:
    """The HTML of an MJML template, pure ASCII. Raises LetterError that names file and line."""
    mjml = render(environment(templates, markup=True), name, context)
    return html_of(mjml, templates.file(name))


def html_of(mjml: str, file: Path) -> str:
    """The HTML, pure ASCII. Raises LetterError; ``file`` is the template that the MJML was rendered from."""
    from mjml import mjml2html

    refuse_unknown_elements(mjml, file)
    refuse_open_tags(mjml, file)
    try:
        # No fonts: MJML's defaults would be fetched from a third party whenever a letter is opened.
        html = mjml2html(mjml, fonts={}, disable_comments=False)
    except ValueError as error:
        raise _explained(str(error), mjml, file) from None
    # A provider picks the charset from the bytes. With pure ASCII it cannot pick a wrong one.
    return html.encode("ascii", "xmlcharrefreplace").decode("ascii")


def refuse_unknown_elements(mjml: str, file: Path) -> None:
    """Raise LetterError for an element that MJML does not know: mjml-python would pass it on unchanged."""
    for match in re.finditer(r"</?(mj[\w-]*)", mjml):
        if match[1] not in KNOWN_ELEMENTS:
            close = get_close_matches(match[1], KNOWN_ELEMENTS, 1)
            raise LetterError(
                f"{_place(match[0], file)}: <{match[1]}> is no MJML element.",
                f"Did you mean <{close[0]}>?"
                if close
                else "See the list of elements at documentation.mjml.io.",
            )


# Whatever is begun and never ended goes to the end of the text: so each sign is read once, however many tags,
# comments and quotation marks are left open.
_COMMENT = r"<!--.*?(?:-->|\Z)"
_COMMENTS = re.compile(_COMMENT, re.DOTALL)
_SKIPPED = re.compile(
    rf"{_COMMENT}|(?<=<mj-raw>).*?(?=</mj-raw>|\Z)|(?<=<mj-style>).*?(?=</mj-style>|\Z)", re.DOTALL
)
_TAG = re.compile(r"""<(/?)((?:[^\W\d]|:)[\w:-]*)(?:"[^"]*"|'[^']*'|[^"'>])*+(>?)""")
_VOID = frozenset(["area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"])

MOST_WITHIN = 100
"""How deep tags may stand within each other. mrml calls itself for each, and past some thousands the whole
process ends without a word."""


def refuse_open_tags(mjml: str, file: Path) -> None:
    """Raise LetterError for a tag that is not closed, or closes nothing. mrml accepts some of these, and of
    others it says only that the end came unexpectedly."""
    _refuse_deep_tags(mjml, file)
    open_tags: list[re.Match[str]] = []
    for tag in _TAG.finditer(_SKIPPED.sub("", mjml)):
        if tag[1]:
            if not open_tags or open_tags[-1][2] != tag[2]:
                opened = f"; open there is {open_tags[-1][0][:60]}" if open_tags else ""
                raise _misplaced(f"{tag[0][:60]} closes nothing{opened}", tag, open_tags, file)
            open_tags.pop()
        elif not tag[0].endswith("/>") and tag[2] not in _VOID:
            open_tags.append(tag)
    if open_tags:
        raise _misplaced(f"{open_tags[-1][0][:60]} is never closed", open_tags[-1], [], file)


def _refuse_deep_tags(mjml: str, file: Path) -> None:
    """Also within mj-raw, where tags need not be closed."""
    depth = 0
    for tag in _TAG.finditer(_COMMENTS.sub("", mjml)):
        if not tag[3]:
            raise _misplaced(f"{tag[0][:60]} has no end", tag, [], file)
        if tag[1]:
            depth = max(0, depth - 1)
        elif not tag[0].endswith("/>") and tag[2] not in _VOID:
            depth += 1
        if depth > MOST_WITHIN:
            raise _misplaced(f"{tag[0][:60]} stands within {MOST_WITHIN} others", tag, [], file)


def _misplaced(said: str, tag: re.Match[str], around: list[re.Match[str]], file: Path) -> LetterError:
    source = file.read_text(encoding="utf-8")
    # Where several look alike, none of them can be named as the place.
    candidates = [tag[0], *(outer[0] for outer in reversed(around[-2:]))]
    place = next((text for text in candidates if source.count(text) == 1), "")
    return LetterError(f"{_place(place, file)}: {said}.", "Close every tag in the order of opening.")


def _explained(said: str, mjml: str, file: Path) -> LetterError:
    # mrml gives positions in the MJML that it was handed, which no person has seen.
    found = re.search(r" at position (\d+):(\d+)", said)
    snippet = mjml.encode()[int(found[1]) : int(found[2])].decode(errors="ignore").strip() if found else ""
    snippet = snippet.partition("\n")[0][:60]
    near = f", near {snippet}" if snippet else ""
    said = said.replace(found[0], "") if found else said
    return LetterError(
        f"{_place(snippet, file)}: MJML says: {said}{near}.", "Check that every tag is closed."
    )


def _place(snippet: str, file: Path) -> str:
    source = file.read_text(encoding="utf-8")
    line = source[: source.find(snippet)].count("\n") + 1 if snippet and snippet in source else 0
    return f"{file}:{line}" if line else str(file)
