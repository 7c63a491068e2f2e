"""Links of the offer that are counted: in which letters they stand, and what everybody else is shown."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.core.templates import Templates
from pipeline.letter.clicks import direct_html, direct_text
from pipeline.letter.note import read_note
from pipeline.letter.render import Letter, render_note
from tests.letter.samples import NOW, SITE, config, letter, sample_blog

GO = f"{SITE}/go/weekly-1"
TARGET = "https://practice.example/get-matched"


def made(url: str = TARGET, *, counted: bool = True, **sections: Any) -> Letter:
    match = {"url": url, "count_clicks": counted}
    return letter(sample_blog(), config(match=match, newsletter={"public_url": SITE}, **sections))


def links(of: Letter) -> list[dict[str, str]]:
    return [{"name": one.name, "address": one.address, "target": one.target} for one in of.links]


@pytest.mark.parametrize("layout", ["digest", "plain"])
def test_offer_and_last_line_lead_through_links_of_their_own_in_both_parts(layout: str) -> None:
    counted = made(digest={"layout": layout})
    for part in (counted.html, counted.text):
        assert part.index(f"{GO}/offer") < part.index(f"{GO}/end")
        assert TARGET not in part
    assert links(counted) == [
        {"name": name, "address": f"{GO}/{name}", "target": TARGET} for name in ("offer", "end")
    ]


@pytest.mark.parametrize(
    "target",
    [TARGET, "https://practice.example/?a=1&b=<2>&c='3'", "https://präxis.example/größe", f"{SITE}/contact"],
)
@pytest.mark.parametrize("layout", ["digest", "plain"])
def test_seen_through_it_is_to_the_byte_the_letter_of_which_nothing_is_counted(
    layout: str, target: str
) -> None:
    counted, plain = (made(target, counted=on, digest={"layout": layout}) for on in (True, False))
    assert plain.links == ()
    assert direct_html(counted.html, links(counted)) == plain.html
    assert direct_text(counted.text, links(counted)).rstrip("\n\u200c") == plain.text.rstrip("\n\u200c")


@pytest.mark.parametrize(
    "target",
    ["mailto:hello@practice.example", f"{GO}/offer", "https://" + "ä" * 300 + ".example/"],
    ids=["a mail", "the link itself", "no possible host"],
)
def test_what_no_redirect_can_lead_to_is_linked_as_it_is(target: str) -> None:
    counted = made(target)
    assert counted.links == ()
    assert f'"{GO}/end"' not in counted.html


def test_a_notes_offer_is_counted_unless_the_note_is_for_some_readers_only() -> None:
    settings = config(match={"url": TARGET, "count_clicks": True}, newsletter={"public_url": SITE})
    note = read_note('---\nsubject = "Closed"\n---\nWe are closed.', "note.md")
    for for_all in (True, False):
        said = render_note(
            settings, Templates(None), settings.digests[0], note, slug="weekly-1", due=NOW, for_all=for_all
        )
        assert (f"{GO}/offer" in said.html) is for_all
        assert (TARGET in said.html) is not for_all
        assert bool(said.links) is for_all
