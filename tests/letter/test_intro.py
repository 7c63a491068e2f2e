"""A few lines by staff: Markdown with narrow limits, in HTML and in text."""

from __future__ import annotations

import pytest
from selectolax.lexbor import LexborHTMLParser

from pipeline.core.errors import LetterError
from pipeline.letter.intro import LONGEST, intro
from tests.letter.cases import HEBREW_WORDS
from tests.letter.samples import config, letter, post


def tags(markdown: str) -> list[str]:
    return [node.tag for node in LexborHTMLParser(intro(markdown).html).css("body *")]


def test_paragraphs_emphasis_links_and_lists_are_markdown() -> None:
    assert tags("One *two* **three**\n\n[four](https://x.example/)") == ["p", "em", "strong", "p", "a"]
    assert tags("- one\n- two\n\n3. three\n4. four") == ["ul", "li", "li", "ol", "li", "li"]
    assert tags("Write to <hello@x.example>") == ["p", "a"]


@pytest.mark.parametrize(
    "written",
    [
        "<script>alert(1)</script>",
        "<b onclick=x>Hello</b>",
        "# A heading",
        "    code",
        "`code`",
        "| a | b |\n|---|---|",
        "> quoted",
    ],
)
def test_everything_else_is_words(written: str) -> None:
    assert set(tags(written)) == {"p"}
    body = LexborHTMLParser(intro(written).html).body
    assert body is not None
    assert " ".join(body.text().split()) == " ".join(written.split())


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "/contact",
        "data:text/html,hello",
        "www.example.org",
        "https://",
        "mailto:nobody",
    ],
)
def test_a_link_that_leads_nowhere_from_an_inbox_is_refused(address: str) -> None:
    with pytest.raises(LetterError, match="leads nowhere from an inbox") as raised:
        intro(f"A [link]({address}) in words.")
    assert address in raised.value.message
    assert "beginning with https://" in raised.value.remedy


def test_a_picture_is_never_one() -> None:
    assert "<img" not in intro("![a picture](https://x.example/pixel.gif)").html


def test_in_text_links_stand_below_their_paragraph() -> None:
    made = intro("The [winter hours](https://x.example/hours) and *the* [way](https://x.example/way).\n\nBye")
    assert (
        made.text == "The winter hours and *the* way.\nhttps://x.example/hours\nhttps://x.example/way\n\nBye"
    )


def test_in_text_an_address_is_not_repeated() -> None:
    assert intro("Write to <hello@x.example>.").text == "Write to hello@x.example."


def test_in_text_lists_keep_their_signs() -> None:
    made = intro("- one\n- [two](https://x.example/)\n  - three\n\n7. four\n8. five")
    assert made.text == "- one\n- two\n  https://x.example/\n  - three\n\n7. four\n8. five"


def test_in_text_long_items_hang() -> None:
    lines = intro(f"- {'word ' * 30}").text.split("\n")
    assert lines[0].startswith("- word")
    assert all(line.startswith("  word") for line in lines[1:])
    assert all(len(line) <= 72 for line in lines)


def test_a_line_break_in_the_file_is_none_in_the_letter() -> None:
    assert intro("One\ntwo").text == "One two"
    assert "<br" not in intro("One\ntwo").html


def test_nothing_written_is_nothing_shown() -> None:
    assert intro(" \n ") == ("", "")


def test_an_intro_as_long_as_a_post_is_refused() -> None:
    with pytest.raises(LetterError, match="4,000 are the most"):
        intro("x" * (LONGEST + 1))


def test_tags_of_ours_and_of_jinja_stay_words() -> None:
    made = letter([post(1, "A title")], intro="{{ 7 * 7 }} %%rapport-unsubscribe-html%% & <i>so on</i>")
    assert "49" not in LexborHTMLParser(made.html).css_first("div[role=article]").text()[:400]
    assert made.html.count("%%rapport-unsubscribe-html%%") == 1
    assert "&lt;i&gt;so on&lt;/i&gt;" in made.html


@pytest.mark.parametrize("layout", ["digest", "plain"])
def test_the_intro_stands_above_the_lead(layout: str) -> None:
    made = letter(
        [post(1, "A title", "Words.")], config(digest={"layout": layout}), intro="Hello from *all* of us."
    )
    body = LexborHTMLParser(made.html).body
    assert body is not None
    shown = body.text().replace(made.preheader, "", 1)
    assert 0 < shown.find("Hello from all of us.") < shown.find("A title")
    assert made.text.find("Hello from *all* of us.") < made.text.find("A title")


def test_an_intro_in_hebrew_runs_its_own_way() -> None:
    assert 'dir="rtl"' in intro(HEBREW_WORDS).html
    assert "text-align:right" in intro(HEBREW_WORDS).html


def test_control_characters_of_word_and_terminals_do_no_harm() -> None:
    made = letter([post(1, "A calm morning")], intro="One line,\x0banother,\x07 and \x1ba third.")
    assert "One line, another, and a third." in made.text
    assert "One line, another, and a third." in made.html
