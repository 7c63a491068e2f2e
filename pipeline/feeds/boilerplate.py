"""What a blog's software puts around a post: share bars, sign-up forms, "previous / next", "read more".

Found by reading real feeds of WordPress, Squarespace, Substack, Ghost, Medium, Blogger and Wix. Three ways to
know it: the element's class or id, a whole paragraph's wording, and the tail of a paragraph.
"""

from __future__ import annotations

import re

_NAMES = "|".join(
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
    )
)
NAMED = re.compile(rf"(?i)(?:^|[\s_-])(?:{_NAMES})(?:$|[\s_-])")
"""Class or id, as whole words."""

CAPTION = re.compile(
    r"(?i)(?:^|[\s_-])(?:wp-caption(?:-text)?|tr-caption\w*|image-caption\w*|caption|photo-credit)(?:$|[\s_-])"
)
HIDDEN = re.compile(r"(?i)display\s*:\s*none|visibility\s*:\s*hidden")

_TURN = r"(?:previous|prev|next|older|newer)(?:\s+(?:post|article|page|entry))?"
_NET = r"share|tweet|facebook|twitter|x|linkedin|pinterest|pin it|reddit|tumblr|whatsapp|telegram|pocket"
_LINES = "|".join(
    (
        # Previous / Next
        rf"(?:[«‹<←]+\s*)?{_TURN}(?:\s*[»›>→]+)?(?:\s*[|/·•-]?\s*{_TURN}\s*[»›>→]*)?",
        r"[«‹←]\s*(?:previous|older|back)\b.{0,120}|(?:previous|next)(?: post| article)?:\s.{0,120}",
        r".{0,120}\s[»›→]{1,2}",
        # Share this
        r"(?:please\s+)?(?:share|like|tweet|pin|email|print)(?:\s+(?:this|it|on|with|to|via|post|article|story|the|"
        r"your|friends?|facebook|twitter|x|pinterest|linkedin|whatsapp|email|:|\W)){0,8}\W*",
        rf"(?:(?:{_NET}|email|e-mail|print|more|"
        r"click to \w+(?: \w+){0,12}(?: \(opens in new window\))?)\W*){2,}",
        r"(?:like this|related|related posts|filed under|tagged(?: with)?|posted in|tags):.{0,200}",
        r"share this:.{0,200}",
        # Buttons without their form
        r"(?:share|like|related|loading|advertisement|sponsored|comments?|leave a comment|sign up|"
        r"subscribe(?: now)?|"
        r"sponsored content|listen to this article|upgrade to paid|give a gift subscription|get the app|"
        r"refer a friend|learn more|table of contents|jump to (?:recipe|section))\W*",
        # Read more
        r"(?:continue|keep) reading\b.{0,160}|(?:click here )?to read more\b.{0,80}",
        r"read (?:the )?(?:more|full (?:article|story|post|entry)|rest)\b.{0,160}",
        r"view (?:original|in browser|this post on instagram)\b.{0,80}",
        # WordPress, Medium, Substack
        r"the post .{1,400} (?:appeared|was) first (?:appeared |published )?on .{1,200}",
        r".{0,300} was originally published in .{1,200} on medium.{0,200}",
        r"thanks for reading .{1,80}!? (?:subscribe|this post is public).{0,200}",
        r".{1,80} is a reader-supported publication\..{0,200}",
        # Marks of pictures, rules made of characters
        r"\d{1,3} ?min(?:ute)?s? read|(?:image|photo|video)(?: credit| source| by)?s?:.{0,120}",
        r"\[?(?:image|photo|video|gallery)\]?|[-–—_*#=~.·•|<>«»←→/\s\\]+",
    )
)
LINE = re.compile(rf"(?i)(?:{_LINES})")
"""A whole paragraph, of at most LONGEST_LINE characters."""
LONGEST_LINE = 500

TAIL = re.compile(
    r"(?i)(?:\s*\(?(?:continue reading|read more|read the full (?:article|story|post)|read on)\b[^.!?]{0,80}"
    r"[\s.…→»›)>]*|\s*\[\s*(?:…|\.\.\.)\s*\]\s*|\s+[→»›]+\s*)$"
)
