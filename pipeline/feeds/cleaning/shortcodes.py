"""WordPress shortcodes that reach a feed as text: ``[caption id="1"]``, ``[et_pb_row]``, ``[/vc_column]``.

A plug-in that is switched off leaves its codes in the posts. What a person writes in brackets ("[sic]",
"when [they] came", "[video]") looks much the same, so that only what is surely a code is taken out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LITERAL = "\ue004"
"""Stands for a "[" in code, which is meant to be read, until its paragraph is whole."""

_CODE = re.compile(r"\[(/?)([A-Za-z][\w-]{0,60})((?![\w-])[^\[\]]{0,8000}+)\]")
_LIQUID = re.compile(r"\{\{[<%][^{}]{1,500}\}\}|\{%[^{}]{1,500}%\}")
"""Those of Hugo, and Jekyll's tags."""
_CLOSING = re.compile(r"\[/([A-Za-z][\w-]{0,60})\s?\]")
# Quotes have become typographic ones on the way, or entities that were escaped twice.
_ATTRIBUTE = re.compile(r"\s[\w-]{1,60}=[\"'“”„″‟‘’′&\w/#-]")
_UNDERSCORE = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)+")
_ADDRESS = re.compile(r"\s(?:https?:)?//")
_ALONE_LISTED = """
    gallery caption playlist contact-form contact-form-7 gravityform gravityforms wpforms subscribe2
    toc ez-toc sharethis addtoany social-share embedyt add-to-cart woocommerce
"""
_ALONE = frozenset(_ALONE_LISTED.split())
"""Codes that stand without attributes, and are no words of their own."""
_WITH_CONTENT_LISTED = """
    caption wp_caption embed embedyt audio video gallery playlist youtube vimeo soundcloud spotify
    tweet contact-form contact-field googlemaps map sourcecode ref fn footnote efn_note mfn
"""
_WITH_CONTENT = frozenset(_WITH_CONTENT_LISTED.split())
"""What stands between these and their end is no sentence of the post."""
_EDITORIAL_LISTED = """
    sic laughs laughter laughing applause music pause crosstalk inaudible redacted unclear emphasis
    video audio pdf image photo gallery update updated edit note source link ad sponsored spoiler
    spoilers ed me us them they he she it we you i his her their our my your the a an is are was were
    that this
"""
_EDITORIAL = frozenset(_EDITORIAL_LISTED.split())
_ONE_WORD = re.compile(r"(?:^|[.!?…:]\s+)(\[/?([a-z][a-z0-9]*(?:-[a-z0-9]+)*)\])(?=\s+[A-Z]|$)")


def closed(texts: Iterable[str]) -> frozenset[str]:
    """The names of the codes that are closed somewhere in a post's texts."""
    return frozenset(match[1] for text in texts if "[/" in text for match in _CLOSING.finditer(text))


def stripped(text: str, pairs: frozenset[str] = frozenset()) -> str:
    """The text without shortcodes; ``pairs`` are the names of those that are closed in the same post."""
    if "{" in text:
        text = _LIQUID.sub("", text)
    if "[" not in text:
        return text
    pairs = pairs or closed([text])
    parts: list[str] = []
    endless: set[str] = set()
    at = 0
    for match in _CODE.finditer(text):
        if match.start() < at or not _is_code(match, pairs):
            continue
        if text[match.start() - 1 : match.start()] == "[" and text[match.end() : match.end() + 1] == "]":
            # Doubled brackets are how WordPress shows a code.
            parts.append(text[at : match.start() - 1] + match[0])
            at = match.end() + 1
            continue
        parts.append(text[at : match.start()])
        at = match.end()
        name = match[2]
        if not match[1] and name.lower() in _WITH_CONTENT and name in pairs and name not in endless:
            end = text.find(f"[/{name}]", at)
            if end < 0:  # in another paragraph; nor is any further one closed in this
                endless.add(name)
            else:
                at = end + len(name) + 3
    return "".join((*parts, text[at:]))


def doubtful(text: str) -> str:
    """The first thing in brackets that may be a shortcode and may be a word; empty if there is none."""
    for match in _CODE.finditer(text):
        if _ADDRESS.match(match[3]) or _is_code(match, frozenset()):
            return match[0]
    for match in _ONE_WORD.finditer(text):
        if match[2] not in _EDITORIAL:
            return match[1]
    return ""


def _is_code(match: re.Match[str], pairs: frozenset[str]) -> bool:
    closing, name, rest = match[1], match[2], match[3].rstrip()
    if closing:
        return not rest
    if name in pairs or rest.endswith("/") or _ATTRIBUTE.match(rest):
        return True
    if name.lower() in _WITH_CONTENT and _ADDRESS.match(rest):
        return True
    if rest and not rest.startswith((" ", "\xa0", "\n")):
        return False
    return _UNDERSCORE.fullmatch(name) is not None or (not rest and name.lower() in _ALONE)
