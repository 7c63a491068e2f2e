"""What every letter must be, whatever is in it: readable, whole, and no concern of any third party."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from selectolax.lexbor import LexborHTMLParser

from pipeline.core.theme import look
from pipeline.feeds.parsing.parse import parse
from pipeline.letter.images import Thumbnail
from pipeline.letter.personal import HTML_TAGS
from tests.languages import spoken
from tests.letter.cases import HEBREW, HEBREW_WORDS, WORDS, cases, image, sized
from tests.letter.samples import INTRO, SITE, Picture, as_posts, config, letter, post

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.feeds.posts import Post

CASES = list(cases())
LAYOUTS = ["digest", "plain"]


def tree(html: str) -> LexborHTMLParser:
    return LexborHTMLParser(html)


# Of the module, so that all that is asked of one letter is asked before the next is made.
@pytest.fixture(scope="module", params=LAYOUTS)
def layout(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=CASES)
def html(request: pytest.FixtureRequest, layout: str) -> str:
    posts, pictures = cases()[request.param]
    return letter(posts, config(digest={"layout": layout}), intro=INTRO, images=pictures).html


def test_every_letter_stays_under_60_kilobytes(html: str) -> None:
    assert len(html) < 60_000


def test_every_letter_is_pure_ascii_so_that_no_provider_picks_a_charset(html: str) -> None:
    assert html.isascii()


def test_a_title_and_a_description_are_read_out_in_any_script() -> None:
    said = "नमस्ते, मौसम \u00e0 7\u00a0h \U0001f469\u200d\U0001f467 \u0628\u0650"
    one = post(1, said, "Text. " * 40, image_url="https://harbourlane.example/a.jpg")
    html = letter([one], config(), images={1: Picture(one.image_url, alt=f"{said}!")}).html
    assert f'alt="{said}!"' in unescape(html)
    assert f'aria-label="Read on: {said}"' in unescape(html)
    assert "\\u{" not in html


def test_every_layout_table_says_that_it_is_one(html: str) -> None:
    # In conditional comments too: those are what Outlook reads out.
    assert len(re.findall(r"<table", html)) == len(re.findall(r'<table[^>]*role="presentation"', html))


def test_headings_go_down_in_order_from_one_h1(html: str) -> None:
    found = [int((node.tag or "")[1]) for node in tree(html).css("h1, h2, h3, h4, h5, h6")]
    assert found[0] == 1
    assert min(found[1:]) == 2
    assert all(after <= before + 1 for before, after in pairwise(found))


def test_page_and_wrapper_both_say_language_and_direction(html: str) -> None:
    # Gmail makes a div of <body> and drops <html>.
    letter_tree = tree(html)
    for selector in ("html", "div[role=article]"):
        node = letter_tree.css_first(selector)
        assert (node.attributes["lang"], node.attributes["dir"]) == ("en-GB", "ltr")
    assert letter_tree.css_first("title").text().strip()


def test_every_image_has_an_alt_and_a_width(html: str) -> None:
    for node in tree(html).css("img"):
        assert node.attributes["alt"] is not None
        assert int(node.attributes["width"] or 0) > 0


def test_nothing_in_a_post_becomes_markup_or_script(html: str) -> None:
    assert "<script" not in html.casefold()
    assert not [n for n in tree(html).css("*") if any(a.startswith("on") for a in n.attributes)]


def test_the_letter_can_be_left_in_one_step(html: str) -> None:
    leave = next(a for a in tree(html).css("a") if a.attributes["href"] == HTML_TAGS.unsubscribe)
    assert leave.text() == "Unsubscribe"
    surroundings = leave.parent.attributes.get("style") or "" if leave.parent else ""
    assert "font-size:15px" not in surroundings


def test_no_letter_asks_a_third_party_for_anything(html: str) -> None:
    assert "@import" not in html
    assert "@font-face" not in html
    assert not tree(html).css("link, iframe, video, audio, source, object, embed, form, input")
    sources = [node.attributes["src"] or "" for node in tree(html).css("img")]
    assert all(source.startswith(f"{SITE}/") for source in sources)


def test_notice_address_and_offer_are_in_every_letter(html: str) -> None:
    body = tree(html).body
    assert body is not None
    words = " ".join(body.text(separator=" ").split())
    for said in ("This letter is not therapy.", "12 Harbour Lane, Springfield", "Get matched"):
        assert said in words


def test_six_posts_with_pictures_stay_under_60_kilobytes() -> None:
    posts = [image(n, f"A title of usual length, number {n}", f"{WORDS} {WORDS}") for n in range(1, 7)]
    assert len(letter(posts, intro=INTRO, images=sized(posts)).html) < 60_000


def test_after_the_preheader_the_inbox_finds_no_other_text() -> None:
    made = letter([post(1, "A title", "It begins like this.")])
    hidden = tree(made.html).css_first("body > div")
    assert "display:none;font-size:1px;color:#1a1a1a;" in (hidden.attributes["style"] or "")
    assert hidden.text().startswith("It begins like this.")
    padding = hidden.text().removeprefix("It begins like this.")
    assert set(padding) == {"\u200c", "\xa0"}
    assert len(hidden.text()) > 140


def test_a_preheader_is_cut_at_a_word() -> None:
    made = letter([post(n, f"A rather long title of a post, number {n}") for n in range(1, 7)])
    assert made.preheader.startswith("Also: A rather long title of a post, number 2 · ")
    assert made.preheader.endswith("…")
    assert len(made.preheader) <= 140


@pytest.mark.parametrize(("language", "way"), [("he", "rtl"), ("ar-EG", "rtl"), ("de", "ltr"), ("ur", "rtl")])
def test_the_letter_runs_as_its_language_does(tmp_path: Path, layout: str, language: str, way: str) -> None:
    settings = config(newsletter={"language": language}, digest={"layout": layout})
    html = letter([post(1, "A title")], settings, own=spoken(tmp_path, language)).html
    assert f'<html lang="{language}" dir="{way}"' in html
    assert tree(html).css_first("div[role=article]").attributes["dir"] == way


def test_a_post_in_hebrew_runs_its_own_way_in_an_english_letter(layout: str) -> None:
    posts = [post(1, "In English", WORDS), post(2, HEBREW, HEBREW_WORDS)]
    html = tree(letter(posts, config(digest={"layout": layout})).html)
    ways = {node.text(): node.attributes["dir"] for node in html.css("h2, p[dir]")}
    assert (ways["In English"], ways[HEBREW]) == ("ltr", "rtl")
    assert ways[HEBREW_WORDS] == "rtl"
    aligned = next(node for node in html.css("h2") if node.text() == HEBREW)
    outer = aligned.parent.attributes.get("style") or "" if aligned.parent else ""
    assert "text-align:right" in (aligned.attributes.get("style") or "") + outer


def test_both_schemes_are_declared_and_styled_for_apple_and_for_outlook(layout: str) -> None:
    html = letter([post(1, "A title")], config(digest={"layout": layout})).html
    for name in ("color-scheme", "supported-color-schemes"):
        assert tree(html).css_first(f'meta[name="{name}"]').attributes["content"] == "light dark"
    paper = look(config().theme).dark.paper
    assert "@media not all and (prefers-color-scheme: light)" in html
    assert (
        "(prefers-color-scheme: dark)" not in html
    )  # by day too, where a program takes any question for a yes
    assert f"[data-ogsb] .paper, [data-ogsb] .paper > table {{ background: {paper} !important; }}" in html
    assert "[data-ogsc] .page a {" in html


def test_a_style_sheet_fits_what_gmail_keeps(layout: str) -> None:
    html = letter([post(1, "A title")], config(digest={"layout": layout})).html
    assert sum(len(node.text()) for node in tree(html).css("style")) < 16_000


def test_a_picture_is_never_blown_up_and_never_a_tower() -> None:
    posts = [image(n, f"Number {n}") for n in range(1, 4)]
    sizes = {
        1: Picture(posts[0].image_url, 800, 1600, "A tower"),
        2: Picture(posts[1].image_url, 90, 60, "A mug"),
        3: Picture(None),
    }
    shown = tree(letter(posts, images=sizes).html).css("img")
    assert [(node.attributes["width"], node.attributes["height"]) for node in shown] == [
        ("210", "420"),
        ("90", "60"),
    ]


def shown(posts: list[Post], *pictures: Picture) -> LexborHTMLParser:
    """The letter of these posts with these pictures."""
    return tree(letter(posts, images=dict(zip((p.id for p in posts), pictures, strict=True))).html)


@pytest.mark.parametrize(("width", "is_banner"), [(299, False), (300, True), (1_200, True)])
def test_nothing_under_300_pixels_goes_across_the_letter(width: int, is_banner: bool) -> None:
    found = shown([image(1, "A walk")], Picture(f"{SITE}/a.jpg", width, 200, "A park"))
    assert bool(found.css(".wide img")) is is_banner
    (picture,) = found.css(".picture img")
    assert picture.attributes["alt"] == "A park"
    assert int(picture.attributes["width"] or 0) <= (600 if is_banner else 152)


def test_beside_the_words_of_a_post_stands_its_thumbnail() -> None:
    small = Thumbnail(f"{SITE}/small.jpg", 608, 456)
    wide = Picture(f"{SITE}/a.jpg", 1_000, 100, "A strip", thumbnail=small)
    found = shown([image(1, "A walk"), image(2, "A rest")], wide, wide)
    lead, other = found.css(".picture img")
    assert lead.attributes["src"] == f"{SITE}/a.jpg"
    assert [other.attributes[name] for name in ("src", "width", "height")] == [small.src, "152", "114"]


def test_pictures_beside_posts_have_one_shape_where_the_program_can() -> None:
    sizes = [(1_200, 630), (1_200, 630), (640, 480), (90, 60), (400, 900), (1_200, 630)]
    pictures = [
        Picture(f"{SITE}/{n}.jpg", width, height, "A mug", transparent=n == 5)
        for n, (width, height) in enumerate(sizes)
    ]
    shown_by = [letter_of(pictures[:1] + pictures[n : n + 1]) for n in range(1, 6)]
    assert [bool(found.css(".picture img.shape")) for found in shown_by] == [
        True,
        True,
        False,  # too small
        False,  # upright
        False,  # a drawing, of which nothing may be cut off
    ]
    assert not shown(posts_of(1), pictures[0]).css("img.shape")
    assert "img.shape { aspect-ratio: 4 / 3; object-fit: cover;" in shown_by[0].html


def letter_of(pictures: list[Picture]) -> LexborHTMLParser:
    return shown(posts_of(len(pictures)), *pictures)


def posts_of(number: int) -> list[Post]:
    return [image(n, f"Number {n}") for n in range(1, number + 1)]


def test_a_strip_of_which_there_is_no_thumbnail_is_left_out() -> None:
    strip, portrait = (Picture(f"{SITE}/{w}.jpg", w, 100, "A strip") for w in (1_000, 75))
    found = shown([post(1, "A walk"), image(2, "A rest"), image(3, "A tea")], Picture(None), strip, portrait)
    assert [node.attributes["src"] for node in found.css(".picture img")] == [f"{SITE}/75.jpg"]


def test_what_the_ground_shows_through_keeps_a_light_ground_in_the_dark() -> None:
    pictures = [Picture(f"{SITE}/{n}.png", 600, 400, "A plan", transparent=n == 1) for n in (1, 2)]
    found = shown([image(1, "A walk"), image(2, "A rest")], *pictures)
    clear, solid = found.css(".picture img")
    assert "ground" in (clear.attributes["class"] or "").split()
    assert "ground" not in (solid.attributes["class"] or "").split()
    for start in ("", "[data-ogsb] "):
        light = look(config().theme).light.panel
        assert f"{start}.picture img.ground {{ background: {light} !important; }}" in found.html


def test_a_picture_of_unknown_height_still_shows() -> None:
    posts = [image(1, "A title")]
    shown = tree(letter(posts).html).css_first("img")
    assert shown.attributes["src"] == posts[0].image_url
    assert shown.attributes["alt"] == "Two mugs on a table"
    assert shown.attributes["width"] == "600"
    assert "height" not in shown.attributes


@pytest.mark.parametrize("said", ["", "A walk ", "a  WALK"])
def test_a_picture_of_which_nothing_is_said_shows_no_headline_twice(said: str) -> None:
    posts = [image(1, "A walk"), image(2, "A walk")]
    html = tree(letter(posts, images=dict.fromkeys((1, 2), Picture(posts[0].image_url, alt=said))).html)
    for shown in html.css("img"):
        assert shown.attributes["alt"] == ""
        link = shown.parent
        assert link is not None
        # Whoever points at it gets to the post; for everybody else the title beside it is the link.
        assert link.attributes["href"] in (posts[0].url, posts[1].url)
        assert (link.attributes["aria-hidden"], link.attributes["tabindex"]) == ("true", "-1")
        assert "height" not in shown.attributes  # browsers keep a place of that size free


def test_a_blocked_picture_is_no_higher_than_the_picture_would_be() -> None:
    posts = [image(1, "A walk"), image(2, "A rest"), image(3, "A tea")]
    sizes = {1: Picture(posts[0].image_url, 1200, 630), 2: Picture(posts[1].image_url, 608, 456)}
    styles = [node.attributes["style"] or "" for node in tree(letter(posts, images=sizes).html).css("img")]
    assert "max-height:315px;" in styles[0]
    assert "max-height:114px;" in styles[1]
    assert "max-height" not in styles[2]  # of unknown size


def test_the_plain_layout_has_words_only() -> None:
    posts, pictures = cases()["sample"]
    made = letter(posts, config(digest={"layout": "plain"}), images=pictures)
    assert not tree(made.html).css("img")
    assert len(made.html) < 15_000


def test_both_layouts_have_the_same_text_part() -> None:
    posts, _ = cases()["sample"]
    assert letter(posts).text == letter(posts, config(digest={"layout": "plain"})).text


ORDERS = {"end": "1 2 3 offer", "after_lead": "1 offer 2 3", "both": "1 offer 2 3 quiet"}


@pytest.mark.parametrize("place", list(ORDERS))
def test_the_offer_stands_where_staff_want_it(layout: str, place: str) -> None:
    posts = [post(n, f"Title {n}.", "Words.") for n in range(1, 4)]
    made = letter(posts, config(match={"place": place}, digest={"layout": layout}))
    body = tree(made.html).body
    assert body is not None
    hidden = made.preheader
    for text in (made.text, body.text(separator=" ").replace(hidden, "", 1)):
        found = re.findall(r"Title (\d)|Tell us what[^.]*\.(.*?Get matched)|Get matched", text, re.DOTALL)
        said = [number or ("offer" if whole else "quiet") for number, whole in found]
        assert " ".join(said) == ORDERS[place]


def test_after_a_single_post_the_offer_is_made_once(layout: str) -> None:
    made = letter([post(1, "A title")], config(digest={"layout": layout}))
    assert made.text.count("Get matched") == made.html.count("Get matched") == 1


def test_after_the_fourth_post_titles_and_dates_are_all_that_is_said(layout: str) -> None:
    posts = [image(n, f"Title {n}", f"Words of number {n}.") for n in range(1, 8)]
    made = letter(posts, config(digest={"layout": layout}), images=sized(posts))
    html = tree(made.html)
    for n, one in enumerate(posts, 1):
        in_full = n <= 4
        assert (f"Words of number {n}." in made.html) == (f"Words of number {n}." in made.text) == in_full
        assert html.css_first(f'h{2 if in_full else 3} a[href="{one.url}"]').text() == f"Title {n}"
        assert made.text.count(f"\n{one.url}\n") == 1
    assert "Title 7\n13 November 2025\nhttps://" in made.text
    assert [node.text() for node in html.css("h3")] == ["Title 5", "Title 6", "Title 7"]
    assert "In short" in [node.text() for node in html.css("h2")]
    assert "In short" not in letter(posts[:4]).html


def test_a_long_list_of_titles_is_parted_by_a_quiet_rule(layout: str) -> None:
    rules = [
        (made.html.count("border-top:"), made.text.count("\n* * *\n"))
        for made in (
            letter([post(n, f"Title {n}") for n in range(1, most + 1)], config(digest={"layout": layout}))
            for most in (10, 11, 16)
        )
    ]
    assert [html - rules[0][0] for html, _ in rules] == [0, layout_rules(layout), 2 * layout_rules(layout)]
    assert [text for _, text in rules] == [0, 1, 2]


def layout_rules(layout: str) -> int:
    return 2 if layout == "digest" else 1  # MJML writes a divider for Outlook, too


@pytest.mark.parametrize(
    ("language", "author", "words", "said"),
    [
        ("en-GB", "Tom Berg", 700, "Tom Berg, 19 November 2025 · 3 min read"),
        ("en-GB", "Tom Berg", 0, "Tom Berg, 19 November 2025"),
        ("en-GB", "Tom Berg", 300, "Tom Berg, 19 November 2025"),  # one minute says nothing
        ("en-GB", None, 700, "19 November 2025 · 3 min read"),
        ("en-GB", "Ines Calloway", 700, "19 November 2025 · 3 min read"),  # who signs
        ("en-GB", "Harbour Lane Therapy", 0, "19 November 2025"),  # who sends
        ("de", "Tom Berg", 4_200, "Tom Berg, 19. November 2025, 19 Min. Lesezeit"),
    ],
)
def test_a_date_line_says_what_is_known_and_never_ends_in_a_dot(
    layout: str, language: str, author: str | None, words: int, said: str
) -> None:
    settings = config(digest={"layout": layout}, newsletter={"language": language})
    made = letter([post(1, "A title", "Words.", author=author, words=words)], settings)
    line = tree(made.html).css_first("h2").parent
    quiet = tree(made.html).css(".quiet p, p.quiet")[1]
    assert line is not None
    assert " ".join(quiet.text(separator=" ").split()) == said
    kept = quiet.css_first("span[style]")
    assert (kept is not None) == ("min" in said.casefold())
    if kept is not None and "·" in said:  # the dot is nowhere at the end of a line
        assert "white-space:nowrap" in (kept.attributes["style"] or "")
        assert kept.text().startswith("19 ")
    assert not re.search(r"·\s*$", made.text, re.MULTILINE)


def test_a_long_authors_name_stands_on_a_line_of_its_own_in_the_text_part() -> None:
    made = letter([post(1, "A title", "Words.", author="Maximiliana Konstantinopolskaya of the Harbour")])
    assert "\nMaximiliana Konstantinopolskaya of the Harbour,\n19 November 2025 · 3 min read\n" in made.text


@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Kiritimati", "Europe/Berlin"])
@pytest.mark.parametrize(
    "written", ["2026-11-30", "Mon, 30 Nov 2026 00:00:00 GMT", "Mon, 30 Nov 2026 00:00:00 +0900"]
)
def test_a_date_without_a_time_is_that_day_everywhere(zone: str, written: str) -> None:
    body = f"<rss><channel><item><title>A walk</title><pubDate>{written}</pubDate></item></channel></rss>"
    posts = as_posts(parse(body.encode(), url=SITE).entries)
    made = letter(posts, config(newsletter={"timezone": zone}))
    assert "30 November 2026" in made.text
    assert "30 November 2026" in made.html


def test_a_moment_is_on_the_day_that_it_is_on_there() -> None:
    moment = datetime(2026, 12, 1, tzinfo=UTC)  # on the evening of the day before in New York
    made = letter([post(1, "A walk", published=moment)], config(newsletter={"timezone": "America/New_York"}))
    assert "30 November 2026" in made.text
