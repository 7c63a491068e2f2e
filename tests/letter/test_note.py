"""A note: a file by staff, in Markdown, as the whole text of a letter in either layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from selectolax.lexbor import LexborHTMLParser

from pipeline.core.errors import LetterError
from pipeline.core.templates import Templates
from pipeline.letter.note import LONGEST, body, images_of, read_note
from pipeline.letter.render import Letter, render_note
from tests.letter.cases import HEBREW_WORDS
from tests.letter.samples import NOW, Picture, config

if TYPE_CHECKING:
    from pipeline.core.config import Config

SUBJECT = '---\nsubject = "Winter hours"\n---\n'
PICTURE = "https://harbourlane.example/dusk.jpg"


def shown(text: str, layout: str = "digest", settings: Config | None = None, **values: str) -> Letter:
    settings = settings or config(digest={"layout": layout})
    above = "".join(f"{key} = {value}\n" for key, value in values.items())
    note = read_note(SUBJECT.replace("---\n", f"---\n{above}", 1) + text, "note.md")
    pictures = {PICTURE: Picture(PICTURE, 1024, 512)}
    return render_note(
        settings, Templates(None), settings.digests[0], note, slug="weekly-2", due=NOW, pictures=pictures
    )


def tags(text: str, layout: str = "digest") -> list[str]:
    """The elements that are made of what staff wrote."""
    made = body(text, layout, "ltr", "#123456", {PICTURE: Picture(PICTURE, 1024, 512)})
    return [node.tag for node in LexborHTMLParser(made.html).css("body *")]


@pytest.mark.parametrize("layout", ["digest", "plain"])
def test_what_a_note_may_hold_is_markup_in_both_layouts(layout: str) -> None:
    text = (
        "# One\n\nSome *two* **three** [four](https://x.example/).\n\n- five\n\n> six\n\n"
        f"![seven]({PICTURE})\n\n---\n"
    )
    made = shown(text, layout)
    for tag in ("h2", "em", "strong", "a", "ul", "li", "blockquote", "img", "hr"):
        assert tag in tags(text, layout), tag
    assert made.html.isascii()
    (image,) = LexborHTMLParser(made.html).css(f'img[src="{PICTURE}"]')
    expected = {"src": PICTURE, "alt": "seven", "width": "512", "height": "256"}
    assert expected.items() <= image.attributes.items()


@pytest.mark.parametrize("layout", ["digest", "plain"])
def test_html_in_a_note_is_words(layout: str) -> None:
    text = "<script>alert(1)</script> <b onclick=x>bold</b> {{ 1 + 1 }} %%rapport-unsubscribe-html%%"
    assert set(tags(text, layout)) == {"p"}
    made = shown(text, layout)
    assert made.html.count("%%rapport-unsubscribe-html%%") == 1
    assert "<script" not in made.html
    assert "bold" in made.text


@pytest.mark.parametrize("layout", ["digest", "plain"])
def test_tables_and_code_keep_their_form(layout: str) -> None:
    text = (
        "| Day | Hours |\n|---|:-:|\n| Monday | *9* to 12 |\n\n"
        "```text\nred  <b>\n  green\n```\n\n- ```\n  blue\n  ```\n\nUse `x`.\n"
    )
    assert {"table", "th", "td", "pre", "code"} <= set(tags(text, layout))
    made = shown(text, layout)
    assert "Day | Hours\nMonday | *9* to 12\n\nred  <b>\n  green\n\n  blue\n\nUse x." in made.text
    assert "<b>" not in made.html.partition("red ")[2][:40]


def test_an_address_in_words_is_a_link_without_the_signs_around_it() -> None:
    made = shown(
        "See https://x.example/page. And (https://x.example/b), or [https://x.example/c](https://x.example/c)."
    )
    links = [node.attributes["href"] for node in LexborHTMLParser(made.html).css('a[href^="https://x."]')]
    assert links == ["https://x.example/page", "https://x.example/b", "https://x.example/c"]
    assert made.text.count("https://x.example/page") == 1


def test_the_text_part_says_the_same_in_the_form_of_text() -> None:
    made = shown(
        "# First\n\nSome *words*.\n\n## Second\n\n1. one\n   - two\n\n> quoted [words](https://x.example/)\n\n"
        f"![A harbour]({PICTURE})\n\n***\n\nThe end.\n"
    )
    said = made.text.partition("Dear reader,\n\n")[2].partition("\n\n\nLooking for")[0]
    assert said == (
        "First\n=====\n\nSome *words*.\n\nSecond\n------\n\n1. one\n  - two\n\n"
        "> quoted words\n> https://x.example/\n\n[A harbour]\n\n* * *\n\nThe end."
    )


@pytest.mark.parametrize("layout", ["digest", "plain"])
def test_the_offer_stands_below_unless_it_is_left_out(layout: str) -> None:
    offer = "https://harbourlane.example/contact"
    with_it, without = shown("Hello.", layout), shown("Hello.", layout, offer="false")
    assert offer in with_it.html
    assert offer in with_it.text
    assert offer not in without.html + without.text
    for part in (without.html, without.text):
        assert "%%rapport-unsubscribe-" in part
        assert "12 Harbour Lane" in part


def test_headings_begin_below_the_letters_own_and_leave_out_no_level() -> None:
    headings = [tag for tag in tags("### Third\n\n# First\n\n###### Sixth\n") if tag[0] == "h"]
    assert headings == ["h3", "h2", "h4"]


def test_help_in_a_crisis_stands_before_the_offer() -> None:
    settings = config(newsletter={"country": "US", "crisis_checked": "2025-11-01"})
    text = shown("Hello.", settings=settings).text
    assert text.index("Hello.") < text.index("988") < text.index("Looking for a therapist?")
    assert "988" in shown("Hello.", settings=settings, offer="false").text


def test_the_preheader_is_the_files_or_the_first_words() -> None:
    assert shown("# Title\n\nSome *words* [here](https://x.example/).").preheader == "Title Some words here."
    assert shown("Some words.", preheader='"What it is"').preheader == "What it is"


def test_a_note_in_hebrew_runs_from_right_to_left() -> None:
    html = shown(f"> {HEBREW_WORDS}").html
    assert "border-right:3px solid;text-align:right" in html


@pytest.mark.parametrize(
    "above",
    [
        '---\nsubject = "A: b"\noffer = false\nannounce = true\n---\n',
        "+++\nsubject = 'A: b'\noffer = false\n\n# a remark\nannounce = true\n+++\n",
        "---\r\nsubject: A: b\r\noffer: no\r\nannounce: yes\r\n---\r\n",
    ],
)
def test_front_matter_is_read_in_the_forms_that_people_write(above: str) -> None:
    note = read_note(f"{above}Hello.", "note.md")
    assert (note.subject, note.offer, note.announce) == ("A: b", False, True)
    assert note.markdown == "Hello."


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("Hello.", "note.md:1: The note has no subject."),
        ("---\npreheader: x\nsubject =\n---\nHello.", "note.md:3: The note has no subject."),
        ("---\nsubject: x\nHello.", "note.md:1: The front matter that begins here has no end."),
        ("---\nsubject: x\nnonsense\n---\nHello.", "note.md:3: 'nonsense' is no line like key = value."),
        ("---\nsubejct: x\n---\nHello.", "note.md:2: 'subejct' is not a known key. Did you mean subject?"),
        ("---\nsubject: x\nsubject: y\n---\nHello.", "note.md:3: subject is said twice."),
        ('---\nsubject: "x\n---\nHello.', "note.md:2: The quotation marks do not close."),
        ("---\nsubject: x\noffer = perhaps\n---\nHello.", "note.md:3: offer is 'perhaps'."),
        ("---\nsubject: x\n---\n \n", "note.md:4: The note says nothing."),
        (
            f"---\nsubject: {'x' * 301}\n---\nHello.",
            "note.md: The subject has 301 characters; 300 are the most.",
        ),
        (
            f"---\nsubject: x\npreheader: {'x' * 501}\n---\nHello.",
            "note.md: The preheader has 501 characters",
        ),
        ("---\nsubject: a\x00b\n---\nHello.", "note.md: The subject holds a control character."),
        (f"{SUBJECT}\nOne.\n\nTwo \x1b]0;x\x07.", "note.md:7: There is a control character."),
        (f"{SUBJECT}{'x' * (LONGEST + 1)}", f"note.md: The note has {LONGEST + 1:,} characters"),
        (f"{SUBJECT}\nOne.\n\nTwo [here](/contact).", "note.md:7: The note links to '/contact'"),
        (f"{SUBJECT}[x](javascript:alert(1))", "note.md:4: The note links to 'javascript:alert(1)'"),
        (f"{SUBJECT}![x](dusk.jpg)", "note.md:4: The note shows 'dusk.jpg'"),
        (f"{SUBJECT}![x](data:image/png;base64,xx)", "note.md:4: The note shows 'data:image/png"),
        (f"{SUBJECT}![x](mailto:a@x.example)", "note.md:4: The note shows 'mailto:a@x.example'"),
    ],
)
def test_what_cannot_be_sent_names_file_and_line(source: str, says: str) -> None:
    with pytest.raises(LetterError) as refused:
        read_note(source, "note.md")
    assert f"{refused.value.message} {refused.value.remedy}".startswith(says)
    assert refused.value.remedy


def test_a_picture_is_named_once_and_shown_where_it_lies_while_nothing_is_known_of_it() -> None:
    twice = f"![a]({PICTURE}) ![b]({PICTURE}) ![c](https://x.example/c.png)"
    assert [image.src for image in images_of(twice)] == [PICTURE, "https://x.example/c.png"]
    html = shown(twice).html
    assert 'src="https://x.example/c.png" alt="c" width="512"' in html
