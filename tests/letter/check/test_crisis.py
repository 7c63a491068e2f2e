"""`check` asks for the numbers to be confirmed, and for help in a crisis to come before the offer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from pipeline.core.templates import PACKAGED
from subscribers import clock

if TYPE_CHECKING:
    from pathlib import Path

    from tests.letter.check.conftest import Kitchen, Sample


def confirmed(country: str) -> str:
    return f'country = "{country}"\ncrisis_checked = "{clock.now().date()}"'


def told(letter: Sample, **parts: str) -> list[tuple[str, str, str]]:
    return [(found.name, found.level, found.where) for found in letter.findings(**parts)]


@pytest.mark.parametrize(("layout", "country"), [("digest", "US"), ("plain", "DE")])
def test_confirmed_numbers_are_nothing_to_mend(layout: str, country: str, kitchen: Kitchen) -> None:
    assert told(kitchen.letter(digest=f'layout = "{layout}"', newsletter=confirmed(country))) == []


def test_a_country_without_an_entry_is_told(kitchen: Kitchen) -> None:
    letter = kitchen.letter(newsletter=confirmed("SE"))
    assert told(letter) == [("crisis", "warning", "configuration: newsletter.country")]


@pytest.mark.parametrize(
    ("day", "level"), [("", "warning"), ("2020-01-01", "error")], ids=["never", "years ago"]
)
def test_numbers_that_nobody_confirmed_of_late_are_told(day: str, level: str, kitchen: Kitchen) -> None:
    letter = kitchen.letter(newsletter=f'country = "GB"\ncrisis_checked = "{day}"')
    assert told(letter) == [("crisis", level, "configuration: newsletter.crisis_checked")]


def test_a_letter_that_offers_first_is_told_by_part(sample: Sample) -> None:
    """As a draft is that was composed before the country was written down, or by a template without it."""
    keys = {"country": "GB", "crisis_checked": clock.now().date().isoformat()}
    assert told(sample.configured(newsletter=keys)) == [
        ("crisis", "warning", "template: letter/digest.mjml"),
        ("crisis", "warning", "template: letter/digest.txt"),
    ]


@pytest.mark.parametrize("ending", ["mjml", "txt"])
def test_help_below_the_offer_is_told(ending: str, kitchen: Kitchen, tmp_path: Path) -> None:
    (tmp_path / "letter").mkdir()
    source = (PACKAGED / "letter" / f"digest.{ending}").read_text(encoding="utf-8")
    swapped, found = re.subn(r"(\{\{ help\(\) \}\})(\s*)(\{\{ offer\(\) \}\})", r"\3\2\1", source)
    assert found == 2  # after the lead, and at the end
    (tmp_path / "letter" / f"digest.{ending}").write_text(swapped, "utf-8")
    letter = kitchen.letter(newsletter=confirmed("US"), theme=f'templates = "{tmp_path}"')
    assert told(letter) == [("crisis", "warning", f"template: letter/digest.{ending}")]


def test_where_the_offer_leads_may_be_linked_in_the_intro(kitchen: Kitchen) -> None:
    letter = kitchen.letter(newsletter=confirmed("US"))
    (address,) = set(re.findall(r'href="([^"]+/contact)"', letter.edition["html"]))
    intro = f"We have [room]({address}) again."
    html = letter.edition["html"].replace("<h2", f'<p>We have <a href="{address}">room</a> again.</p><h2', 1)
    text = f"We have room again:\n{address}\n\n{letter.edition['text']}"
    assert told(letter, html=html, text=text, intro=intro) == []
    assert len(told(letter, html=html, text=text)) == 2
