"""What a blog's software puts around a post: share bars, sign-up forms, "previous / next", "read more".

Found by reading real feeds of WordPress, Squarespace, Substack, Ghost, Medium, Blogger and Wix. Three ways to
know it: the element's class or id, a whole paragraph's wording, and the tail of a paragraph. A paragraph is a
stranger's: no pattern here can take its text apart in two ways.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from pipeline.feeds.cleaning.phrases import (
    BEGINNINGS,
    FIRST_APPEARED,
    LINES,
    NETWORKS,
    NO_PLAYER,
    PAYWALL,
    READ_MORE,
    SHARE_WORDS,
)

LINK_START, LINK_END = "\ue002", "\ue003"
"""Stand around the text of a link until its paragraph is whole."""

_CLASSES = "|".join(
    (
        r"sharedaddy|sd-sharing|sd-block|jp-relatedposts|addtoany|a2a_kit|addthis\w*|sharethis|ssba|heateor\w*",
        r"share-?(?:bar|buttons?|links?|icons?|dialog|this|post)|sharing|feedflare",
        r"social-?(?:share|sharing|links|icons|buttons|media)",
        r"subscription-widget(?:-wrap)?|subscribe-widget|subscribe-form|subscription-form",
        r"button-wrapper|captioned-button-wrap|wp-block-buttons|image-link-expand",
        r"mc_embed_signup|mailchimp|mc4wp\w*|newsletter-?(?:form|signup|sign-up)",
        r"post-?nav\w*|posts?-navigation|nav-?links|navigation|pagination|pager|breadcrumbs?",
        r"related-?posts?|yarpp\w*|author-?box|blogger-post-footer|comment-?(?:list|form|respond)",
        r"kg-(?:signup|button|cta|bookmark|file|audio|video)-card|kg-product-button",
        r"screen-reader-text|sr-only|visually-hidden|footnotes?-?back\w*",
        r"cookie-?(?:notice|banner)|wp-dark-mode-switcher|toc|table-of-contents|ez-toc\w*|lwptoc\w*",
        r"gh-post-upgrade-cta|powerpress_(?:links|subscribe_links|player)",
    )
)
NAMED = re.compile(rf"(?i)(?:^|[\s_-])(?:{_CLASSES})(?:$|[\s_-])")
"""Class or id, as whole words."""

CAPTION = re.compile(
    r"(?i)(?:^|[\s_-])(?:wp-caption(?:-text)?|tr-caption\w*|image-caption\w*|caption|photo-credit)(?:$|[\s_-])"
)
HIDDEN = re.compile(r"(?i)display\s*:\s*none|visibility\s*:\s*hidden")
STRUCK = re.compile(r"(?i)line-through|strike-?through|(?:^|\s)(?:text-|is-)?strike(?:$|\s)")
_MARKED_STRUCK = re.compile(r"~~(?=[^\s~])[^~]{1,300}~~")
NOTE_MARK = re.compile(r"(?i)noteref|footnote|endnote|cite_ref|fnref|reference|citation")
NOTE = re.compile(r"(?i)#_?(?:fn|ftn|footnote|note|cite_note|endnote|sdfootnote)")
"""The address of a note at the foot of the page."""

LONGEST = 700
"""Characters of a paragraph that may be boilerplate as a whole."""
_TAIL = 240
_MARKS = " \t\xa0\n-–—_*#=~.·•|<>«»‹›←→/\\:;,!?…()[]{}\"'“”‘’"
_OPENERS = " \xa0\n([{<«‹-–—→»›|•·\"'“‘"
_GAP = f"[\\s{LINK_START}{LINK_END}]{{0,3}}"
_CUT = re.compile(rf"(?i)[\[(]{_GAP}(?:read )?(?:more)?{_GAP}(?:…|\.{{3}}){_GAP}[\])]$")

_SHARES = frozenset(("share", "like", "tweet", "pin", "email", "print", "please"))
_SHARED = NETWORKS | SHARE_WORDS | {""}
_TURN = re.compile(
    r"(?:previous|prev|next|older|newer)(?: (?:posts?|articles?|page|entry|entries))?"
    r"(?: ?[|/·•-]? ?(?:previous|prev|next|older|newer)(?: (?:posts?|articles?|page|entry|entries))?)?"
)
# Each with what it must hold, which is looked for first.
_TEMPLATES = tuple(
    (needles, re.compile(pattern))
    for needles, pattern in (
        (("«", "‹", "←"), r"[«‹←] ?(?:previous|older|back)\b.{0,120}"),
        (("previous", "next"), r"(?:previous|next)(?: post| article)?: .{0,120}"),
        (("»", "›", "→"), r"[^.!?…«]{0,120} [»›→]{1,2}"),
        ((" read",), r"\W{0,3}\d{1,3} ?min(?:ute)?s? read"),
        # The address of a video that the blog's software would have shown
        (("://",), r"https?://\S{1,600}"),
        (
            ("unsplash", "pexels", "pixabay", "shutterstock", "istock", "getty", "adobe stock", "freepik"),
            r"(?:photo|image|picture|bild|foto|imagen|immagine|imagem)[: ].{1,120}(?:unsplash|pexels|pixabay|"
            r"shutterstock|istock|getty|adobe stock|freepik).{0,40}",
        ),
        (("originally published",), r".{0,300} was originally published in .{1,200} on medium.{0,200}"),
        (("thanks for",), r"thanks for reading .{1,80}(?:subscribe|this post is public).{0,200}"),
        (("reader-supported",), r".{1,80} is a reader-supported publication\..{0,200}"),
        # Signatures of embedded posts
        (("(@",), r"[—–-]{1,2} ?[^()]{1,100}\(@[\w.-]{1,60}\).{0,80}"),
        (("shared by",), r"a post shared by .{1,120}"),
    )
)
_BROWSERS = ("rowser", "navig", "naveg", "webbläsare", "ettleser", "elaim", "rzegląd", "rohlížeč", "ブラウザ")
"""Parts of the word in NO_PLAYER's languages."""
_FOOTERS = tuple(begin for begins, _ in FIRST_APPEARED for begin in begins if begin)


def _either(phrases: tuple[str, ...]) -> str:
    """The longest that fits; either apostrophe."""
    longest_first = sorted(phrases, key=len, reverse=True)
    return "|".join(re.escape(phrase).replace("'", "['’]") for phrase in longest_first)


_MORE = re.compile(rf"(?i)(?<!\w)(?:{_either(READ_MORE)})(?!\w)")
_NO_PLAYER = re.compile(rf"(?i)(?<!\w)(?:{_either(NO_PLAYER)})[^.!?]{{0,160}}[.!?]?")
_PAYWALL = re.compile(rf"(?i)(?<!\w)(?:{_either(PAYWALL)})")
_ABOUT = re.compile(
    r"(?i)\s?(?:about|on|at|in|over|über|sobre|su|sur|à propos|here|hier|ici|aquí|qui)\b|\s?[:“\"'‘«(]"
)


def folded(text: str) -> str:
    """Small letters, straight apostrophes, no mark of a link."""
    return " ".join(unmarked(text).casefold().replace("’", "'").split())


def unmarked(text: str) -> str:
    return text.replace(LINK_START, "").replace(LINK_END, "")


def is_boilerplate(one: str) -> bool:
    """Whether a whole paragraph is none of its author's. Links are marked in it."""
    if len(one) > LONGEST:
        return False
    bare = folded(one)
    core = bare.strip(_MARKS)
    return (
        not core
        or core in LINES
        or (len(bare) <= 250 and bare.startswith(BEGINNINGS))
        or _TURN.fullmatch(core) is not None
        or _is_share_bar(bare)
        or any(
            template.fullmatch(bare)
            for needles, template in _TEMPLATES
            if any(needle in bare for needle in needles)
        )
        or _says_where_it_appeared(one, bare)
    )


def is_paywall(one: str) -> bool:
    """Whether a paragraph says that the post goes on for those who pay."""
    return len(one) <= 400 and _PAYWALL.search(unmarked(one)[:400]) is not None


def without_player_notice(one: str) -> str:
    return _NO_PLAYER.sub("", one) if any(name in one for name in _BROWSERS) else one


def without_struck(one: str) -> str:
    """Without what is struck out as in Markdown."""
    return _MARKED_STRUCK.sub("", one) if "~~" in one else one


class Tail(NamedTuple):
    text: str
    breaks_off: bool
    """Software cut it here: at "[…]", or within a sentence before "read more"."""
    goes_on: bool
    """It ended in "read more"."""


def without_tail(one: str) -> Tail:
    """The paragraph without "read more" and "[…]"; one that ends within a sentence then ends in "…"."""
    text, goes_on, breaks_off = one, False, False
    for _ in range(4):
        before = text
        text = _without_arrows(text)
        if cut := _CUT.search(text, max(0, len(text) - 40)):
            text, breaks_off = text[: cut.start()], True
        elif (at := _read_more(text)) is not None or (at := _link_behind_ellipsis(text)) is not None:
            text, goes_on = text[:at], True
        if text == before:
            break
    if not (goes_on or breaks_off):
        return Tail(text, False, False)
    rest = unmarked(text).rstrip(f"{_OPENERS}")
    if not rest or ends_well(rest):
        return Tail(rest, breaks_off, goes_on)
    return Tail(rest.rstrip(" ,;:.…") + "…", True, goes_on)


def ends_well(text: str) -> bool:
    """Whether it ends as a sentence does: with a full stop, not with an ellipsis."""
    bare = text.rstrip(" \xa0\n\"'”’»“‘«)]*_")[-3:]
    return bare.endswith((".", "!", "?", "。", "！", "？", "؟", "।", ":", "：")) and not bare.endswith("...")


def _without_arrows(text: str) -> str:
    """Without white space, and arrows that point to the rest. What closes a French quotation is none."""
    bare = text.rstrip(f" \xa0\n{LINK_START}{LINK_END}")
    pointed = bare.rstrip("→»›")
    if len(pointed) == len(bare) or any(quote in bare[-300:] for quote in "«‹"):
        return bare
    return pointed.rstrip(" \xa0\n") if pointed[-1:].isspace() or not pointed else bare


def _read_more(text: str) -> int | None:
    """Where "read more" begins at the end of a paragraph: as a link, in brackets, or behind a sentence."""
    start = max(0, len(text) - _TAIL)
    for match in _MORE.finditer(text, start):
        before = text[start : match.start()].rstrip(" \xa0\n")
        after = unmarked(text[match.end() :])
        if re.search(r"[.!?] [A-Z]", after):
            continue
        is_all = not after.strip(_MARKS)
        is_link = before[-1:] == LINK_START
        sentence = before.rstrip(_OPENERS + LINK_START + LINK_END)
        behind = not sentence or sentence[-1] in ".!?…:。！？"
        if is_link or before[-1:] == "[" or (before[-1:] in ("(", "→", "»", "|", "•") and is_all):
            return start + len(sentence)
        if behind and (is_all or _ABOUT.match(after) or sentence.endswith(("…", "..."))):
            return start + len(sentence)
    return None


_SHORT_LINK = 40
"""Characters of a link that may be "read more" in a language of no table."""


def is_short_link(one: str) -> bool:
    """Whether a paragraph is one short link and no more."""
    bare = one.strip(_MARKS)
    inside = bare[1:-1] if bare[:1] == LINK_START and bare[-1:] == LINK_END else ""
    return 0 < len(inside) <= _SHORT_LINK and LINK_START not in inside


def _link_behind_ellipsis(text: str) -> int | None:
    """Where an ellipsis ends at which software cut a paragraph, if a short link is all that follows."""
    start = text.rfind(LINK_START, max(0, len(text) - _SHORT_LINK - 10))
    if start < 0 or LINK_END in text[start:].rstrip(_MARKS + LINK_END):
        return None
    before = text[:start].rstrip(" \xa0\n[(")
    return len(before) if before.endswith(("…", "...", "…]", "...]")) else None


def _is_share_bar(bare: str) -> bool:
    if bare.partition(" ")[0].strip(_MARKS) not in _SHARED and "click to " not in bare:
        return False
    words = [word.strip(_MARKS) for word in bare.replace("(opens in new window)", " ").split(" ")]
    words = [word for word in words if word]
    if not words:
        return True
    if words[0] in _SHARES and len(words) <= 9 and all(word in _SHARED for word in words):
        return True
    if len(words) > 1 and all(word in NETWORKS for word in words):
        return True
    # Jetpack's: "Click to share on X (Opens in new window) X Click to email a link to a friend"
    pieces = bare.split("click to ")
    if len(pieces) == 1 or not all(word.strip(_MARKS) in _SHARED for word in pieces[0].split(" ")):
        return False
    named = sum(1 for word in words if word in NETWORKS)
    return len(pieces) + named > 2 and all(len(piece.partition("(")[0].split()) <= 14 for piece in pieces[1:])


def _says_where_it_appeared(one: str, bare: str) -> bool:
    """A footer with two links, or as its text alone. Where neither is known, a title's capital must follow:
    "The post office first appeared on Main Street" is a sentence."""
    if not bare.startswith(_FOOTERS) and not one.lstrip().startswith(LINK_START):
        return False
    for begins, says in FIRST_APPEARED:
        for begin in begins:
            if bare.startswith(begin) and (begin or LINK_START in one):
                if begin.startswith("this ") and len(bare) <= 120 and bare[len(begin) + 1 :].startswith(says):
                    return True
                following = unmarked(one).strip()[len(begin) :].lstrip(" \"'“‘«„")[:1]
                if (LINK_START in one or not following.islower()) and any(
                    len(begin) < bare.find(said) for said in says
                ):
                    return True
    return False
