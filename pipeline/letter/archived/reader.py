"""A letter's HTML read from top to bottom, and written anew as headings, paragraphs, lists and pictures."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from pipeline.letter.personal import impersonal, is_personal

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode


class Shown(NamedTuple):
    """A picture in the place of one that the letter names."""

    src: str
    width: int | None
    height: int | None


Place = Callable[[str], Shown | None]
"""Given the address of a picture in the letter, what to show in its stead; None leaves it out."""


@dataclass(slots=True)
class Block:
    html: str
    text: str = ""
    url: str = ""
    heading: bool = False


@dataclass(slots=True)
class Line:
    """The content of one block, while it is read."""

    html: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    alt: list[str] = field(default_factory=list)
    url: str = ""
    personal: bool = False
    picture: bool = False

    def is_empty(self) -> bool:
        return not self.picture and not any(character.isalnum() for character in "".join(self.text))


_NO_TEXT = """
    head title script style noscript template iframe object embed form input button select textarea svg math
    video audio
"""
_DROPPED = frozenset(_NO_TEXT.split())
_INLINE = frozenset(["b", "strong", "em", "i", "s", "u", "code", "sub", "sup", "small", "span", "bdi"])
_BLOCKS = frozenset(["p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "blockquote", "pre"])
_AROUND = frozenset(("ul", "ol", "blockquote"))
# The classes of letter/parts.mjml that say what something is.
_QUIET = re.compile(r"(?:^|\s)quiet(?:\s|$)")
_PANEL = re.compile(r"(?:^|\s)panel(?:\s|$)")
_PORTRAIT = re.compile(r"(?:^|\s)portrait(?:\s|$)")
_HIDDEN = re.compile(r"display\s*:\s*none")
_RULE = re.compile(r"border-top\s*:")
_FILLED = re.compile(r"background(?:-color)?\s*:\s*(?!none|transparent)")
_SEPARATORS = re.compile(r"^[\s·•|–—-]+|[\s·•|–—-]+$")
_LONGEST_FOOTER = 300
"""Characters of a paragraph that goes with the personal link in it: "Unsubscribe · Change what you get". A
longer one says something else beside."""
_LEADING = ("http://", "https://", "mailto:", "tel:", "sms:")
_SMALL = 200
"""Pixels in width: what is shown no wider stands beside its post."""


class Reader:
    """Walks through a letter and gathers its blocks."""

    def __init__(self, slug: str, place: Place, framed: frozenset[str]) -> None:
        self._own_page = f"/archive/{slug}"
        self._place = place
        self._framed = framed
        self._line = Line()
        self._quiet = False
        self.blocks: list[Block] = []

    def read(self, node: LexborNode) -> None:
        for child in node.iter(include_text=True):
            if child.is_text_node:
                self._text(child)
            elif child.is_element_node and not _is_hidden(child):
                self._element(child)

    def flush(self, tag: str = "p", attributes: str = "") -> None:
        """End the block that is being read. What says nothing is dropped."""
        line, self._line = self._line, Line()
        html, text = "".join(line.html).strip(), "".join(line.text).strip()
        if line.personal:
            html = _SEPARATORS.sub("", html)
        is_footer = line.personal and not line.url and len(text) <= _LONGEST_FOOTER
        if line.is_empty() or is_footer or plain(text or " ".join(line.alt)) in self._framed:
            return
        is_heading = tag.startswith("h")
        self.blocks.append(Block(f"<{tag}{attributes}>{html}</{tag}>", text, line.url, is_heading))

    def _paragraph(self, node: LexborNode) -> str:
        quiet = ' class="hint"' if self._quiet else ""
        return quiet + _attributes(node, "dir", "lang")

    def _text(self, node: LexborNode) -> None:
        said = re.sub(r"\s+", " ", node.text_content or "")
        text = impersonal(said)
        self._line.personal = self._line.personal or text != said
        if text.strip() or (self._line.html and text):
            self._line.html.append(escape(text, quote=False))
            self._line.text.append(text)

    def _element(self, node: LexborNode) -> None:
        outside, self._quiet = self._quiet, self._quiet or bool(_QUIET.search(_class(node)))
        self._read_element(node, node.tag or "")
        self._quiet = outside

    def _read_element(self, node: LexborNode, tag: str) -> None:
        if tag == "br":
            self._line.html.append("<br>")
            self._line.text.append(" ")
        elif tag == "img":
            self._image(node)
        elif tag == "a":
            self._link(node)
        elif tag in _INLINE:
            self._wrapped(node, tag, _attributes(node, "dir", "lang"))
        elif tag == "hr" or (tag == "p" and _is_rule(node)):
            self.flush()
            self._mark("<hr>")
        elif tag in _BLOCKS and not _holds_blocks(node):
            self.flush()
            self.read(node)
            # The page's title is its only first heading.
            self.flush("h2" if tag == "h1" else tag, self._paragraph(node))
        elif tag in _AROUND or _PANEL.search(_class(node)):
            self._around(node, tag if tag in _AROUND else "div")
        else:
            self.flush()
            self.read(node)
            self.flush()

    def _around(self, node: LexborNode, tag: str) -> None:
        """A list, a quotation or a panel; one in which nothing is left is dropped."""
        self.flush()
        before = len(self.blocks)
        self.read(node)
        self.flush()
        if len(self.blocks) > before:
            opened = f"<{tag}{_attributes(node, 'dir', 'lang')}" + (
                ' class="panel">' if tag == "div" else ">"
            )
            self.blocks.insert(before, Block(opened))
            self.blocks.append(Block(f"</{tag}>"))

    def _mark(self, html: str) -> None:
        if self.blocks and self.blocks[-1].html != html:
            self.blocks.append(Block(html))

    def _wrapped(self, node: LexborNode, tag: str, attributes: str) -> None:
        self._line.html.append(f"<{tag}{attributes}>")
        self.read(node)
        self._line.html.append(f"</{tag}>")

    def _link(self, node: LexborNode) -> None:
        address = (node.attributes.get("href") or "").strip()
        if is_personal(address) or self._is_this_page(address):
            self._line.personal = True
            return
        if not address.lower().startswith(_LEADING):
            self.read(node)
            return
        outer, self._line = self._line, Line()
        self.read(node)
        inner, self._line = self._line, outer
        if inner.is_empty():
            return  # around a picture that is not shown
        filled = ' class="button"' if _FILLED.search(node.attributes.get("style") or "") else ""
        attributes = f' href="{escape(address)}"{filled}' + _attributes(
            node, "aria-label", "aria-hidden", "tabindex", "dir", "lang"
        )
        outer.html.append(f"<a{attributes}>{''.join(inner.html).strip()}</a>")
        outer.text += inner.text
        outer.alt += inner.alt
        outer.picture = outer.picture or inner.picture
        outer.url = outer.url or address

    def _is_this_page(self, address: str) -> bool:
        return urlsplit(address).path.endswith(self._own_page)

    def _image(self, node: LexborNode) -> None:
        shown = self._place((node.attributes.get("src") or "").strip())
        alt = " ".join((node.attributes.get("alt") or "").split())
        if shown is None:
            return
        width = _number(node.attributes.get("width")) or shown.width
        height = _number(node.attributes.get("height"))
        if width and shown.width and shown.height:
            width = min(width, shown.width)
            height = max(1, round(width * shown.height / shown.width))
        size = f' width="{width}" height="{height}"' if width and height else ""
        kind = "portrait" if _PORTRAIT.search(_class(node)) else "small" if width and width <= _SMALL else ""
        shape = f' class="{kind}"' if kind else ""
        self._line.html.append(f'<img src="{escape(shown.src)}" alt="{escape(alt)}"{size}{shape}>')
        self._line.alt.append(alt)
        self._line.picture = True


def _is_hidden(node: LexborNode) -> bool:
    style = (node.attributes.get("style") or "").lower()
    return node.tag in _DROPPED or bool(_HIDDEN.search(style)) or "hidden" in node.attributes


def _holds_blocks(node: LexborNode) -> bool:
    inside = node.css("p, ul, ol, table, h1, h2, h3, h4, h5, h6")
    return any(found.mem_id != node.mem_id for found in inside)


def _is_rule(node: LexborNode) -> bool:
    return bool(_RULE.search(node.attributes.get("style") or "")) and not node.text(strip=True)


def _attributes(node: LexborNode, *names: str) -> str:
    found = ((name, node.attributes.get(name)) for name in names)
    return "".join(f' {name}="{escape(value)}"' for name, value in found if value)


def _class(node: LexborNode) -> str:
    return node.attributes.get("class") or ""


def _number(written: str | None) -> int | None:
    return int(written) if written and written.isdecimal() and len(written) < 6 else None


def plain(text: str) -> str:
    return " ".join(text.split()).casefold()
