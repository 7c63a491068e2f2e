"""Characters that a reader should never get, and words counted as a reader reads them."""

from __future__ import annotations

import re

# Soft hyphens, word joiners, fillers that look like nothing, tags, variation selectors beyond emoji, and what
# overrides the direction of text (CVE-2021-42574): all of them invisible, none of them needed in an email.
# So are characters of private use, which show as an empty box where the blog's icon font is not.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u2800"
    "\u3164\ue000-\uf8ff\ufeff\uffa0\ufff0-\ufffb\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)
_CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
# Joiners mean something inside emoji and in Persian or Indic words only: between two letters beyond U+0590.
_PARTNERS = "\u0590-\u1fff\u2300-\u2bff\U0001f000-\U0001faff"
_JOINER = re.compile(
    f"(?<![{_PARTNERS}\ufe0f])[\u200c\u200d]+|[\u200c\u200d]+(?![{_PARTNERS}])|(?<=[\u200c\u200d])[\u200c\u200d]+"
)
_STACKED_MARKS = re.compile("([\u0300-\u036f\u0489\u20d0-\u20ff]{3})[\u0300-\u036f\u0489\u20d0-\u20ff]+")

_TAG_LIKE = re.compile(r"<([a-zA-Z/!?][^<>]*)>")
_UNCLOSED = re.compile(r"<(?=[a-zA-Z/!?])")
_IDEOGRAPH = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
_WORD = re.compile(r"[^\W_]+(?:['’‑.,-][^\W_]+)*")


def visible(text: str) -> str:
    """Without control, invisible and direction-changing characters; white space is left as it is."""
    text = _INVISIBLE.sub("", _CONTROL.sub("", text))
    if "\u200c" in text or "\u200d" in text:
        text = _JOINER.sub("", text)
    return _STACKED_MARKS.sub(r"\1", text)


def one_line(text: str) -> str:
    """Visible characters, every run of white space (no-break space too) as one space, no tag."""
    return inert(" ".join(visible(text).split()))


def inert(text: str) -> str:
    """What still looks like a tag ("Vec<T>", "<your address>") in single guillemets.

    It is text here, and every template escapes it; but no slip further on shall make markup of it again.
    """
    return _UNCLOSED.sub("‹", _TAG_LIKE.sub("‹\\1›", text)) if "<" in text else text


def cut(text: str, longest: int) -> str:
    """At most ``longest`` characters, cut before a word, with an ellipsis when anything was cut."""
    if len(text) <= longest:
        return text
    head = text[:longest]
    space = head.rfind(" ")
    # Text without spaces (Chinese, an address) is cut between characters.
    if space < longest // 2:
        return text[: longest - 1].rstrip(" ,;:–—-.") + "…"
    return head[:space].rstrip(" ,;:–—-.") + "…"


def count_words(text: str) -> int:
    """Words as reading time needs them: two ideographs or kana are about one word, as are five letters of
    the scripts that put no space between words (Thai, Lao, Burmese, Khmer)."""
    dense, unspaced = len(_IDEOGRAPH.findall(text)), len(_UNSPACED.findall(text))
    if dense:
        text = _IDEOGRAPH.sub(" ", text)
    if unspaced:
        text = _UNSPACED.sub(" ", text)
    return sum(1 for _ in _WORD.finditer(text)) + -(-dense // 2) + -(-unspaced // 5)
