"""A letter from somebody: greeting, opening, sign-off, and the picture beside the name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from pipeline.core.templates import PACKAGED, Templates
from pipeline.letter.personal import HTML_TAGS, TAG, TEXT_TAGS
from pipeline.letter.signature import Opening, opening_of, signer
from tests.letter.samples import INTRO, config, letter, post, sample_blog

if TYPE_CHECKING:
    from pathlib import Path

FIRST = "People often tell us, a few weeks in, what they did just before their first appointment."
REST = (
    "One sat in the car with the engine running. One walked round the block twice, and came in from the rain."
)


@pytest.fixture(params=["digest", "plain"])
def layout(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def signed(**newsletter: Any) -> dict[str, Any]:
    return {"signed_by": "Ines Calloway, Harbour Lane Therapy"} | newsletter


def words(html: str) -> str:
    body = LexborHTMLParser(html).body
    assert body is not None
    return " ".join(body.text(separator=" ").split())


def test_a_letter_greets_opens_with_the_leads_first_words_and_is_signed(layout: str) -> None:
    made = letter([post(1, "A title", f"{FIRST} {REST}")], config(digest={"layout": layout}))
    for said in (words(made.html).replace(made.preheader, "", 1), " ".join(made.text.split())):
        order = [
            said.index(part)
            for part in ("Dear reader,", FIRST, "A title", REST, "With warm wishes,", "This letter is not")
        ]
        assert order == sorted(order)
        assert said.count(FIRST) == 1
        assert "With warm wishes, Ines Calloway Harbour Lane Therapy" in said


def test_staffs_own_words_stand_in_the_place_of_the_opening(layout: str) -> None:
    made = letter([post(1, "A title", f"{FIRST} {REST}")], config(digest={"layout": layout}), intro=INTRO)
    said = " ".join(made.text.split())
    assert said.index("Dear reader, The clocks have gone back") < said.index(f"{FIRST} {REST}")


@pytest.mark.parametrize("own", ["Dear friends,", "Queridas lectoras:", "Hello!"])
def test_who_begins_with_a_greeting_greets_alone(layout: str, own: str) -> None:
    settings, posts = config(digest={"layout": layout}), [post(1, "A title", f"{FIRST} {REST}")]
    made = letter(posts, settings, intro=f"{own}\n\nThe clocks have gone back.")
    for said in (words(made.html), " ".join(made.text.split())):
        assert f"{own} The clocks have gone back." in said
        assert "Dear reader," not in said
        assert "With warm wishes," in said
    for other in (own, f"The clocks have gone back.\n\n{own}", f"{'Long ' * 20}{own}\n\nMore."):
        assert "Dear reader," in letter(posts, settings, intro=other).text


def test_a_layout_of_ones_own_that_knows_no_opening_loses_no_sentence(tmp_path: Path) -> None:
    """As one is that was copied before there were openings, beside parts of ours that were not."""
    ours = (PACKAGED / "letter" / "digest.mjml").read_text(encoding="utf-8")
    (tmp_path / "letter").mkdir()
    former = ours.replace('"lead", true)', '"lead")').replace("{{ opens() }}", "{{ intro }}")
    (tmp_path / "letter" / "digest.mjml").write_text(former, encoding="utf-8")
    made = letter([post(1, "A title", f"{FIRST} {REST}")], own=tmp_path)
    assert f"{FIRST} {REST}" in words(made.html).replace(made.preheader, "", 1)


def test_nobody_who_is_not_named_greets_or_signs(layout: str) -> None:
    settings = config(digest={"layout": layout}, newsletter={"signed_by": ""})
    made = letter([post(1, "A title", f"{FIRST} {REST}")], settings)
    for part in (made.html, made.text):
        assert "Dear reader" not in part
        assert "With warm wishes" not in part
    assert f"{FIRST} {REST}" in " ".join(made.text.split())


@pytest.mark.parametrize(
    ("lead", "opens"),
    [
        ({}, True),
        ({"author": "Ines"}, True),
        ({"author": "Tomas Berglind"}, False),  # "I" would be somebody else
        ({"author": None}, False),
        ({"excerpt": FIRST}, False),  # nothing would be left below the title
        ({"excerpt": "Hello there. " + REST}, True),  # with the sentence after it
        ({"excerpt": f"{FIRST[:-1]} and so on {FIRST * 2} {REST}"}, False),  # more than two lines
        ({"excerpt": f"B12 and Biotin Vitamin Injections Are Now Available at Ours. {REST}"}, False),
        ({"excerpt": f"COURSE OBJECTIVES {FIRST} {REST}"}, False),  # headings
        ({"excerpt": f"After the panic attacks I could not use a lift for two years. {REST}"}, False),
    ],
)
def test_it_opens_with_words_of_who_signs_that_are_whole_and_quiet(lead: dict[str, Any], opens: bool) -> None:
    settings = config(newsletter=signed())
    known = {"author": "Ines Calloway", "excerpt": f"{FIRST} {REST}"} | lead
    found = opening_of(post(1, "A title", **known), signer(settings, ""), Templates(None), "en")
    assert bool(found) is opens
    if found is not None:
        assert f"{found.text} {found.rest}" == known["excerpt"]


def test_what_opens_the_letter_is_two_lines_at_most() -> None:
    for one in sample_blog():
        found = opening_of(
            one, signer(config(newsletter={"signed_by": one.author or ""}), ""), Templates(None), "en"
        )
        assert found is None or (50 <= len(found.text) <= 160 and isinstance(found, Opening))


def test_a_picture_stands_beside_the_name_as_decoration(layout: str) -> None:
    address = "https://harbourlane.example/me.jpg"
    found = signer(config(newsletter=signed()), address)
    assert found == ("Ines Calloway", "Harbour Lane Therapy", address)
    bare = signer(config(newsletter={"signed_by": "Ines Calloway"}), "")
    assert bare == ("Ines Calloway", "", "")
    settings = config(digest={"layout": layout})
    made = letter([post(1, "A title")], settings, portrait=address)
    pictures = LexborHTMLParser(made.html).css("img.portrait")
    shown = [[picture.attributes[name] for name in ("src", "alt", "width")] for picture in pictures]
    assert shown == ([[address, "", "56"]] if layout == "digest" else [])  # the other has words only
    assert "<img" not in letter([post(1, "A title")], settings).html


def test_no_name_of_a_reader_is_in_a_letter() -> None:
    made = letter(sample_blog())
    assert set(TAG.findall(made.html)) == set(HTML_TAGS)
    assert set(TAG.findall(made.text)) == set(TEXT_TAGS)
