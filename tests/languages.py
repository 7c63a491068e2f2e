"""Languages that an operator brings: words of their own in a folder of templates.

One of them is a test of all others: its phrases are marked, so that whatever a reader meets outside the marks
is seen to come from elsewhere.
"""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.core.phrases import name_of, read
from pipeline.core.templates import PACKAGED, Templates
from pipeline.letter.crisis.table import FILE, read_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MARKED = "ja"
"""The language of the marked phrases. What CLDR says in it (dates, countries, lists) has no Latin letter."""

BEGIN, END = "⟦", "⟧"

HEBREW = Path(__file__).with_name("hebrew")
"""A folder of templates with words from right to left, of all that readers meet most."""

ASTRAY = """() => [...document.querySelectorAll("body *")].filter(node => {
    const own = [...node.childNodes].some(n => n.nodeType === 3 && /[\\u05d0-\\u05ea]/.test(n.data));
    const style = getComputedStyle(node);
    return own && (style.direction !== "rtl" || style.textAlign === "left");
}).map(node => node.outerHTML)"""
"""Elements with Hebrew words that run, or stand, from the left."""


def spoken(own: Path, language: str, text: str = "") -> Path:
    """An operator's folder of templates with words of a language; without a text English is said."""
    (own / "words").mkdir(parents=True, exist_ok=True)
    (own / "words" / f"{language}.toml").write_text(text)
    return own


def marked(own: Path) -> Path:
    """A folder in which the phrases of MARKED are those of English, each between marks. What is filled in
    stands outside of them."""
    lines = []
    for key, phrase in read(PACKAGED / name_of("en")).items():
        text = phrase if isinstance(phrase, str) else phrase["other"]
        lines.append(f"{key} = {json.dumps(_marked(text), ensure_ascii=False)}\n")
    (own / "letter").mkdir(parents=True, exist_ok=True)
    (own / FILE).write_text(_table(f"words.{MARKED}", read_table(Templates()).words["en"]))
    return spoken(own, MARKED, "".join(lines))


def _table(name: str, phrases: Mapping[str, str]) -> str:
    lines = [f"{key} = {json.dumps(_marked(text), ensure_ascii=False)}\n" for key, text in phrases.items()]
    return f"[{name}]\n{''.join(lines)}"


def _marked(text: str) -> str:
    parts = re.split(r"({\w+})", text)
    return "".join(part if part.startswith("{") or not part else f"{BEGIN}{part}{END}" for part in parts)


def unmarked(text: str, known: Iterable[str] = ()) -> list[str]:
    """Words in Latin letters outside the marks, but for addresses, and for what is ``known`` to be the
    practice's or the blog's own."""
    text = " ".join(text.split())
    for one in sorted({" ".join(one.split()) for one in known}, key=len, reverse=True):
        text = text.replace(one, " ") if one else text
    text = re.sub(rf"{BEGIN}[^{BEGIN}{END}]*{END}", " ", text)
    text = re.sub(r"(?:https?://|mailto:|tel:)\S+|\S+@\S+|%%[\w-]+%%", " ", text)
    return re.findall(r"[A-Za-z\u00c0-\u024f]{2,}", text)


class _Shown(HTMLParser):
    """What of a page or mail a reader sees or hears: texts, and the attributes that are read out or shown."""

    SAID = frozenset(["alt", "aria-label", "title", "placeholder"])
    UNSEEN = frozenset(["style", "script"])

    def __init__(self, source: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self._unseen = 0
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in self.UNSEEN
        known = dict(attrs)
        named = known.get("name") or known.get("property") or ""
        if tag == "meta" and re.match(r"description$|og:(?:title|description|image:alt|site_name)$", named):
            self.said.append(known.get("content") or "")
        self.said += [value for name, value in attrs if name in self.SAID and value]

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in self.UNSEEN

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.said.append(data)


def shown(source: str) -> str:
    """What a reader of some HTML sees or hears."""
    return "\n".join(_Shown(source).said)
