"""A letter as its page shows it: all that it says, and nothing of the reader whom it was mailed to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.letter.archived import Article, Shown, article
from pipeline.letter.personal import HOSTED_TAGS, HTML_TAGS
from tests.letter.samples import INTRO, config, letter, post, sample_blog

COPY = "https://letter.example.org/images/0a.jpg"
TOKEN = "A" * 44
FRAME = ("Harbour Lane Letter", "Harbour Lane Therapy", "12 Harbour Lane, Springfield", "20 November 2025")


def hosted(address: str) -> Shown | None:
    return Shown("/images/0a.jpg", 600, 450) if address == COPY else None


def read(html: str, title: str = "A title") -> Article:
    return article(html, title, "weekly-1", hosted, FRAME)


@pytest.mark.parametrize("layout", ["digest", "plain"])
def test_a_letter_says_all_that_it_said_and_holds_no_tag(layout: str) -> None:
    posts = sample_blog()
    settings = config(digest={"layout": layout})
    made = letter(posts, settings, intro=INTRO)
    shown = read(made.html, made.subject)
    for one in posts:
        assert one.title.replace("'", "’") in shown.html.replace("&#x27;", "’")
        assert f'href="{one.url}"' in shown.html
    for said in ("winter hours", "Tell us what you need", "This letter is not therapy."):
        assert said in shown.html
    for personal in ("%%", "Unsubscribe", "Change what you get", "Read it in your browser", "/archive/"):
        assert personal not in shown.html
    for layouts in ("<table", "<td", "<div style", "style=", "<!--", "<h1", "\u200c"):
        assert layouts not in shown.html


@pytest.mark.parametrize("layout", ["digest", "plain"])
def test_a_letter_made_long_ago_is_read_as_well(layout: str) -> None:
    golden = Path(__file__).with_name("golden") / f"{layout}.html"
    shown = read(golden.read_text(), "What happens in a first session")
    assert shown.html.count("<h2") >= 6
    assert "Also: Whose turn" not in shown.html  # the preheader, which no page shows


PERSONAL = {
    "our tags": f'<p><a href="{HTML_TAGS.unsubscribe}">A</a> · <a href="{HTML_TAGS.preferences}">B</a></p>',
    "SendGrid's": f'<p><a href="{HOSTED_TAGS.unsubscribe}">Leave</a></p>',
    "a tag as text": f"<p>Leave: {HTML_TAGS.unsubscribe}</p>",
    "a tag within an address": f'<p><a href="https://example.org/?to={HTML_TAGS.unsubscribe}">Leave</a></p>',
    "an own page that staff pasted": f'<p><a href="https://letter.example.org/preferences/{TOKEN}">Mine</a></p>',
    "the same as text": f"<p>https://letter.example.org/unsubscribe/{TOKEN}</p>",
    "a link of a mail that asks": f'<td><a href="https://letter.example.org/confirm/{TOKEN}">Yes</a></td>',
    "the link to this page": '<p><a href="https://letter.example.org/archive/weekly-1">Browser</a></p>',
    "the same with its key": '<p><a href="http://old.example/x/archive/weekly-1?key=abc">Browser</a></p>',
    "in a picture": f'<a href="{HTML_TAGS.unsubscribe}"><img src="{COPY}" alt="Leave"></a>',
}


@pytest.mark.parametrize("html", PERSONAL.values(), ids=PERSONAL)
@pytest.mark.parametrize("first", [True, False], ids=["above", "below"])
def test_no_persons_link_is_left_wherever_a_template_puts_it(html: str, first: bool) -> None:
    story = "<h2>A story</h2><p>It begins here.</p>"
    shown = read(f"<body>{html}{story}</body>" if first else f"<body>{story}{html}</body>").html
    assert "It begins here." in shown
    for left in ("rapport-", TOKEN, "archive/weekly-1", "<a ", "<img"):
        assert left not in shown


@pytest.mark.parametrize(
    "footer",
    [
        f'<p>You can <a href="{HTML_TAGS.unsubscribe}">leave</a> at any time.</p>',
        f"<p>To leave, open {HTML_TAGS.unsubscribe}</p>",
        f'<ul><li>Or <a href="{HTML_TAGS.preferences}">choose</a></li></ul>',
    ],
)
def test_a_sentence_about_a_personal_link_goes_with_it(footer: str) -> None:
    assert read(f"<p>A story.</p>{footer}").html == "<p>A story.</p>\n"


def test_a_paragraph_that_says_something_else_beside_a_personal_link_stays() -> None:
    kept = read(
        f'<p>Our <a href="https://example.org/hours">hours</a> · <a href="{HTML_TAGS.unsubscribe}">A</a></p>'
    )
    assert kept.html == '<p>Our <a href="https://example.org/hours">hours</a></p>\n'
    long = "A sentence of the letter itself. " * 12
    assert "of the letter itself" in read(f'<p>{long}<a href="{HTML_TAGS.unsubscribe}">Leave</a></p>').html


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        '<p onclick="x()" style="color:red" id="a">',
        '<a href="javascript:alert(1)">here</a>',
        '<a href="data:text/html,x">here</a>',
        '<iframe src="https://evil.example"></iframe>',
        '<form action="https://evil.example"><input name="a"></form>',
        '<p dir="&quot; onclick=&quot;x()">here</p>',
        "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>",
        '<svg onload="x()"><script>x()</script></svg>',
    ],
)
def test_nothing_in_a_letter_runs_or_asks_on_a_page(html: str) -> None:
    shown = read(f"{html}<p>After.</p>").html
    assert "After." in shown
    for bad in (
        "<script",
        'onclick="',
        "javascript:",
        "data:",
        "<iframe",
        "<form",
        "<input",
        "<svg",
        "style=",
    ):
        assert bad not in shown


def test_only_pictures_of_our_own_are_shown_with_their_size() -> None:
    shown = read(
        f'<a href="https://example.org/1"><img src="{COPY}" alt="Mugs" width="152" height="1"></a>'
        '<a href="https://example.org/2"><img src="https://cdn.example/far.jpg" alt="Far"></a>'
    ).html
    assert '<img src="/images/0a.jpg" alt="Mugs" width="152" height="114" class="small">' in shown
    assert "cdn.example" not in shown
    assert "https://example.org/2" not in shown  # a link around nothing


def test_a_decorating_picture_stays_out_of_the_way_of_who_cannot_see_it() -> None:
    hidden = '<a href="https://example.org/1" aria-hidden="true" tabindex="-1">'
    assert f'{hidden}<img src="/images/0a.jpg" alt=""' in read(f'{hidden}<img src="{COPY}" alt=""></a>').html


def test_help_in_a_crisis_keeps_its_numbers() -> None:
    given = '<p lang="en"><b style="color:red"><a href="tel:988">988</a></b>, <a href="sms:988">988</a></p>'
    assert read(given).html == given.replace(' style="color:red"', "") + "\n"


def test_what_is_hidden_in_mail_is_hidden_here() -> None:
    hidden = '<div style="display:none">Preheader</div><img style="display: none;" src="x" alt="Dark logo">'
    assert read(f"{hidden}<p>Seen.</p>").html == "<p>Seen.</p>\n"


def test_the_heading_that_only_repeats_the_title_stands_apart_with_its_link() -> None:
    whole = '<h1>Harbour Lane Letter</h1><p>20 November 2025</p><h2><a href="https://e.example/1">One</a></h2><p>Text.</p>'
    shown = read(whole, "One")
    assert (shown.url, shown.body) == ("https://e.example/1", "<p>Text.</p>\n")
    assert shown.html.startswith('<h2><a href="https://e.example/1">One</a></h2>')
    assert "<h2>" in read(whole.replace("One", "Another"), "One").body


def test_a_letter_that_greets_repeats_its_title_as_little() -> None:
    picture = '<a href="https://e.example/1"><img src="https://e.example/1.jpg" alt="A mug"></a>'
    above = f"<p>Dear reader,</p><p>An opening.</p>{picture}"
    whole = f'{above}<h2><a href="https://e.example/1">One</a></h2><p>Text.</p><h2>Two</h2>'
    shown = read(whole.replace("https://e.example/1.jpg", COPY), "One")
    assert shown.url == "https://e.example/1"
    assert [re.sub(r"<img[^>]*>", "<img>", line) for line in shown.body.split("\n")[:-1]] == [
        "<p>Dear reader,</p>", "<p>An opening.</p>", "<hr>",
        '<p><a href="https://e.example/1"><img></a></p>', "<p>Text.</p>", "<h2>Two</h2>",
    ]  # fmt: skip
    assert shown.html.index("Dear reader,") < shown.html.index("<h2>")
    assert "<h2>Two</h2>" in read(whole, "Two").body


def test_the_portrait_of_who_signs_does_not_stand_at_the_side_as_pictures_of_posts_do() -> None:
    for html, kind in (('class="portrait"', "portrait"), ("", "small")):
        shown = read(f'<img {html} src="{COPY}" alt="" width="56"><p>Ines Calloway</p>').html
        assert f'class="{kind}"' in shown


def test_lists_quotations_and_rules_stay_what_they_are() -> None:
    html = "<ul><li>One</li><li><b>Two</b></li></ul><blockquote><p>Said.</p></blockquote><hr><p>End.</p><hr>"
    assert read(html).html.split("\n")[:-1] == [
        "<ul>", "<li>One</li>", "<li><b>Two</b></li>", "</ul>",
        "<blockquote>", "<p>Said.</p>", "</blockquote>", "<hr>", "<p>End.</p>",
    ]  # fmt: skip


def test_words_are_counted_as_a_reader_reads_them() -> None:
    assert read('<h2>Two words</h2><p>and <a href="https://example.org/a/b/c">three more</a></p>').words == 5
    assert read("").words == 0


def test_right_to_left_stays_right_to_left() -> None:
    made = letter([post(1, "מה קורה בפגישה", "טקסט ראשון.")])
    assert '<h2 dir="rtl">' in read(made.html).html
