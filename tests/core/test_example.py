"""The example's values do not go out: which they are, where they stand, and when they are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.core.errors import ConfigError
from pipeline.core.example import left, must_be_own, own_values
from pipeline.core.settings import load
from pipeline.core.templates import PACKAGED

if TYPE_CHECKING:
    from pathlib import Path

PACKAGED_TEXT = (PACKAGED / "rapport.toml").read_text()
SMTP = {"RAPPORT_DELIVERY__PROVIDER": "smtp", "RAPPORT_NEWSLETTER__PUBLIC_URL": "https://letter.example.net"}
RELAY = SMTP | {"RAPPORT_DELIVERY__SMTP__HOST": "mail.example.net"}
IN_THE_LETTER = {
    "newsletter.from_name",
    "newsletter.reply_to",
    "newsletter.postal_address",
    "match.url",
}
OWN = {
    "Example Practice": "Willow Practice",
    "hello@example.org": "hello@example.net",
    "1 Main Street, Springfield": "2 Side Street, Springfield",
    "https://example.org/contact": "https://example.net/contact",
    "letter@example.org": "letter@example.net",
    "https://example.org/blog?format=rss": "https://example.net/feed",
}


def refused(folder: Path, text: str, environment: dict[str, str]) -> set[str]:
    (folder / "rapport.toml").write_text(text)
    config, _ = load(folder / "rapport.toml", environment)
    return {one.key for one in left(config) if one.refused}


def with_own_but(*values: str) -> str:
    text = PACKAGED_TEXT
    for value, own in OWN.items():
        text = text if value in values else text.replace(value, own)
    return text


def test_what_is_made_up_is_marked_in_the_packaged_file_and_nowhere_else() -> None:
    assert {one.value for one in own_values()} == {*OWN, "https://letter.example.org"}
    assert all(f'"{one.value}"' in PACKAGED_TEXT for one in own_values())


@pytest.mark.parametrize("value", OWN)
def test_one_value_of_the_example_is_enough_to_refuse_real_mail(tmp_path: Path, value: str) -> None:
    assert refused(tmp_path, with_own_but(), RELAY) == set()
    (only,) = refused(tmp_path, with_own_but(value), RELAY)
    assert f'{only.rpartition(".")[2]} = "{value}"' in PACKAGED_TEXT


def test_spaces_and_capitals_make_no_value_of_ones_own(tmp_path: Path) -> None:
    text = PACKAGED_TEXT.replace('"1 Main Street, Springfield"', '"  1 main street,  SPRINGFIELD "')
    text = text.replace('"https://example.org/contact"', '"https://Example.org/contact/"')
    assert refused(tmp_path, text, SMTP) == IN_THE_LETTER


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("1 Main Street, Springfield", "1, Main Street Springfield."),
        ("1 Main Street, Springfield", "1 Main St., Springfield"),
        ("1 Main Street, Springfield", "1 Main Street"),
        ("1 Main Street, Springfield", "1 Main Street\\nSpringfield"),
        ("Example Practice", "EXAMPLE-PRACTICE"),
        ("https://example.org/contact", "http://www.example.org/contact/?from=letter"),
        ("hello@example.org", "Hello@Example.ORG"),
    ],
)
def test_another_spelling_makes_no_value_of_ones_own(tmp_path: Path, value: str, written: str) -> None:
    text = with_own_but(value).replace(f'"{value}"', f'"{written}"')
    assert len(refused(tmp_path, text, RELAY)) == 1


def test_a_value_that_only_resembles_the_example_is_ones_own(tmp_path: Path) -> None:
    text = with_own_but().replace("2 Side Street, Springfield", "1 Main Street, Springfield, IL 62701")
    assert refused(tmp_path, text, RELAY) == set()


def test_only_a_server_on_this_machine_may_know_addresses_at_example_org(tmp_path: Path) -> None:
    assert refused(tmp_path, PACKAGED_TEXT, SMTP) == IN_THE_LETTER
    assert refused(tmp_path, PACKAGED_TEXT, RELAY) == {
        *IN_THE_LETTER,
        "newsletter.from_email",
        "feeds[1].url",
    }


def test_the_offer_of_a_variant_counts_too(tmp_path: Path) -> None:
    text = (
        with_own_but()
        + '\n[[match.variants]]\ncategories = ["couples"]\nurl = "https://example.org/contact"\n'
    )
    assert refused(tmp_path, text, SMTP) == {"match.variants[1].url"}


def test_the_outbox_takes_everything_and_it_is_still_told(tmp_path: Path) -> None:
    assert refused(tmp_path, PACKAGED_TEXT, {}) == set()
    config, _ = load(tmp_path / "rapport.toml", {})
    must_be_own(config)
    assert {one.key for one in left(config)} == IN_THE_LETTER


def test_the_refusal_names_file_line_and_variable(tmp_path: Path) -> None:
    file = tmp_path / "rapport.toml"
    file.write_text(with_own_but("1 Main Street, Springfield"))
    line = next(
        n for n, text in enumerate(file.read_text().splitlines(), 1) if text.startswith("postal_address")
    )
    config, _ = load(file, SMTP | {"RAPPORT_NEWSLETTER__REPLY_TO": "hello@example.org"})
    with pytest.raises(ConfigError) as caught:
        must_be_own(config)
    assert caught.value.message.splitlines() == [
        "environment variable RAPPORT_NEWSLETTER__REPLY_TO: newsletter.reply_to is still the example's, "
        "“hello@example.org”.",
        f"{file}:{line}: newsletter.postal_address is still the example's, “1 Main Street, Springfield”.",
    ]
