"""Where a fault of the letter comes from: a line of a template, a post, a key of the configuration."""

from __future__ import annotations

import html
import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborHTMLParser, LexborNode

    from pipeline.core.config import Config
    from pipeline.core.templates import Templates

_TAKEN_IN = re.compile(r"""\{%-?\s*(?:include|import|extends|from)\s+["']([^"']+)["']""")
_REMARK = re.compile(r"\{#.*?#\}|<!--.*?-->", re.DOTALL)
_SHORTEST = 4
"""Characters of a trace: a shorter one is found in every template."""


class Layout:
    """The sources of a digest's layout: its own file first, then those that it includes."""

    def __init__(self, name: str, templates: Templates) -> None:
        self._templates = templates
        self.markup = f"letter/{name}.mjml"
        self.text = f"letter/{name}.txt"

    def line(self, *traces: str) -> str | None:
        """The line that holds one of the traces, which come best first; None where none does."""
        for trace in traces:
            wanted = squeezed(trace)
            if len(wanted) < _SHORTEST:
                continue
            found = [(name, number) for name, number, line in self._lines if wanted in line]
            # A colour, a tag or a property that stands in several lines names no place.
            if len(found) == 1 or (found and not (wanted[0] in "#<" or wanted.endswith(":"))):
                return "template: {}:{}".format(*found[0])
        return None

    @cached_property
    def _lines(self) -> list[tuple[str, int, str]]:
        return list(self._read())

    def _read(self) -> Iterator[tuple[str, int, str]]:
        waiting, seen = [self.markup], {self.markup}
        while waiting:
            name = waiting.pop(0)
            source = self._templates.text(name)
            source = _REMARK.sub(lambda match: re.sub(r"[^\n]", "", match[0]), source)
            for number, line in enumerate(source.split("\n"), 1):
                yield name, number, squeezed(html.unescape(line))
            taken = [other for other in _TAKEN_IN.findall(source) if other not in seen]
            waiting += taken
            seen.update(taken)


class Posts:
    """Knows which post an element of the letter belongs to."""

    def __init__(self, tree: LexborHTMLParser, posts: list[dict[str, Any]], frame: set[str]) -> None:
        self._titles = [str(post.get("title") or "") for post in posts]
        self._within: dict[int, set[int]] = {}
        by_address = {post["url"]: n for n, post in enumerate(posts) if post.get("url")}
        by_title = {squeezed(title): n for n, title in enumerate(self._titles)}
        for node in tree.css("a[href], h1, h2, h3, h4"):
            address = node.attributes.get("href")
            if address in frame:
                self._mark(node, _FRAME)
            elif address in by_address:
                self._mark(node, by_address[address])
            elif node.tag != "a" and (number := by_title.get(squeezed(node.text()))) is not None:
                self._mark(node, number)

    def _mark(self, node: LexborNode, number: int) -> None:
        above: LexborNode | None = node
        while above is not None:
            self._within.setdefault(above.mem_id, set()).add(number)
            above = above.parent

    def of(self, node: LexborNode) -> str | None:
        """The title of the post that an element belongs to: the smallest part around it that is a post's
        decides."""
        above: LexborNode | None = node
        while above is not None:
            numbers = self._within.get(above.mem_id)
            if numbers:
                return None if len(numbers) > 1 or _FRAME in numbers else self._titles[min(numbers)]
            above = above.parent
        return None


_FRAME = -1
"""Stands for the parts that belong to no post: the offer, the footer."""


def theme_key(config: Config, value: str) -> str | None:
    """The key of `[theme]` that has this value, such as a colour."""
    for key, given in config.theme.model_dump(exclude_unset=True).items():
        if value and isinstance(given, str) and given.casefold() == value.casefold():
            return f"configuration: theme.{key}"
    return None


def beginning(text: str) -> str:
    """The first words of a text. In the template, what follows may be filled in."""
    first = " ".join(text.split()[:4])
    return first if len(first) >= 12 else ""


def squeezed(text: str) -> str:
    """A text in the form that is compared with a template: without spaces and case."""
    # MJML turns colour="#abc" into colour:#abc; and moves line breaks. Only what stays the same is compared.
    return re.sub(r"[\s\u2060]+", "", text).casefold()
