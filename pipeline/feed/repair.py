"""Feed text made fit and safe for feedparser.

feedparser stops at what XML forbids (a blank line before the declaration, a control character) and has
regular expressions that take quadratic time on a hostile head. So the head is read here, in one pass, and
written anew; of a document type only short character entities are left.
"""

from __future__ import annotations

import html
import re

from pipeline.errors import FeedError
from pipeline.feed.address import shown
from pipeline.feed.markup import deeper_than

MOST_ITEMS = 1_000
"""Items that are parsed at all: half from the top, half from the end, as feeds are sorted either way."""
DEEPEST = 1_000
"""Open elements. A feed has about five; what is unclosed in a post's HTML ends with the post."""
LONGEST_ENTITY = 64
"""Characters. Netscape's DTD and those copied from HTML define single characters."""
MOST_ENTITIES = 400

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_REFERENCE = re.compile(r"&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?")
_ROOT = re.compile(r"(?i)<(?:[a-z][\w.-]{0,20}:)?(?:rss|feed|rdf|channel)[\s>]")
_ITEM = re.compile(r"(?i)<(?:[a-z]{1,10}:)?(?:item|entry)[\s>/]")
_ENTITY = re.compile(
    r"""(?s)<!ENTITY\s+(%\s+)?([\w.:-]{1,100})\s+(?:(SYSTEM|PUBLIC)\b|"([^"]*)"|'([^']*)')"""
)
_DOCTYPE_MARK = re.compile(r"""<!--|["'\[\]>]""")
_CLOSERS = {"<!--": "-->", '"': '"', "'": "'"}
# Written as escaped text, so that from here on what looks like a tag is one.
_CDATA = re.compile(r"(?s)<!\[CDATA\[(.*?)\]\]>")
_PERSON = re.compile(
    r"(?i)<((?:[\w.-]{1,30}:)?(?:author|creator|managingeditor|webmaster|publisher|owner))(?=[\s>])"
)
_ENDLESS = re.compile(r"[\w.+-]{500}")
_LONGEST_PERSON = 100_000
_SPACE = re.compile(r"\s*")
_PREDEFINED = ("lt", "gt", "amp", "quot", "apos")


def repair(text: str, url: str) -> str:
    """XML text that starts with its declaration and holds no more than ``MOST_ITEMS`` items.

    :raises FeedError: when the document type is dangerous: entities that are external, nested or long.
    """
    text = _REFERENCE.sub(_allowed_reference, _FORBIDDEN.sub("", text))
    text = _CDATA.sub(lambda match: html.escape(match[1], quote=False), _from_the_root(text))
    start, doctype = head(text)
    entities = _entities(doctype, url) if doctype else {}
    declared = "".join(f'<!ENTITY {name} "{value}">\n' for name, value in entities.items())
    # The name keeps RSS 0.91 by Netscape recognisable to feedparser.
    before = f"<!DOCTYPE rss [\n{declared}]>\n" if declared else ""
    rest = _fewer_items(_without_endless_names(text[start:], url))
    if deeper_than(rest, DEEPEST, self_closing=True):
        raise FeedError(
            f"The feed {shown(url)} nests its elements more than {DEEPEST} deep; it was not read.",
            "Ask who runs the site to repair the feed.",
        )
    return f"<?xml version='1.0' encoding='utf-8'?>\n{before}{rest}"


def looks_like_feed(text: str) -> bool:
    return _ROOT.search(text[:200_000]) is not None


def items(text: str) -> tuple[str, list[str]]:
    """What stands before the first item, and each item with what follows it up to the next."""
    starts = [match.start() for match in _ITEM.finditer(text)]
    if not starts:
        return text, []
    ends = [*starts[1:], len(text)]
    return text[: starts[0]], [text[a:b] for a, b in zip(starts, ends, strict=True)]


def _allowed_reference(match: re.Match[str]) -> str:
    digits, base = (match[1], 16) if match[1] else (match[2], 10)
    code = int(digits, base) if len(digits) <= 8 else 0
    allowed = (
        code in (9, 10, 13) or 32 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code <= 0x10FFFF
    )
    return match[0] if allowed else ""


def _from_the_root(text: str) -> str:
    """Cuts off what a broken plug-in prints before the feed ("Warning: …<?xml"), and blank space."""
    text = text.lstrip("\ufeff \t\r\n\u200b")
    if text.startswith(("<?", "<!")) or _ROOT.match(text):
        return text
    declaration = text.find("<?xml", 0, 20_000)
    root = _ROOT.search(text, 0, 20_000)
    if declaration >= 0 and (root is None or declaration < root.start()):
        return text[declaration:]
    return text[root.start() :] if root else text


def head(text: str) -> tuple[int, str]:
    """Where the root element starts, and the document type before it."""
    at, doctype = 0, ""
    while True:
        at = _past_space(text, at)
        if text.startswith("<?", at):
            end = text.find("?>", at)
            after = end + 2
        elif text.startswith("<!--", at):
            end = text.find("-->", at)
            after = end + 3
        elif text[at : at + 9].upper() == "<!DOCTYPE":
            end = after = _doctype_end(text, at)
            doctype += text[at:after]
        else:
            return at, doctype
        if end < 0:
            return at, doctype
        at = after


def _past_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _doctype_end(text: str, at: int) -> int:
    """One past the ">" that closes the document type: not one in quotes, comments or the brackets."""
    inside = 0
    while match := _DOCTYPE_MARK.search(text, at):
        mark, at = match[0], match.end()
        if mark in _CLOSERS:
            close = text.find(_CLOSERS[mark], at)
            if close < 0:
                break
            at = close + len(_CLOSERS[mark])
        elif mark == ">" and inside <= 0:
            return at
        else:
            inside += {"[": 1, "]": -1}.get(mark, 0)
    return len(text)


def _entities(doctype: str, url: str) -> dict[str, str]:
    """Name to replacement, as a character reference or plain text, of the harmless entities."""
    found: dict[str, str] = {}
    declarations = list(_ENTITY.finditer(doctype))
    # Entities that the pattern cannot read are in no well-formed document: then none of them is trusted.
    if len(declarations) > MOST_ENTITIES or doctype.upper().count("<!ENTITY") > len(declarations) + 5:
        raise _dangerous(url, "too many of them")
    for match in declarations:
        parameter, name, external = match[1], match[2], match[3]
        value = match[4] if match[4] is not None else match[5] or ""
        if external or parameter:
            raise _dangerous(url, "one that is read from elsewhere")
        if len(value) > LONGEST_ENTITY:
            raise _dangerous(url, "a long one")
        # Twice, as "&#38;#60;" is how XML 1.0 (4.6) spells "<".
        plain = html.unescape(re.sub(r"&#38;(?=#)", "&", value))
        if re.search(r"&[\w.:-]+;", value) and not re.fullmatch(r"&(?:lt|gt|amp|quot|apos);", value):
            raise _dangerous(url, "one made of others")
        if name in _PREDEFINED or not plain:
            continue
        if len(plain) == 1:
            found[name] = f"&#{ord(plain)};"
        elif not re.search(r'[&<>"%]', plain):
            found[name] = plain
    return found


def _dangerous(url: str, which: str) -> FeedError:
    return FeedError(
        f"The feed {shown(url)} defines XML entities of its own ({which}), which can be used to attack its "
        "readers; it was not read.",
        "Ask who runs the site to take the <!ENTITY …> lines out of the feed.",
    )


def _without_endless_names(text: str, url: str) -> str:
    """Author elements with one endless word are emptied: feedparser looks for an email address in them by a
    regular expression that takes quadratic time on such a word."""
    parts: list[str] = []
    done = 0
    for match in _PERSON.finditer(text):
        close = text.find(f"</{match[1]}", match.end(), match.end() + _LONGEST_PERSON)
        inner = text[match.end() : close if close >= 0 else match.end() + _LONGEST_PERSON]
        if _ENDLESS.search(re.sub(r"<[^<>]*>", "", html.unescape(inner))):
            if close < 0:
                raise FeedError(
                    f"The feed {shown(url)} has an author's name that does not end; it was not read.",
                    "Ask who runs the site to repair the feed.",
                )
            if match.end() >= done:
                parts += text[done : match.end()], ">"
                done = close
    return "".join((*parts, text[done:]))


def _fewer_items(text: str) -> str:
    starts = [match.start() for match in _ITEM.finditer(text)]
    if len(starts) <= MOST_ITEMS:
        return text
    half = MOST_ITEMS // 2
    return text[: starts[half]] + text[starts[-half] :]
