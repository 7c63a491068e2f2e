"""What a blog's software puts around a post: share bars, sign-up forms, "previous / next", "read more".

Found by reading real feeds of WordPress, Squarespace, Substack, Ghost, Medium, Blogger and Wix. Three ways to
know it: the element's class or id, a whole paragraph's wording, and the tail of a paragraph. A paragraph is a
stranger's: no pattern here can take its text apart in two ways.
"""

from __future__ import annotations

import re

from pipeline.feeds.cleaning.notices import BEGINNINGS, LABELS, LINES, NETWORKS, PAYWALL, SHARE_WORDS
from pipeline.feeds.cleaning.phrases import FIRST_APPEARED, NO_PLAYER

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
MARKS = " \t\xa0\n-–—_*#=~.·•|<>«»‹›←→/\\:;,!?…()[]{}\"'“”‘’"

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


def either(phrases: tuple[str, ...]) -> str:
    """A pattern of phrases: the longest that fits; either apostrophe."""
    longest_first = sorted(phrases, key=len, reverse=True)
    return "|".join(re.escape(phrase).replace("'", "['’]") for phrase in longest_first)


_NO_PLAYER = re.compile(rf"(?i)(?<!\w)(?:{either(NO_PLAYER)})[^.!?]{{0,160}}[.!?]?")
_PAYWALL = re.compile(rf"(?i)(?<!\w)(?:{either(PAYWALL)})")


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
    core = bare.strip(MARKS)
    return (
        not core
        or core in LINES
        or (len(bare) <= 250 and bare.startswith(BEGINNINGS))
        or (len(bare) <= 120 and bare[-1] not in ".!?" and bare.startswith(LABELS))
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


def _is_share_bar(bare: str) -> bool:
    if bare.partition(" ")[0].strip(MARKS) not in _SHARED and "click to " not in bare:
        return False
    words = [word.strip(MARKS) for word in bare.replace("(opens in new window)", " ").split(" ")]
    words = [word for word in words if word]
    if not words:
        return True
    if words[0] in _SHARES and len(words) <= 9 and all(word in _SHARED for word in words):
        return True
    if len(words) > 1 and all(word in NETWORKS for word in words):
        return True
    # Jetpack's: "Click to share on X (Opens in new window) X Click to email a link to a friend"
    pieces = bare.split("click to ")
    if len(pieces) == 1 or not all(word.strip(MARKS) in _SHARED for word in pieces[0].split(" ")):
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
