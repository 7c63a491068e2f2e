"""The packaged file with values in it: whatever they hold, they are values and nothing else."""

from __future__ import annotations

import tomllib

import pytest

from pipeline.core.first_configuration import Value, acceptable, filled
from pipeline.core.templates import PACKAGED

PACKAGED_TEXT = (PACKAGED / "rapport.toml").read_text()
NAME, ZONE, LOGO = ("newsletter", "name"), ("newsletter", "timezone"), ("theme", "logo")


def test_without_values_it_is_the_packaged_file() -> None:
    assert filled({}) == PACKAGED_TEXT


@pytest.mark.parametrize(
    "text",
    [
        'Quotes " and \\ backslashes',
        'x"\n[delivery]\nprovider = "smtp"\n',
        "x\r[delivery]\r",
        "\x00\x1b[31m\x7f\x85\u2028\ud800",
        '"""',
        "'''",
        "# no remark",
        "Ärzte & Ärztinnen 心",
    ],
)
def test_a_value_cannot_say_more_than_a_value(text: str) -> None:
    made = filled({NAME: Value(text, "found"), LOGO: Value(text)})
    wanted = text.replace("\ud800", "\ufffd")
    data, packaged = tomllib.loads(made), tomllib.loads(PACKAGED_TEXT)
    packaged["newsletter"]["name"] = wanted
    packaged["theme"]["logo"] = wanted
    assert data == packaged
    assert len(made.split("\n")) == len(PACKAGED_TEXT.split("\n"))
    assert all(line.isprintable() for line in made.splitlines())


def test_a_commented_key_is_set_and_a_set_one_is_commented_out() -> None:
    made = filled({LOGO: Value("https://example.net/a.png", "found"), ZONE: Value(None, "yours: say it")})
    lines = {line.partition(" = ")[0]: line for line in made.splitlines()}
    assert lines["logo"].startswith('logo = "https://example.net/a.png" ')
    assert lines["# timezone"].endswith("# yours: say it")
    assert "timezone" not in tomllib.loads(made)["newsletter"]


def test_a_value_that_no_configuration_takes_is_left_out() -> None:
    values = {NAME: Value("Willow"), ZONE: Value("Moon/Base"), LOGO: Value("javascript:alert(1)")}
    assert acceptable(values) == {NAME: Value("Willow")}
