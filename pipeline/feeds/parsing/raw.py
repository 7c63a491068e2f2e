"""What a feed says of a post, before cleaning; and the decisions that make an ``Entry`` of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from pipeline.feeds import Entry, PostImage
from pipeline.feeds.cleaning import clean, tails
from pipeline.feeds.cleaning.excerpt import excerpt, first_words, without_title
from pipeline.feeds.cleaning.images import FeedImage, images
from pipeline.feeds.cleaning.text import cut
from pipeline.feeds.fetching.address import absolute, at_home

if TYPE_CHECKING:
    from pipeline.feeds.parsing.dates import Date

LONGEST_TITLE, TITLE_OF_TEXT = 250, 90
LONGEST_NAME, LONGEST_LABEL, MOST_LABELS = 100, 80, 20
LONGEST_GUID, LONGEST_OPENING = 1_000, 20_000
SUMMARY_WORDS = 40
"""From so many words on, one paragraph without a full stop was cut by software: WordPress counts to 55."""

_EMAIL = re.compile(r"(?:mailto:)?[\w.+%'-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){0,8}(?:\?subject=\S*)?")
_NOBODY = frozenset(
    ("admin", "administrator", "unknown", "author", "noreply", "no-reply", "webmaster", "blogger")
)
_CUT_OFF = re.compile(r"(?:…|\.{3})[^\w.…]{0,20}$")
_SENTENCE_END = re.compile(r"[.!?][\"'”’)]{0,5}(?=\s)")


@dataclass(frozen=True, slots=True)
class Raw:
    """A feed's own words. ``summary`` and ``contents`` are HTML; ``links`` are as written, best first."""

    guid: str | None
    links: tuple[str, ...]
    title: str
    published: Date | None
    authors: tuple[str, ...]
    """Of the post, or else of the feed."""
    categories: tuple[str, ...]
    summary: str
    contents: tuple[str, ...]
    pictures: tuple[FeedImage, ...]
    """Named beside the text, best first."""
    thumbnails: tuple[FeedImage, ...] = ()
    """Small ones, better than none."""
    base: str = ""
    """What the feed says relative addresses stand to (xml:base), if it does."""
    to_hear: bool = False
    """Whether sound comes with it: a podcast's episode."""


def entry(raw: Raw, *, url: str, site: str) -> Entry | None:
    """The clean entry; None when there is neither title nor text nor link.

    ``url`` is the feed's own address, ``site`` the absolute address of the blog: links are relative to it.
    """
    link = next((found for one in raw.links if (found := at_home(absolute(one, raw.base, site), url))), None)
    title = clean.line(raw.title)
    guid = _storable(raw.guid or "")[:LONGEST_GUID] or None
    full, short = _texts(raw)
    breaks_off = _breaks_off(full, is_summary=not raw.contents)
    source = _source_of_excerpt(full, short, breaks_off=breaks_off)
    if not (title or link or source):
        return None
    pictures = _images(raw, url, (raw.base, link or site))
    return Entry(
        guid=guid,
        link=link,
        title=cut(title or _made_title(source, link), LONGEST_TITLE),
        published=raw.published.at if raw.published else None,
        author=_author(raw.authors),
        categories=_labels(raw.categories),
        excerpt=excerpt(without_title(source[:LONGEST_OPENING], title)),
        words=0 if breaks_off or raw.to_hear else full.words,
        image_url=pictures[0].url if pictures else None,
        image_alt=pictures[0].alt if pictures else None,
        date_only=raw.published is not None and raw.published.is_day,
        further_images=pictures[1:],
    )


def _images(raw: Raw, url: str, bases: tuple[str, ...]) -> tuple[PostImage, ...]:
    return images(raw.pictures, (*raw.contents, raw.summary), raw.thumbnails, url, *bases)


def _storable(text: str) -> str:
    """Text that any database takes: JSON can hold half a surrogate pair, and PostgreSQL takes no NUL."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "").strip()


def _texts(raw: Raw) -> tuple[clean.Text, clean.Text]:
    """The fullest text, and the feed's summary when that is another one, else nothing.

    Which element holds what differs: Squarespace puts whole posts into ``description``, Medium has only
    ``content:encoded``, and feedparser repeats the content as the summary when there is none.
    """
    short = clean.read(raw.summary)
    others = [clean.read(one) for one in dict.fromkeys(raw.contents) if one != raw.summary]
    full = max([short, *others], key=lambda text: text.words)
    return full, clean.Text(()) if full is short else short


def _breaks_off(full: clean.Text, *, is_summary: bool) -> bool:
    """Whether a feed gives the beginning of a post only."""
    if full.breaks_off or (is_summary and full.goes_on):
        return True
    if not is_summary or len(full.blocks) != 1 or full.blocks[0].kind != "prose":
        return False
    only = full.blocks[0].text
    if _CUT_OFF.search(only):
        return True
    return full.words >= SUMMARY_WORDS and (only[-1].isalnum() or only[-1] in ",;–—-")


def _source_of_excerpt(full: clean.Text, short: clean.Text, *, breaks_off: bool) -> str:
    """The author's own summary where there is one, else the opening of the post.

    A summary that breaks off, or is the post's beginning again, was made by software that counts words: the
    post's own sentences are better. One of a few words ("Part 2") tells less than the opening does.
    """
    summary, opening = clean.opening(short), clean.opening(full)
    if not opening:
        return _whole_part(summary)
    if breaks_off and len(full.blocks) == 1 and not tails.ends_well(opening):
        opening = opening.rstrip(" ,;:–—-.…") + "…"
    start, whole = _letters(summary), _letters(" ".join(block.text for block in full.blocks))
    is_copy = whole.startswith(start[:200]) or start[:60] in whole[:2_000]
    if not summary or is_copy or len(start) < 25 or short.breaks_off or _CUT_OFF.search(summary):
        return _whole_part(opening)
    return summary


def _whole_part(text: str) -> str:
    """Without the broken-off sentence at the end of a text that software has cut, if enough is left."""
    if not _CUT_OFF.search(text):
        return text
    ends = [match.end() for match in _SENTENCE_END.finditer(text) if match.start() >= 100]
    return text[: ends[-1]] if ends and not text[: ends[-1]].endswith("...") else text


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text[:20_000]).casefold()


def _made_title(source: str, link: str | None) -> str:
    if text := first_words(source, TITLE_OF_TEXT):
        return text
    parts = urlsplit(link or "")
    words = re.sub(r"\.\w{2,5}$", "", unquote(parts.path).rstrip("/").rpartition("/")[2])
    words = clean.line(re.sub(r"[-_+]+", " ", words))
    if re.search(r"[^\W\d]{2}", words):
        return words[:1].upper() + words[1:]
    return clean.line(parts.hostname or "") or "Untitled"


def _author(names: tuple[str, ...]) -> str | None:
    found = [name for one in names[:10] if (name := _name(one))]
    return ", ".join(dict.fromkeys(found[:3])) or None


def _name(text: str) -> str:
    """ "jane@example.org (Jane)" is Jane; an address alone is nobody: it would end in every inbox."""
    plain = _EMAIL.sub(" ", clean.line(text[:500]))
    plain = re.sub(r"[<>‹›\[\]{}|\"]|\(\s*\)|^\s*(?:by\s+(?=[A-Z])|[Aa]uthor:\s)", " ", plain)
    plain = " ".join(plain.split()).strip(" ,;:-")
    if plain.startswith("(") and plain.endswith(")"):
        plain = plain[1:-1].strip()
    if "@" in plain or re.match(r"https?:", plain) or plain.casefold() in _NOBODY:
        return ""
    return cut(plain, LONGEST_NAME) if re.search(r"[^\W\d_]", plain) else ""


def _labels(terms: tuple[str, ...]) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for term in terms[:200]:
        label = cut(clean.line(term[:500]), LONGEST_LABEL)
        # Blogger and YouTube mark what kind of thing an entry is with an address; WordPress fills in.
        if label and label != "Uncategorized" and not re.match(r"(?i)(?:https?|tag|urn):", label):
            found.setdefault(label.casefold(), label)
    return tuple(found.values())[:MOST_LABELS]
