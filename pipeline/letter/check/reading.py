"""A letter as the rules read it: parsed once, with the place that a fault comes from."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from selectolax.lexbor import LexborHTMLParser

from pipeline.letter.check.cascade import Style, styles
from pipeline.letter.check.css import Sheet, parse
from pipeline.letter.check.matching import Scheme
from pipeline.letter.check.place import Layout, Posts, beginning, squeezed
from pipeline.letter.clicks import direct_html, direct_text
from pipeline.letter.cta import call_to_action
from pipeline.letter.note import note_layout
from pipeline.letter.personal import TAG, tags

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from selectolax.lexbor import LexborNode

    from pipeline.core.config import Config
    from pipeline.core.templates import Templates


class Content(Protocol):
    """What the rules look at of an edition. (`Edition` itself stands in a room above this one.)"""

    @property
    def slug(self) -> str: ...
    @property
    def digest(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def preheader(self) -> str: ...
    @property
    def html(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def intro(self) -> str: ...
    @property
    def edits(self) -> Mapping[str, Any]: ...
    @property
    def posts(self) -> Sequence[Mapping[str, Any]]: ...
    @property
    def pictures(self) -> Sequence[Mapping[str, Any]]: ...
    @property
    def links(self) -> Sequence[Mapping[str, Any]]: ...
    @property
    def is_note(self) -> bool: ...
    @property
    def has_offer(self) -> bool: ...


class CheckedLetter:
    """An edition as the rules read it. Places of faults are looked for in the sources of the templates.

    ``html`` is what goes out, to the byte. In ``tree`` and ``text`` links that are counted lead where the
    offer does: rules look at that, and that is asked whether it answers.
    """

    def __init__(self, config: Config, templates: Templates, edition: Content) -> None:
        self.config = config
        self.edition = edition
        self.templates = templates
        self.html = edition.html
        self.text = direct_text(edition.text, edition.links)
        self.tree = LexborHTMLParser(direct_html(self.html, edition.links))
        digest = next((d for d in config.digests if d.name == edition.digest), None)
        layout = digest.layout if digest is not None else "digest"
        self.layout = Layout(note_layout(layout) if edition.is_note else layout, templates)

    @cached_property
    def posts(self) -> list[dict[str, Any]]:
        return [post for post in self.edition.posts if isinstance(post, dict)]

    @cached_property
    def pictures(self) -> list[dict[str, Any]]:
        """What was seen of the posts' images when they were fetched; empty where none were."""
        return [p for p in self.edition.pictures if isinstance(p, dict)]

    @cached_property
    def links(self) -> list[LexborNode]:
        return self.tree.css("a[href]")

    @cached_property
    def images(self) -> list[LexborNode]:
        return self.tree.css("img")

    def hrefs(self) -> list[str]:
        return [link.attributes.get("href") or "" for link in self.links]

    @cached_property
    def offers(self) -> set[str]:
        """Every address that the call to action may lead to."""
        match = self.config.match
        own = self.edition.edits.get("cta", {}).get("url")
        offered = {match.url, *(v.url for v in match.variants), call_to_action(self.config, []).url, own}
        return {address for address in offered if address}

    @cached_property
    def words(self) -> str:
        return folded(self.tree.body.text(separator=" ")) if self.tree.body else ""

    @cached_property
    def sheets(self) -> list[Sheet]:
        return [parse(node.text(), node.attributes.get("media") or "") for node in self.tree.css("style")]

    @cached_property
    def _styles(self) -> dict[Scheme, dict[int, Style]]:
        return {}

    def styles(self, scheme: Scheme) -> dict[int, Style]:
        """Every element's style in a scheme, by ``mem_id``."""
        if scheme not in self._styles:
            rules = [rule for sheet in self.sheets for rule in sheet.rules]
            self._styles[scheme] = styles(self.tree, rules, scheme, dark_canvas=self._knows_dark)
        return self._styles[scheme]

    @cached_property
    def _knows_dark(self) -> bool:
        declared = [m.attributes.get("content") or "" for m in self.tree.css('meta[name="color-scheme"]')]
        for sheet in self.sheets:
            for rule in sheet.rules:
                if rule.selector in (":root", "html", "body"):
                    declared += [d.value for d in rule.declarations if d.name == "color-scheme"]
        return any("dark" in value for value in declared)

    def seen(self, node: LexborNode) -> bool:
        """Whether an element shows in the light scheme."""
        style = self.styles(Scheme.LIGHT).get(node.mem_id)
        return style is not None and not style.hidden

    @cached_property
    def _parts(self) -> Posts:
        # The links of the offer and the footer mark the parts that belong to no post.
        frame = {*self.offers, *tags(self.config).html, *(href for href in self.hrefs() if TAG.search(href))}
        return Posts(self.tree, self.posts, frame)

    def where(self, node: LexborNode | None, *traces: str, otherwise: str = "html") -> str:
        """The line of the template that holds one of the traces; else the intro or note, if it does; else
        the post that the element belongs to."""
        if found := self.layout.line(*traces, *(beginning(trace) for trace in traces)):
            return found
        intro = squeezed(self.edition.intro)
        if any(len(trace) > 3 and squeezed(trace.strip('"<>')) in intro for trace in traces):
            return "note" if self.edition.is_note else "intro"
        title = self._parts.of(node) if node is not None else None
        return f"post: {title}" if title else otherwise


def folded(text: str) -> str:
    """A text with single spaces, and without the word joiners that letter/personal.py puts into false
    tags."""
    return " ".join(text.replace("\u2060", "").split())


def cut(text: str, most: int = 60) -> str:
    """The beginning of a text, as much as a message can hold."""
    text = folded(text)
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
