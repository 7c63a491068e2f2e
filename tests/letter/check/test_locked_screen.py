"""A locked phone tells nobody what its owner lives with: `check` looks where phones look."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from pipeline.core.templates import Templates
from pipeline.letter.check.listed import sensitive
from pipeline.letter.check.locked_screen import quiet
from pipeline.letter.check.reading import CheckedLetter
from pipeline.letter.edits import Edits
from pipeline.letter.render import render_letter
from tests.letter.check.delicate import DELICATE
from tests.letter.samples import NOW, Picture, config, post

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.core.config import Config
    from pipeline.core.finding import Finding

PADDING = "We read it over twice, as one does, and then a third time on the way home in the tram. " * 3
QUIET = (
    "Winter is here, and with it the long evenings. The waiting room has a new lamp, the kettle works again "
    "and we have read your letters with pleasure. This week we write about something that many asked for, "
    "and we do it slowly."
)


@dataclass
class Edition:
    """A composed edition as the rules take it."""

    subject: str
    preheader: str
    html: str
    text: str
    intro: str = ""
    posts: list[Mapping[str, Any]] = field(default_factory=list)
    slug: str = "weekly-1"
    digest: str = "weekly"
    edits: Mapping[str, Any] = field(default_factory=dict)
    pictures: list[Mapping[str, Any]] = field(default_factory=list)
    is_note: bool = False
    has_offer: bool = True
    links: list[Mapping[str, Any]] = field(default_factory=list)


def edition(
    settings: Config, *posts: Any, intro: str = "", edits: Edits | None = None, alt: str = ""
) -> Edition:
    made = render_letter(
        settings, Templates(), settings.digests[0], list(posts), slug="weekly-1", due=NOW, intro=intro,
        edits=edits or Edits(), images={1: Picture("https://blog.example/a.jpg", alt=alt)} if alt else {},
    )  # fmt: skip
    rows = [{"title": one.title, "url": one.url, "published": one.published} for one in posts]
    return Edition(made.subject, made.preheader, made.html, made.text, intro, rows)


def warnings(settings: Config, one: Edition) -> list[Finding]:
    return list(quiet(CheckedLetter(settings, Templates(), one)))


def screen(settings: Config, one: Edition) -> list[str]:
    """What a phone shows, found otherwise than the rule finds it."""
    tree = LexborHTMLParser(one.html)
    for hidden in tree.css('[style*="display:none"], style, script, title'):
        hidden.decompose()
    for image in tree.css("img"):
        image.replace_with(f" {image.attributes.get('alt') or ''} ")
    html = " ".join(tree.body.text(separator=" ").split())[:200]  # type: ignore[union-attr]
    return [settings.newsletter.sender, one.subject, one.preheader, html, " ".join(one.text.split())[:200]]


def told(texts: list[str]) -> list[str]:
    return [word for text in texts for word in sensitive(text, Templates(), "en")]


SETTINGS = [
    config(digest={"layout": layout}, newsletter={"country": country}, match={"place": place})
    for layout, country, place in (
        ("digest", "US", "after_lead"),
        ("plain", "", "end"),
        ("plain", "GB", "both"),
    )
]


@pytest.mark.parametrize(("title", "begins", "word"), DELICATE, ids=[title for title, *_ in DELICATE])
def test_who_follows_the_warnings_has_a_quiet_screen(title: str, begins: str, word: str) -> None:
    posts = post(1, title, f"{begins} {PADDING}"), post(2, "A walk by the river", PADDING)
    for settings in SETTINGS:
        loud = edition(settings, *posts)
        assert word.lower() in " ".join(told(screen(settings, loud))).lower()
        where = {finding.message.partition(" says")[0] for finding in warnings(settings, loud)}
        # The title may say nothing that is on the list: then only the first words do.
        assert where & {"The beginning of the letter", "The beginning of the HTML"}
        # The first words are put off by so many of staff's own as the warning asks for.
        (number,) = {
            int(found[1])
            for finding in warnings(settings, loud)
            if (found := re.search(r"some (\d+) characters", finding.remedy))
        }
        assert number <= 200
        intro = QUIET[: number + QUIET[number:].find(" ")]
        edits = Edits(subject="This week's letter", preheader="What we thought about this week")
        mended = edition(settings, *posts, intro=intro, edits=edits)
        assert warnings(settings, mended) == []
        assert told(screen(settings, mended)) == []


LOUD = "Depression in winter"
CALM = post(1, "A walk by the river", PADDING)


@pytest.mark.parametrize(
    ("name", "newsletter", "parts", "where"),
    [
        ("sender's name", {"from_name": "The Depression Clinic"}, {}, "configuration: newsletter.from_name"),
        ("subject", {}, {"subject": LOUD}, "subject"),
        ("preheader", {}, {"preheader": LOUD}, "preheader"),
        ("beginning of the HTML", {}, {"html": f"<p>{LOUD}</p>"}, "html"),
        ("beginning of the text part", {}, {"text": LOUD}, "text"),
        ("beginning of the letter", {}, {"html": f"<p>{LOUD}</p>", "text": LOUD}, "html"),
        ("beginning of the HTML", {}, {"html": f'<img src="a.png" alt="{LOUD}">'}, "html"),
        ("beginning of the HTML", {}, {"html": "<p>De&shy;pres&shy;sion</p>"}, "html"),
        ("beginning of the letter", {"name": "The Depression Letter", "from_name": "Ines"},
         {"html": "<p>The Depression Letter</p>", "text": "The Depression Letter"},
         "configuration: newsletter.name"),
    ],
)  # fmt: skip
def test_each_place_is_noticed(
    name: str, newsletter: dict[str, str], parts: dict[str, str], where: str
) -> None:
    settings = config(newsletter=newsletter)
    one = edition(config(), CALM)
    for part, said in parts.items():
        setattr(one, part, said)
    (finding,) = warnings(settings, one)
    assert finding.message.startswith(f"The {name} says “D")
    assert (finding.name, finding.level, finding.where) == ("sensitive", "warning", where)
    assert finding.remedy


def test_the_first_words_are_named_by_their_post() -> None:
    settings = config()
    lead = post(1, "A quiet title", "Depression comes in many forms. " + PADDING)
    (finding,) = warnings(settings, edition(settings, lead, post(2, "Another", PADDING)))
    assert finding.where == "post: A quiet title"


def test_a_loud_intro_is_named_as_such() -> None:
    one = edition(config(), CALM, intro="On depression, and on what helps.")
    (finding,) = warnings(config(), one)
    assert (finding.where, "in the intro" in finding.remedy) == ("intro", True)


def test_the_alt_text_of_a_picture_that_comes_first_counts() -> None:
    one = edition(config(), CALM, alt="A woman in grief")
    (finding,) = warnings(config(), one)
    assert (finding.message[:21], "“grief”" in finding.message) == ("The beginning of the ", True)


def test_what_nobody_sees_and_what_comes_later_may_be_plain() -> None:
    hidden = f'<div style="display:none">{LOUD}</div><!-- {LOUD} --><p>{PADDING}</p><p>{LOUD}</p>'
    one = edition(config(), CALM)
    one.html, one.text = f"<title>{LOUD}</title><style>.depression{{}}</style>{hidden}", f"{PADDING}\n{LOUD}"
    assert warnings(config(), one) == []


def test_a_word_at_the_edge_counts_when_it_begins_on_the_screen() -> None:
    one = edition(config(), CALM)
    for before, noticed in ((199, True), (200, False)):
        one.html = one.text = "x" * (before - 1) + " depression"
        assert bool(warnings(config(), one)) is noticed, before


@pytest.mark.parametrize("layout", ["digest", "plain"])
@pytest.mark.parametrize("country", ["US", "FR", "NL", "ES", "SE", ""])
def test_the_layout_itself_says_nothing_however_short_the_lead(layout: str, country: str) -> None:
    """Help in a crisis comes before the offer: right after a lead of one word."""
    for place in ("end", "after_lead"):
        settings = config(
            digest={"layout": layout}, newsletter={"country": country}, match={"place": place},
            theme={"logo": "https://example.org/logo.png"},
        )  # fmt: skip
        one = edition(settings, post(1, "Rivers", "", author=None, words=0))
        assert warnings(settings, one) == []
        assert told(screen(settings, one)) == []
