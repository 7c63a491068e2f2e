"""The faults that `rapport check` finds, each as a change of the demo's letter, and what it lets pass."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline.letter.personal import HTML_TAGS, TEXT_TAGS

if TYPE_CHECKING:
    from collections.abc import Callable

    Change = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class Fault:
    """A fault, the rule that finds it, and what its finding says. Every other rule must be silent."""

    name: str
    rule: str
    change: Change
    says: str
    where: str = ""
    level: str = "warning"


def body(fragment: str) -> Change:
    """The letter with something more at its end, and its links in the text part too."""
    links = " ".join(re.findall(r'href="((?:http|mailto|tel)[^"]*)"', fragment))
    return lambda e: {
        "html": e["html"].replace("</body>", f"{fragment}</body>"),
        "text": f"{e['text']}\n{links}",
    }


def both(*changes: Change) -> Change:
    def change(edition: dict[str, Any]) -> dict[str, Any]:
        for one in changes:
            edition = edition | one(edition)
        return edition

    return change


def head(fragment: str) -> Change:
    return lambda e: {"html": e["html"].replace("</head>", f"{fragment}</head>")}


def style(css: str) -> Change:
    return head(f"<style>{css}</style>")


def inline(css: str) -> Change:
    return body(f'<p style="{css}">Some words</p>')


def part(name: str, value: Any) -> Change:
    return lambda e: {name: value}


def link(address: str, text: str = "A post on mugs") -> Change:
    return body(f'<a href="{address}">{text}</a>')


def replaced(name: str, pattern: str, by: str) -> Change:
    def change(edition: dict[str, Any]) -> dict[str, Any]:
        spoilt, times = re.subn(pattern, by, edition[name])
        assert times, f"{pattern} is not in the {name}"
        return {name: spoilt}

    return change


def picture(**values: Any) -> Change:
    one = {"post": None, "src": "https://blog.example/a.jpg", "width": 600, "height": 400, "alt": "A mug"}
    return part("pictures", [one | {"weight": 90_000, "media_type": "image/jpeg", "problem": ""} | values])


IMAGE = '<img src="https://blog.example/a{}" alt="A mug" width="600">'

# fmt: off
FAULTS = [
    # What keeps an edition from going out
    Fault("no unsubscribe link in the HTML", "unsubscribe",
          replaced("html", f'href="{HTML_TAGS.unsubscribe}"', ""),
          "The HTML has no unsubscribe link", "template: letter/digest.mjml", "error"),
    Fault("no unsubscribe link in the text", "unsubscribe", replaced("text", TEXT_TAGS.unsubscribe, ""),
          "The text part has no unsubscribe link", "template: letter/digest.txt", "error"),
    Fault("no postal address in the HTML", "postal-address",
          replaced("html", "12 Harbour Lane, Springfield", ""), "not in the html part",
          "template: letter/digest.mjml", "error"),
    Fault("no postal address in the text", "postal-address",
          replaced("text", r"12 Harbour Lane,\s+Springfield", ""), "not in the text part",
          "template: letter/digest.txt", "error"),
    Fault("no offer in the text", "cta", replaced("text", r"http://127.0.0.1:\d+/contact", ""),
          "The text part has no call to action", "template: letter/digest.txt", "error"),
    Fault("Jinja left over", "placeholder", body("<p>Hello {{ name }}</p>"),
          "The html still holds {{ name }}", "html", "error"),
    Fault("a tag left over in the subject", "placeholder", part("subject", "News %%rapport-name%%"),
          "The subject still holds %%rapport-name%%", "subject", "error"),
    Fault("what may be a shortcode", "shortcode", body("<p>[my-slider] Some words</p>"),
          "[my-slider], which may be a shortcode", "html"),
    Fault("a shortcode of a plug-in", "shortcode", body('<p>Some [wp_thing id="1"] words</p>'),
          '[wp_thing id="1"]', "html"),
    Fault("what may be a shortcode in the subject", "shortcode", part("subject", "[recipe] Soup of the day"),
          "The subject holds [recipe]", "subject"),
    Fault("a script", "script", body("<script>1</script>"), "holds script", "html", "error"),
    Fault("an event handler", "script", body('<p onclick="x()">Some words</p>'), "holds script", "", "error"),
    Fault("a script for an address", "script", link("javascript:x()", "A calm page"),
          "holds script", "", "error"),
    Fault("a frame", "script", body('<iframe src="https://example.org/"></iframe>'), "a frame", "", "error"),
    Fault("HTML that Gmail clips", "size", body(f"<!--{'x' * 104_448}-->"), "Gmail clips it", "html",
          "error"),
    Fault("an empty subject", "subject", part("subject", " "), "The subject is empty", "subject", "error"),
    # What an inbox shows
    Fault("HTML that Gmail nearly clips", "size",
          lambda e: {"html": e["html"] + "<!--" + "x" * (93_000 - len(e["html"])) + "-->"},
          "clips at 102 KB"),
    Fault("a subject of 71 characters", "subject-length", part("subject", ("A calm letter " * 6)[:71]),
          "has 71 characters"),
    Fault("capitals", "shouting", part("subject", "NEWS FROM THE HARBOUR"), "in capitals"),
    Fault("exclamation marks", "shouting", part("subject", "A new group!!!"), "exclamation marks"),
    Fault("a false answer", "reply-trick", part("subject", "RE: Your question"), "looks like an answer"),
    Fault("a false forward", "reply-trick", part("subject", "Fwd: Our week"), "looks like an answer"),
    Fault("a diagnosis in the subject", "sensitive", part("subject", "Living with Depression"),
          "The subject says “Depression”", "subject"),
    Fault("a symptom in the preheader", "sensitive", part("preheader", "When panic attacks come at night"),
          "The preheader says “panic attacks”", "preheader"),
    Fault("no preheader", "preheader", part("preheader", ""), "no preheader",
          "template: letter/preheader.txt"),
    Fault("a preheader that repeats the subject", "preheader",
          part("preheader", "What happens in a first session? Read on."), "repeats the subject"),
    # Images
    Fault("an image without alt text", "alt", body('<img src="https://blog.example/mug.jpg">'),
          "The image mug.jpg has no alt text", "html"),
    Fault("a file's name for alt text", "alt",
          body('<img src="https://blog.example/mug.jpg" alt="IMG_2041.JPG">'), "file's name"),
    Fault("a heavy picture", "image-weight", picture(weight=1_200_000), "a.jpg weighs 1,200 KB"),
    Fault("WebP by its media type", "image-format", picture(media_type="image/webp"), "Outlook for Windows"),
    Fault("a picture that could not be fetched", "image", picture(problem="The image answered 404"),
          "The image answered 404."),
    *[
        Fault(f"{ending} by its address", "image-format", body(IMAGE.format(ending)), client)
        for ending, client in {
            ".webp": "Outlook for Windows", ".avif": "Outlook for Windows", ".svg?v=2": "Gmail",
            ".heic": "Outlook for Windows", ".tiff": "Outlook for Windows", ".ico": "Outlook for Windows",
        }.items()
    ],
    Fault("an image in the letter itself", "image-format",
          body('<img src="data:image/png;base64,iVBORw0KGgo=" alt="A mug">'), "Gmail"),
    # Links
    Fault("a relative link", "link", link("/blog/mugs"), "/blog/mugs is relative"),
    Fault("a relative image", "link", body('<img src="images/mug.jpg" alt="A mug">'), "is relative"),
    Fault("an empty link", "link", link(""), "address is empty"),
    Fault("a link that is not https", "link", link("http://example.org/mugs"),
          "http://example.org/mugs is not https"),
    Fault("a site that is not https", "link",
          body('<a href="http://a.example/1">Mugs</a><a href="http://a.example/2">Cups</a>'),
          "http://a.example/1 is not https, and so it is with 1 more on a.example"),
    Fault("a link that no client opens", "link", link("ftp://example.org/mugs", "Mugs"), "no mail client"),
    Fault("a link that cannot be read", "link", link("https://[::1/mugs"),
          "cannot be read"),
    Fault("a link without words", "link-text", link("https://example.org/mugs", " "), "no words"),
    Fault("a linked image without words", "link-text",
          body('<a href="https://example.org/m"><img src="https://example.org/mug.png" alt=""></a>'),
          "mug.png"),
    Fault("click here", "link-text", link("https://example.org/mugs", "Click here!"), "does not say"),
    # Contrast
    Fault("grey on white", "contrast", inline("color:#999999;background:#ffffff"), "2.8 to 1"),
    Fault("a colour inherited from far above", "contrast",
          body('<div style="color:#aaa;background-color:white"><p><i>Far</i></p></div>'),
          "#aaaaaa on #ffffff"),
    Fault("a button whose colour is bgcolor", "contrast",
          body('<table role="none" bgcolor="#ffcc00"><tr><td style="color:#fff">Go on</td></tr></table>'),
          "#ffffff on #ffcc00"),
    Fault("a colour from the style block", "contrast",
          both(style(".x{color:#ccc!important}"),
          body('<p class="x" style="background:#fff">Some words</p>')),
          "#cccccc on #ffffff"),
    Fault("a dark ground without light words", "contrast",
          both(style("@media (prefers-color-scheme:dark){.x{background:#111!important}}"),
               body('<p class="x" style="color:#222;background:#fff">Some words</p>')),
          "#222222 on #111111 in the dark scheme"),
    Fault("the same, asked for by what the scheme is not", "contrast",
          both(style("@media not all and (prefers-color-scheme:light){.x{background:#111!important}}"),
               body('<p class="x" style="color:#222;background:#fff">Some words</p>')),
          "#222222 on #111111 in the dark scheme"),
    Fault("a ground that only the style block gives", "contrast",
          both(style(".x{background:#111}"), body('<p class="x" style="color:#fff">Some words</p>')),
          "where the client drops style blocks"),
    Fault("large text below 3 to 1", "contrast", inline("font-size:24px;color:#999;background:#fff"),
          "needs 3"),
    Fault("large text that is not bold enough", "contrast",
          inline("font-size:19px;color:#888;background:#fff"),
          "needs 4.5"),
    Fault("half-transparent words", "contrast", inline("color:#0000004d;background:#fff"),
          "#b2b2b2 on #ffffff"),
    # What clients lack
    Fault("position: fixed", "client", inline("position:fixed"), "Gmail"),
    Fault("flex", "client", inline("display:flex"), "Outlook for Windows"),
    Fault("grid", "client", inline("display:inline-grid"), "Outlook for Windows"),
    Fault("a variable", "client", inline("padding:var(--gap)"), "Gmail, Outlook and Yahoo"),
    Fault("a variable in a style block", "client", style("p{--gap:4px}"), "--gap: 4px"),
    Fault("a rule in a rule", "client", style(".a{margin:0; .b{margin:0}}"), "rule within a rule"),
    Fault("calc()", "client", inline("width:calc(100% - 4px)"), "calc(100% - 4px)"),
    Fault("rem", "client", inline("padding:1rem"), "Outlook for Windows and Yahoo"),
    Fault("a modern colour", "client", inline("border-color:oklch(50% 0.1 200)"), "Gmail"),
    Fault("a web font", "client", style("@font-face{font-family:X;src:url(https://example.org/x.woff2)}"),
          "@font-face"),
    Fault("an imported sheet", "client", style('@import url("https://example.org/x.css");'), "@import"),
    Fault("a sheet elsewhere", "client", head('<link rel="stylesheet" href="https://example.org/x.css">'),
          "<link>"),
    Fault("content out of CSS", "client", style('.new::before{content:"New"}'), "::before"),
    Fault("hidden by visibility", "client", inline("visibility:hidden"), "What was to be hidden is seen"),
    Fault("hidden by an attribute", "client", body("<p hidden>Some words</p>"),
          "What was to be hidden is seen"),
    Fault("a form", "client", body('<form><input type="text"></form>'), "<form>"),
    Fault("a film", "client", body('<video src="https://example.org/x.mp4"></video>'), "<video>"),
    Fault("a drawing in the letter", "client", body("<svg><path/></svg>"), "<svg>"),
    Fault("a link within the letter", "client", link("#top", "To the top"), "#top"),
    Fault("a spacing by writing direction", "client", inline("margin-inline:4px"), "margin-inline"),
    Fault("a background picture as content", "background",
          body('<div style="height:90px;background:#fff url(https://example.org/x.jpg)"></div>'),
          "all there is"),
    Fault("words on nothing but a picture", "background",
          inline("background-image:url('https://example.org/x.jpg')"), "Words stand on a background picture"),
    Fault("a style block of 17 KB", "style-block", style("p{margin:0}" * 1600), "Gmail drops"),
    # Structure
    Fault("no language", "language", replaced("html", r' lang="[^"]*"', ""), "lang is missing on <html> and"),
    Fault("no direction on the wrapper", "language",
          replaced("html", r'(<(?:div|table|td)[^>]*) dir="[^"]*"', r"\1"), "dir is missing on the element"),
    Fault("no title", "language", replaced("html", r"<title>.*?</title>", ""), "no <title>"),
    Fault("a second h1", "headings", body("<h1>Another</h1>"), "more than one <h1>"),
    Fault("a heading that skips a level", "headings", body("<h5>Deep</h5>"), "“Deep” is <h5>"),
    Fault("no heading", "headings", replaced("html", r"<(/?)h[1-6]", r"<\1p"), "no headings"),
    Fault("a table for layout without its role", "tables", body("<table><tr><td>Left</td></tr></table>"),
          "“Left”"),
    # The bodies as such
    Fault("HTML that is not ASCII", "charset", body("<p>Café</p>"), "U+00E9"),
    Fault("a text of Latin-1 alone", "charset",
          both(part("posts", []), replaced("text", r"[^\x00-\xff]", "é")), "nothing beyond Latin-1"),
    Fault("a post that the text lacks", "text",
          replaced("text", "Whose turn is it\\? Couples and chores", ""),
          "lacks the post “Whose turn is it?"),
    Fault("a link that the text lacks", "text",
          replaced("html", "</body>", '<a href="https://example.org/mugs">Mugs</a></body>'),
          "lacks a link of the HTML: https://example.org/mugs"),
    Fault("a text that says little", "text", body("<p>" + "Word after word. " * 400 + "</p>"), "the HTML"),
]
# fmt: on

# fmt: off
CONFIGURED: list[tuple[str, dict[str, dict[str, Any]], str, str]] = [
    ("no postal address at all", {"newsletter": {"postal_address": ""}}, "postal-address",
     "configuration: newsletter.postal_address"),
    ("no offer in the HTML", {"match": {"url": "https://elsewhere.example/"}}, "cta", "letter/digest"),
    ("a sender's name with an accent", {"newsletter": {"from_name": "Praxis Müller"}}, "sender-name",
     "from_name"),
    ("a sender's name with a comma", {"newsletter": {"from_name": "Calloway, Ines"}}, "sender-name",
     "from_name"),
    ("a sender's name with an emoji", {"newsletter": {"from_name": "Harbour Lane 🌿"}}, "sender-name",
     "from_name"),
]
# fmt: on

# fmt: off
HARMLESS: list[tuple[str, Change]] = [
    ("a loopback address", link("http://127.0.0.1:8000/mugs")),
    ("localhost", link("http://localhost:8000/mugs")),
    ("an address to write to", link("mailto:hello@example.org", "hello@example.org")),
    ("a telephone number", link("tel:+15550100", "+1 555 0100")),
    ("what a person put in brackets", body("<p>He wrote so [sic] and [they] came [...] to a [video]</p>")),
    ("an image that only decorates", body('<img src="https://blog.example/line.png" alt="">')),
    ("a decorating image that may be clicked, beside the link itself",
     body('<a href="https://example.org/m" aria-hidden="true" tabindex="-1">'
          '<img src="https://example.org/mug.png" alt=""></a>')),
    ("acronyms in the subject", part("subject", "NHS or GP? A way through")),
    ("a word within another in the subject", part("subject", "Grapefruit and scrapes, a recipe")),
    ("one exclamation mark", part("subject", "A new group!")),
    ("round corners and shadows", inline("border-radius:6px;box-shadow:0 1px 2px #000;transition:color 1s")),
    ("relative position", inline("position:relative;z-index:1")),
    ("new things within @media", style("@media (min-width:480px){p{display:flex;padding:1rem}}")),
    ("a hover", style("a:hover{color:#ffff00}")),
    ("a picture behind words on a colour",
     inline("background:#fff url(https://example.org/x.jpg);color:#000")),
    ("a table of data", body("<table><tr><th>Day</th></tr><tr><td>Monday</td></tr></table>")),
    ("large words at 3.5 to 1", inline("font-size:24px;color:#888;background:#fff")),
    ("bold words of 14 pt at 3.5 to 1", inline("font-size:14pt;font-weight:700;color:#888;background:#fff")),
    ("a faint sign that says nothing", body('<p style="color:#eee;background:#fff">&#183;</p>')),
    ("faint words that nobody sees",
     body('<p style="display:none;color:#eee;background:#fff">Some words</p>')),
    ("Outlook's own HTML",
     body('<!--[if mso]><table><tr><td style="display:flex">&nbsp;</td></tr></table><![endif]-->')),
]
# fmt: on
