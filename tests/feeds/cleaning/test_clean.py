"""HTML of a post to plain text, an excerpt of whole sentences, a lead image."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.feeds.cleaning import clean
from pipeline.feeds.cleaning.excerpt import EXCERPT_CHARS, excerpt, without_title
from pipeline.feeds.cleaning.images import FeedImage, lead_image
from pipeline.feeds.cleaning.text import count_words, cut, one_line
from pipeline.feeds.fetching.address import at_home, shown, web
from tests.feeds.quirk import FEED_URL, entries

# HTML to text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<div>One<div>Two</div>Three</div>", "One\n\nTwo\n\nThree"),
        ("One<br>two<br/><br/>Three", "One two\n\nThree"),
        ("H<sub>2</sub>O and <b>bo</b>ld", "H2O and bold"),
        ("a&nbsp;b&#8203;c &shy;d", "a bc d"),
        ("<p>One<script>alert(1)</script><style>p{}</style><noscript>x</noscript> two</p>", "One two"),
        (
            "<p>Before</p><form><p>Mail <input></p></form><iframe src=x>y</iframe><p>After</p>",
            "Before\n\nAfter",
        ),
        ("<template><p>x</p></template><object>y</object><svg><text>z</text></svg>Words", "Words"),
        ("&lt;p&gt;One&lt;/p&gt;&lt;p&gt;Two &amp;amp; three&lt;/p&gt;", "One\n\nTwo & three"),
        ("<p>Write <code>&lt;br/&gt;</code> for a break</p>", "Write ‹br/› for a break"),
        ("<ul><li>One</li><li>Two</li></ul>", "One\n\nTwo"),
        ('<p>Seen</p><p hidden>x</p><p style="display:none">y</p><p aria-hidden="true">z</p>', "Seen"),
        ("5 < 6 and 7 > 3", "5 < 6 and 7 > 3"),
        ("", ""),
    ],
)
def test_html_becomes_paragraphs(html: str, text: str) -> None:
    assert clean.text(html) == text


REST = "<p>It begins with one breath, and with the next one after that.</p>"
SAID = "It begins with one breath, and with the next one after that."


@pytest.mark.parametrize(
    "heading",
    [
        "<p><strong>How to begin again</strong></p>",
        "<p>“<b>How to begin again&nbsp;</b></p>",
        "<p><strong><a href='/x'>How to</a> <em>begin again</em></strong></p>",
        "<p><strong>How</strong> <b>to begin again</b></p>",
        "<strong><div>How to begin again</div></strong>",
        "<p><STRONG class=x>How to begin again<br></STRONG></p>",
        "<b>How to begin again</b><br><br>",
    ],
)
def test_a_heading_typed_as_a_bold_paragraph_does_not_run_into_the_sentence_after_it(heading: str) -> None:
    assert clean.opening(clean.read(heading + REST)) == SAID
    assert clean.text(heading + REST).endswith(f"How to begin again\n\n{SAID}"), (
        "it is part of the post all the same"
    )


@pytest.mark.parametrize(
    "first",
    [
        "<p><b>How we begin matters.</b></p>",
        "<p><b>How do we begin?</b></p>",
        "<p>How to <b>begin and go on</b> for long</p>",
        f"<p><b>{'How to begin again and go on ' * 8}</b></p>",
        "<p><b>How the rain falls on the street<br>and the wind goes by</b></p>",
    ],
)
def test_what_is_bold_and_more_than_a_heading_is_said(first: str) -> None:
    assert "How" in clean.opening(clean.read(first + REST))


def test_a_post_of_nothing_but_bold_lines_says_them() -> None:
    assert clean.opening(clean.read("<p><b>One thing</b></p><p><b>Another thing</b></p>")).startswith(
        "One thing"
    )


def test_in_a_list_or_a_caption_bold_letters_change_nothing() -> None:
    post = clean.read("<ul><li><b>One</b></li></ul><figure><b>Two</b></figure><h2><b>Three</b></h2>")
    assert [block.kind for block in post.blocks] == ["item", "caption", "heading"]


def test_previous_and_next_are_no_part_of_a_post() -> None:
    (entry,) = entries("previous-next.xml")
    assert (entry.excerpt, entry.words) == ("Breathe in slowly. Breathe out slower.", 6)


def test_share_bars_are_no_part_of_a_post() -> None:
    (entry,) = entries("share-bar.xml")
    assert entry.excerpt == "Breathe in slowly."


def test_sign_up_forms_are_no_part_of_a_post() -> None:
    (entry,) = entries("substack-widgets.xml")
    assert (entry.excerpt, entry.words) == ("What do you need today? Ask it every morning.", 9)


def test_what_wordpress_adds_is_cut_and_the_full_text_speaks_for_a_broken_off_summary() -> None:
    (entry,) = entries("wordpress-footer.xml")
    assert entry.excerpt == (
        "Letting go is a skill, and like every skill it starts small. "
        "Dr. Grey learned it at 5 p.m. on a Monday."
    )
    assert (entry.image_url, entry.image_alt) == ("https://practice.example/leaf.jpg", "A leaf")


def test_a_summary_written_by_hand_is_the_excerpt_and_the_words_are_the_posts() -> None:
    (entry,) = entries("handwritten-summary.xml")
    assert entry.excerpt == "What a falling leaf taught one therapist about endings."
    assert entry.words == 28


def test_an_excerpt_does_not_open_with_the_title_again() -> None:
    text = "A Walk before Breakfast!\n\nTen minutes outside change a morning."
    assert without_title(text, "A walk before breakfast") == "Ten minutes outside change a morning."


@settings(max_examples=150)
@given(
    st.lists(
        st.sampled_from(
            [
                "<p>",
                "</div>",
                "<b ",
                "&lt;",
                "&gt;",
                "<",
                ">",
                "script",
                "<!--",
                "&#0;",
                "a b",
                "\u202e",
                "<![CDATA[",
                '="',
                "\x00",
                "<table><td>",
                "\u200d",
            ]
        )
        | st.text(max_size=6),
        max_size=30,
    ).map("".join)
)
def test_text_of_any_html_has_no_tags_and_no_control_characters(html: str) -> None:
    for plain in (clean.text(html), clean.line(html)):
        assert not re.search(r"<[a-zA-Z/!?]", plain)
        assert not [c for c in plain if c != "\n" and unicodedata.category(c) in ("Cc", "Cs")]
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\ufeff]", plain)


# Excerpts


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Dr. Grey met Ms. Lo at 5 p.m. on Monday. They talked.", 2),
        ("Costs rose 3.5 percent, i.e. a lot, e.g. for J. R. Smith. Then they fell.", 2),
        ("“Is it so?” she asked. “Yes!” He left.", 3),
        ("Wait... what? Well… maybe not. No. Go.", 4),
        ("See no. 5 on the list. It is in the U.S. Senate archive.", 2),
        ("Am 3. Oktober, z.B. morgens, ist es still. Dann nicht mehr.", 2),
        ("(He said so.) She did not. [Nor did they.]", 3),
    ],
)
def test_sentences_end_where_a_reader_says_so(text: str, sentences: int) -> None:
    from pipeline.feeds.cleaning.excerpt import _sentences

    assert len(list(_sentences(text))) == sentences


def test_an_excerpt_is_whole_sentences() -> None:
    text = "The first sentence says what it is about and takes its time for it. " * 9
    found = excerpt(text)
    assert found.endswith("time for it.")
    assert 200 < len(found) <= EXCERPT_CHARS


def test_other_scripts_end_their_sentences_too() -> None:
    assert excerpt("今天天气很好。" * 80).endswith("。")
    assert len(excerpt("今天天气很好。" * 80)) <= EXCERPT_CHARS
    assert excerpt("هل أنت بخير؟ نعم.") == "هل أنت بخير؟ نعم."


def test_a_first_sentence_that_is_too_long_is_cut_at_a_clause() -> None:
    found = excerpt("word " * 50 + "here, " + "and more " * 40)
    assert found.endswith("word here…")


def test_without_clauses_it_is_cut_at_a_word() -> None:
    assert re.fullmatch(r"(word )+word…", excerpt("word " * 400))


def test_what_only_announces_a_list_ends_in_an_ellipsis() -> None:
    assert excerpt("Three things help:") == "Three things help…"
    assert excerpt("A guest today!\n\nSponsored by:") == "A guest today!"


@settings(max_examples=150)
@given(st.text(alphabet="ab .,!?\n…:\"'。é", max_size=900))
def test_an_excerpt_is_made_of_whole_words_of_its_source_and_bounded(text: str) -> None:
    found = excerpt(text)
    assert len(found) <= EXCERPT_CHARS
    assert "\n" not in found
    source = " ".join(text.split())
    kept = found.removesuffix("…")
    assert re.sub(r"[\s…]", "", source).startswith(re.sub(r"[\s…]", "", kept))
    if max(map(len, source.split()), default=0) < 100 and "。" not in source:
        words = [re.sub(r"\W", "", word) for word in source.split()]
        assert all(re.sub(r"\W", "", word) in words for word in kept.split())


# Characters and words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("don't stop the well-being", 4),
        ("3.5 and 1,000", 3),
        ("— … !", 0),
        ("今天天气很好", 3),
        ("ไทยภาษา" * 5, 7),
    ],
)
def test_words_are_counted_as_they_are_read(text: str, words: int) -> None:
    assert count_words(text) == words


def test_joiners_stay_where_they_mean_something() -> None:
    assert one_line("👩\u200d👧 a\u200db می\u200cروم \u200d\u200d") == "👩\u200d👧 ab می\u200cروم"


def test_stacked_marks_are_thinned_out() -> None:
    assert len(one_line("a" + "\u0301" * 50)) == 4


@given(st.text(max_size=80), st.integers(2, 40))
def test_cut_is_bounded(text: str, longest: int) -> None:
    assert len(cut(text, longest)) <= longest


# Images


def test_pixels_and_icons_are_never_the_lead_image() -> None:
    (entry,) = entries("pixels.xml")
    assert (entry.image_url, entry.image_alt) == ("https://practice.example/img/lake.jpg", "A lake & hills")


def test_a_lazy_image_is_found_behind_its_placeholder() -> None:
    assert [entry.image_url for entry in entries("lazy-images.xml")] == [
        "https://practice.example/img/lazy.jpg",
        "https://practice.example/img/m.jpg",
    ]
    (squarespace,) = entries("squarespace-lazy.xml")
    assert squarespace.image_url == "https://images.example/real.jpg?format=1500w"
    assert squarespace.image_alt == "Two chairs"


def test_a_cover_given_as_enclosure_is_an_image_and_a_podcast_is_not() -> None:
    assert [entry.image_url for entry in entries("wix-enclosure.xml")] == [
        "https://static.example/media/cover.png/v1/file.png",
        None,
    ]


def test_of_media_the_largest_image_counts_and_avatars_do_not() -> None:
    assert [entry.image_url for entry in entries("media-content.xml")] == [
        "https://static.example/large.jpg",
        None,
        "https://static.example/thumb.jpg",
    ]


@pytest.mark.parametrize(
    "html",
    [
        '<img src="https://a.example/x.jpg" width="1" height="1">',
        '<img src="https://a.example/x.jpg" style="width:1px;height:1px">',
        '<img src="https://a.example/x.jpg" class="avatar">',
        '<img src="https://stats.wordpress.com/b.gif?v=1">',
        '<img src="https://ad.doubleclick.net/x.jpg">',
        '<img src="https://secure.gravatar.com/avatar/1?s=48">',
        '<img src="https://a.example/icons/share-icon.png">',
        '<img src="javascript:alert(1)">',
        '<img src="ftp://a.example/x.jpg">',
        '<img src="https://a.example/logo.heic">',
        '<img alt="nothing">',
    ],
)
def test_what_is_no_picture_is_passed_over(html: str) -> None:
    assert lead_image((), (html,), FEED_URL, FEED_URL) == (None, None)


def test_a_file_name_is_no_alt_text() -> None:
    assert lead_image((FeedImage("/a.jpg", alt="IMG_2041.JPG"),), (), FEED_URL, FEED_URL)[1] is None


# Addresses


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (" HTTPS://a.example/x y ", "https://a.example/x%20y"),
        ("https://user:pw@a.example/", "https://a.example/"),
        ("javascript:alert(1)", None),
        ("https://a.example/%20ok?x=é", "https://a.example/%20ok?x=%C3%A9"),
        ('https://a.example/"><script>', "https://a.example/%22%3E%3Cscript%3E"),
        ("http://[::1", None),
        ("/only/path", None),
    ],
)
def test_addresses_are_http_and_safe_to_print(address: str, expected: str | None) -> None:
    assert web(address) == expected


def test_what_is_shown_of_an_address_holds_no_secret() -> None:
    assert (
        shown("https://u:p@a.example/f?format=rss&api_key=s3cret#x")
        == "https://a.example/f?format=rss&api_key=…"
    )


def test_only_localhost_is_moved_home() -> None:
    assert at_home("http://localhost:4000/x?y#z", FEED_URL) == "https://practice.example/x?y#z"
    assert at_home("https://other.example/x", FEED_URL) == "https://other.example/x"
