"""Feed text made fit and safe for feedparser.

feedparser stops at what XML forbids (a blank line before the declaration, a control character) and has
regular expressions that take quadratic time on a hostile head. So the head is read here, in one pass, and
written anew; of a document type only short character entities are left.
"""

from __future__ import annotations

import html
import re

from pipeline.core.errors import FeedError
from pipeline.feeds.fetching.address import shown
from pipeline.feeds.parsing.limits import ITEM, limited

LONGEST_ENTITY = 16
"""Characters. Netscape's DTD and those copied from HTML define single ones; longer ones multiply a body."""
MOST_ENTITIES = 400

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_REFERENCE = re.compile(r"&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));?")
_ROOT = re.compile(r"(?i)<(?:[a-z][\w.-]{0,20}:)?(?:rss|feed|rdf|channel)[\s>]")
_ENTITY = re.compile(
    r"""(?s)<!ENTITY\s+(%\s+)?([\w.:-]{1,100})\s+(?:(SYSTEM|PUBLIC)\b|"([^"]*)"|'([^']*)')"""
)
_DOCTYPE_MARK = re.compile(r"""<!--|["'\[\]>]""")
_CLOSERS = {"<!--": "-->", '"': '"', "'": "'"}
_PREDEFINED = ("lt", "gt", "amp", "quot", "apos")


def repair(text: str, url: str) -> str:
    """XML text that starts with its declaration and is within the limits.

    :raises FeedError: when the document type is dangerous (entities that are external, nested or long),
        or the feed is beyond what can be cut.
    """
    text = _REFERENCE.sub(_allowed_reference, _FORBIDDEN.sub("", text))
    text = _from_the_root(text)
    start, doctype = head(text)
    entities = _entities(doctype, url) if doctype else {}
    declared = "".join(f'<!ENTITY {name} "{value}">\n' for name, value in entities.items())
    # The name keeps RSS 0.91 by Netscape recognisable to feedparser.
    before = f"<!DOCTYPE rss [\n{declared}]>\n" if declared else ""
    return f"<?xml version='1.0' encoding='utf-8'?>\n{before}{limited(text[start:], url)}"


def looks_like_feed(text: str) -> bool:
    return _ROOT.search(text[:200_000]) is not None


def items(text: str) -> tuple[str, list[str]]:
    """What stands before the first item, and each item with what follows it up to the next."""
    starts = [match.start() for match in ITEM.finditer(text)]
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
    """Where the root element starts, and the document type before it. Text between them belongs nowhere."""
    at, doctype = 0, ""
    while (at := text.find("<", at)) >= 0:
        if text.startswith("<?", at):
            end = text.find("?>", at)
            after = end + 2
        elif text.startswith("<!--", at):
            end = text.find("-->", at)
            after = end + 3
        elif text[at : at + 9].upper() == "<!DOCTYPE":
            end = after = _doctype_end(text, at)
            doctype += text[at:after]
        elif text[at + 1 : at + 2].isalpha():
            return at, doctype
        else:
            end = after = at + 1
        if end < 0:
            return at, doctype
        at = after
    return len(text), doctype


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
