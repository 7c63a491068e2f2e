"""What is wrong with the tags of MJML: those that it does not know, that are left open, or that stand where
it takes none. mjml-python passes most of these on without a word."""

from __future__ import annotations

import re
from html import unescape

_NAMES = """
    mjml mj-head mj-body mj-attributes mj-all mj-class mj-breakpoint mj-font mj-html-attributes mj-selector
    mj-html-attribute mj-preview mj-style mj-title mj-accordion mj-accordion-element mj-accordion-text
    mj-accordion-title mj-button mj-carousel mj-carousel-image mj-column mj-divider mj-group mj-hero mj-image
    mj-include mj-navbar mj-navbar-link mj-raw mj-section mj-social mj-social-element mj-spacer mj-table
    mj-text mj-wrapper
"""
KNOWN_ELEMENTS = frozenset(_NAMES.split())

_CONTENT = (
    "mj-accordion mj-button mj-carousel mj-divider mj-image mj-navbar mj-social mj-spacer mj-table mj-text"
)
_IN_HEAD = "mj-attributes mj-breakpoint mj-font mj-html-attributes mj-preview mj-style mj-title"
_INSIDE = {
    within: frozenset(elements.split())
    for within, elements in (
        ("mjml", "mj-head mj-body"),
        ("mj-head", _IN_HEAD),
        ("mj-body", "mj-section mj-wrapper mj-hero"),
        ("mj-wrapper", "mj-section mj-hero"),
        ("mj-section", "mj-column mj-group"),
        ("mj-group", "mj-column"),
        ("mj-column", _CONTENT),
        ("mj-hero", _CONTENT),
        ("mj-accordion", "mj-accordion-element"),
        ("mj-accordion-element", "mj-accordion-title mj-accordion-text"),
        ("mj-carousel", "mj-carousel-image"),
        ("mj-navbar", "mj-navbar-link"),
        ("mj-social", "mj-social-element"),
    )
}
"""What may stand in which element (documentation.mjml.io); mj-raw and mj-include may in each. What is not
here and no part of the head holds HTML."""
_ANYWHERE = frozenset(["mj-raw", "mj-include"])
_HTML = KNOWN_ELEMENTS - _INSIDE.keys() - {"mj-attributes", "mj-html-attributes", "mj-selector"} - _ANYWHERE


class Fault(Exception):
    """What is wrong with MJML, and at which of its characters."""

    def __init__(self, said: str, remedy: str, at: int) -> None:
        super().__init__(said)
        self.said = said
        self.remedy = remedy
        self.at = at


def refuse_wrong_tags(mjml: str) -> None:
    """Raise Fault."""
    _refuse_unknown_elements(mjml)
    _refuse_open_tags(mjml)


def _refuse_unknown_elements(mjml: str) -> None:
    """Refuse an element that MJML does not know: mjml-python would pass it on unchanged."""
    for match in re.finditer(r"(?i)</?(mj[\w-]*)", mjml):
        if match[1] not in KNOWN_ELEMENTS:
            from pipeline.core.suggest import nearest

            close = nearest(match[1], KNOWN_ELEMENTS)
            ask = (
                f"Did you mean <{close}>?" if close else "See the list of elements at documentation.mjml.io."
            )
            raise Fault(f"<{match[1]}> is no MJML element", ask, match.start())


# Whatever is begun and never ended goes to the end of the text: so each sign is read once, however many
# comments are left open.
_COMMENT = r"<!--.*?(?:-->|\Z)"
_COMMENTS = re.compile(_COMMENT, re.DOTALL)
_SKIPPED = re.compile(
    rf"{_COMMENT}|(?<=<mj-raw>).*?(?=</mj-raw>|\Z)|(?<=<mj-style>).*?(?=</mj-style>|\Z)", re.DOTALL
)
START = re.compile(r"<(/?)([a-zA-Z][\w-]*)")
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
    ended = 0
    for tag in START.finditer(seen):
        rest = _REST.match(seen, tag.end())
        if rest is None:
            raise _endless(seen, tag)
        name, whole = tag[2], f"{tag[0]}{rest[0]}"
        _refuse_bare_text(seen[ended : tag.start()], opened)
        ended = rest.end()
        if not tag[1]:
            _refuse_misplaced(tag, whole, opened)
            if not whole.endswith("/>") and name not in _VOID:
                opened.append((whole, tag))
        elif opened and opened[-1][1][2] == name:
            opened.pop()
        elif any(before[2] == name for _, before in opened):
            raise _unclosed(*opened[-1], by=whole)
        else:
            inside = f"; open there is {_cut(opened[-1][0])}" if opened else ""
            raise Fault(f"{whole} closes nothing{inside}", "Take it out, or open it before.", tag.start())
    if opened:
        comment = mjml.rfind("<!--")
        if comment >= 0 and mjml.find("-->", comment) < 0:
            raise Fault(
                f"{_cut(mjml[comment:])} is never closed", "Write --> at the end of the remark.", comment
            )
        raise _unclosed(*opened[-1])


def _refuse_misplaced(tag: re.Match[str], whole: str, opened: list[tuple[str, re.Match[str]]]) -> None:
    """Refuse an element where MJML takes none of its kind: mrml writes it down as it is, or leaves it out."""
    if not opened:
        if tag[2] != "mjml":
            raise Fault(f"{_cut(whole)} stands outside of <mjml>", _ROOT, tag.start())
        return
    name, within = tag[2], opened[-1][1][2]
    inside = _INSIDE.get(within)
    if (inside is None and within not in _HTML) or name in _ANYWHERE:
        return
    if inside is not None and name not in inside:
        places = [place for place, elements in _INSIDE.items() if name in elements]
        ask = f"It stands in {' or '.join(f'<{place}>' for place in places)}."
        if name not in KNOWN_ELEMENTS:
            ask = "HTML stands in <mj-text>, and that in <mj-column>; or in <mj-raw>."
        elif not places:
            ask = "See documentation.mjml.io for where it stands."
        raise Fault(f"<{name}> may not stand directly in <{within}>", ask, tag.start())
    if inside is None and name in KNOWN_ELEMENTS:
        raise _unclosed(*opened[-1], by=_cut(whole))


def _refuse_bare_text(text: str, opened: list[tuple[str, re.Match[str]]]) -> None:
    """Refuse words where MJML takes elements: mrml leaves them out."""
    said = _cut(text.strip())
    if said and opened and (within := opened[-1][1][2]) in _INSIDE:
        told = unescape(said)
        raise Fault(f'the words "{told}" stand directly in <{within}>', _WORDS, opened[-1][1].start())


_ROOT = "MJML begins with <mjml> and ends with </mjml>; all else stands between them."
_WORDS = "Words stand within <mj-text>, and that within <mj-column>."


def _unclosed(whole: str, tag: re.Match[str], by: str = "") -> Fault:
    said = f"{_cut(whole)} is never closed"
    before = f" before {by}" if by else ""
    return Fault(f"{said}{f': {by} comes first' if by else ''}", f"Write </{tag[2]}>{before}.", tag.start())


def _refuse_deep_tags(mjml: str) -> None:
    """Also within mj-raw, where tags need not be closed."""
    depth = 0
    seen = _COMMENTS.sub(_blank, mjml)
    for tag in START.finditer(seen):
        rest = _REST.match(seen, tag.end())
        if rest is None:
            raise _endless(seen, tag)
        if rest[0].endswith("/>") or tag[2] in _VOID:
            continue
        depth = max(0, depth - 1) if tag[1] else depth + 1
        if depth > MOST_WITHIN:
            said = f"<{tag[2]}> stands within {MOST_WITHIN} others"
            raise Fault(said, "Close the tags around it before.", tag.start())


def _endless(seen: str, tag: re.Match[str]) -> Fault:
    said = f"{_cut(seen[tag.start() : tag.start() + 100])} has no end"
    return Fault(said, "Write the > that ends it, and check the quotes within.", tag.start())


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _cut(text: str) -> str:
    return " ".join(text.partition("\n")[0].split())[:60].rstrip()


def explained(said: str, mjml: str) -> Fault:
    """What mrml says of MJML that it does not take, or what it more likely is."""
    if fault := _likely(mjml):
        return fault
    # mrml gives positions, in bytes, in the MJML that it was handed.
    found = re.search(r" at position (\d+):(\d+)", said)
    if not found:
        return Fault(f"MJML says: {said.rstrip('.')}", "Check what stands within the tags.", 0)
    before = mjml.encode()[: int(found[1])].decode(errors="ignore")
    snippet = mjml.encode()[int(found[1]) : int(found[2])].decode(errors="ignore").strip()
    snippet = _cut(re.sub(r"&#(\d{1,7});", lambda one: unescape(one[0]), snippet))
    near = f", near {snippet}" if snippet else ""
    said = said.replace(found[0], "").rstrip(".")
    return Fault(f"MJML says: {said}{near}", "Check this tag and what stands within it.", len(before))


_QUOTED = re.compile(r""""[^"]*"|'[^']*'""")
_UNQUOTED = re.compile(r"([\w:-]+)\s*=\s*([^\s\"'>][^\s>]*)")
_DECLARED = re.compile(r"<(?:[!?])(?!--)[^>]*>?")
_BARE = re.compile(r"<(?![a-zA-Z/!?])")


def _likely(mjml: str) -> Fault | None:
    """What mrml refuses without saying why."""
    seen = _SKIPPED.sub(_blank, mjml)
    if declared := _DECLARED.search(seen):
        return Fault(f"{_cut(declared[0])} is no part of MJML", "Take it out.", declared.start())
    if bare := _BARE.search(seen):
        near = unescape(_cut(seen[bare.start() : bare.start() + 20]))
        return Fault(f"a < begins no tag, near {near}", "Write &lt; for the sign itself.", bare.start())
    for tag in START.finditer(seen):
        rest = _REST.match(seen, tag.end())
        bare = _UNQUOTED.search(_QUOTED.sub('""', rest[0])) if rest else None
        if bare:
            value = unescape(bare[2]).strip("\u201c\u201d\u201e\u2018\u2019/")
            said = f"the value of {bare[1]} in <{tag[2]}> has no straight quotes around it"
            return Fault(said, f'Write {bare[1]}="{value}".', tag.start())
    for comment in _COMMENTS.finditer(mjml):
        if "--" in comment[0][4:-3] or not comment[0].endswith("-->"):
            said = f"{_cut(comment[0])} is no whole remark"
            return Fault(said, "Write --> at its end, and -- nowhere within it.", comment.start())
    if "</mjml>" not in seen:
        return Fault("there is no <mjml>", _ROOT, 0)
    if after := _cut(seen.rpartition("</mjml>")[2].strip()):
        return Fault(f'the words "{unescape(after)}" stand outside of <mjml>', _ROOT, len(seen))
    return None
