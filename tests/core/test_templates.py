"""Where templates are looked for: the operator's folder before ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pipeline.core.config import Config
from pipeline.core.errors import ConfigError
from pipeline.core.templates import PACKAGED, Templates

if TYPE_CHECKING:
    from pathlib import Path

DIGEST = "letter/digest.mjml"
WORDS = "words/en.toml"


@pytest.fixture
def own(tmp_path: Path) -> Templates:
    for name in (DIGEST, WORDS):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(f"mine: {name}")
    return Templates(tmp_path)


def test_the_operators_file_stands_in_for_ours(own: Templates) -> None:
    assert own.own is not None
    assert own.file(DIGEST) == own.own / DIGEST
    assert own.text(DIGEST) == f"mine: {DIGEST}"


def test_a_file_that_the_operator_has_not_is_ours(own: Templates) -> None:
    assert own.file("letter/digest.txt") == PACKAGED / "letter/digest.txt"
    assert own.text("letter/digest.txt") == (PACKAGED / "letter/digest.txt").read_text()


def test_a_file_that_nobody_has_is_named_where_ours_would_be_and_says_nothing(own: Templates) -> None:
    assert own.file("letter/other.mjml") == PACKAGED / "letter/other.mjml"
    assert own.text("letter/other.mjml") == ""


def test_layers_end_with_the_operators_and_keep_the_order_of_names(own: Templates) -> None:
    assert own.own is not None
    german = "words/de.toml"
    assert list(own.layers(WORDS, german)) == [PACKAGED / WORDS, PACKAGED / german, own.own / WORDS]


def configured(templates: str) -> Config:
    values: dict[str, Any] = {
        "newsletter": {"name": "A", "from_email": "letter@example.org"},
        "feeds": [{"url": "https://example.org/feed"}],
        "theme": {"templates": templates},
    }
    return Config.model_validate(values)


def test_the_folder_is_taken_from_where_the_configuration_stands(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    assert Templates.of(configured("mine"), tmp_path) == Templates(tmp_path / "mine")
    assert Templates.of(configured(""), tmp_path) == Templates()


def test_a_folder_that_is_not_there_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"theme\.templates: there is no folder .*/none"):
        Templates.of(configured("none"), tmp_path)
