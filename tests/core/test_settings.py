"""The configuration: defaults, the environment, and errors that name file, line, key and remedy."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from pipeline.core.errors import ConfigError
from pipeline.core.settings import load
from pipeline.core.templates import PACKAGED

if TYPE_CHECKING:
    from pathlib import Path

LEAST = """[newsletter]
name = "The Weekly Letter"
from_email = "letter@example.org"

[[feeds]]
url = "https://example.org/blog?format=rss"
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "rapport.toml"
    file.write_text(text)
    return file


def refused(folder: Path, text: str, environment: dict[str, str] | None = None) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(written(folder, text), environment or {})
    return caught.value


def test_a_newsletter_and_a_feed_are_enough(tmp_path: Path) -> None:
    config, folder = load(written(tmp_path, LEAST), {})
    assert folder == tmp_path
    assert [digest.name for digest in config.digests] == ["weekly"]
    assert config.digests[0].backlog == timedelta(days=7)
    assert (config.delivery.provider, config.database.url) == ("outbox", "sqlite:///rapport.db")


def test_the_example_that_init_writes_is_valid_and_says_the_defaults(tmp_path: Path) -> None:
    text = (PACKAGED / "rapport.toml").read_text()
    config, _ = load(written(tmp_path, text), {})
    default, _ = load(written(tmp_path, LEAST), {})
    assert config.delivery == default.delivery
    assert config.digests == default.digests


def test_every_commented_key_of_the_example_is_valid_too(tmp_path: Path) -> None:
    lines = (PACKAGED / "rapport.toml").read_text().splitlines()
    keys = [line.removeprefix("# ") if " = " in line or line.startswith("# [[") else line for line in lines]
    config, _ = load(written(tmp_path, "\n".join(keys)), {})
    assert config.newsletter.public_url == "https://letter.example.org"


def test_the_environment_overrides_any_key(tmp_path: Path) -> None:
    environment = {
        "RAPPORT_NEWSLETTER__NAME": "Other",
        "RAPPORT_NEWSLETTER__PUBLIC_URL": "https://letter.example.org",
        "RAPPORT_DELIVERY__SENDGRID__TIMEOUT": "5",
        "RAPPORT_MATCH__COUNT_CLICKS": "true",
        "RAPPORT_DIGESTS__0__NAME": "monthly",
        "RAPPORT_DIGESTS__0__MAX_POSTS": "3",
        "RAPPORT_STAFF__EMAILS": "a@example.org, b@example.org",
        "RAPPORT_FEEDS__1__URL": "https://example.org/second",
    }
    config, _ = load(written(tmp_path, LEAST), environment)
    assert config.newsletter.name == "Other"
    assert config.delivery.sendgrid.timeout == 5
    assert config.match.count_clicks is True
    assert (config.digests[0].name, config.digests[0].max_posts) == ("monthly", 3)
    assert config.staff.emails == ["a@example.org", "b@example.org"]
    assert [feed.url for feed in config.feeds][1] == "https://example.org/second"


def test_the_environment_alone_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    environment = {
        "RAPPORT_NEWSLETTER__NAME": "Letter",
        "RAPPORT_NEWSLETTER__FROM_EMAIL": "letter@example.org",
        "RAPPORT_FEEDS__0__URL": "https://example.org/feed",
    }
    config, _ = load(None, environment)
    assert config.newsletter.name == "Letter"


def test_no_configuration_says_how_to_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        load(None, {})
    assert "rapport init" in caught.value.remedy


def test_variables_that_are_no_keys_are_left_alone(tmp_path: Path) -> None:
    file = written(tmp_path, LEAST)
    others = {"RAPPORT_SECRET": "x", "RAPPORT_FEEDS": "folder", "RAPPORT_CONFIG": "y"}
    assert load(file, others) == load(file, {})


def test_an_unknown_key_names_file_line_and_the_nearest_known_one(tmp_path: Path) -> None:
    error = refused(tmp_path, LEAST.replace("from_email", "from_emial"))
    assert f"{tmp_path}/rapport.toml:3: newsletter.from_emial is not a key Rapport knows" in error.message
    assert "Did you mean from_email?" in error.message


def test_the_line_is_that_of_the_right_table_in_a_list(tmp_path: Path) -> None:
    text = LEAST + '[[digests]]\nname = "a"\n[[digests]]\nname = "b"\nmin_posts = "2"\n'
    error = refused(tmp_path, text)
    assert "rapport.toml:11: digests[2].min_posts: write it without quotes: min_posts = 2." in error.message


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('[newsletter]\nname = "x"', "from_email is missing"),
        ('timezone = "Europe/Berln"', "did you mean Europe/Berlin"),
        ('from_name = "a\\nb"', "one line"),
        ('reply_to = "nobody"', "write an email address"),
        ('public_url = "letter.example.org"', "https://"),
        ('public_url = ["a"]', "one text in quotes"),
    ],
)
def test_a_value_that_cannot_be_right_is_refused(tmp_path: Path, line: str, says: str) -> None:
    text = LEAST if line.startswith("[") else LEAST.replace("[newsletter]", f"[newsletter]\n{line}")
    if line.startswith("["):
        text = f'{line}\n[[feeds]]\nurl = "https://example.org/feed"\n'
    assert says in refused(tmp_path, text).message


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ('schedule = "0 9 * * thursday"', "not a cron line"),
        ('schedule = "0 9 * * 8"', "not a cron line"),
        ('backlog = "a week"', "a number and a unit"),
        ("max_posts = 0", "from 1 on, not 0"),
        ("max_posts = true", "write a number"),
        ("min_posts = 9", "more than max_posts"),
        ('approval = "maybe"', '"auto" or "required"'),
        ('name = "Weekly Letter"', 'did you mean "weekly-letter"'),
        ('name = "weekly-1"', "ends in a number"),
    ],
)
def test_a_digest_that_cannot_be_right_is_refused(tmp_path: Path, key: str, says: str) -> None:
    name = "" if key.startswith("name") else 'name = "weekly"\n'
    assert says in refused(tmp_path, f"{LEAST}\n[[digests]]\n{name}{key}\n").message


def test_two_digests_of_one_name_are_refused(tmp_path: Path) -> None:
    text = LEAST + '[[digests]]\nname = "weekly"\n[[digests]]\nname = "weekly"\n'
    assert "same name" in refused(tmp_path, text).message


def test_real_mail_without_a_public_address_is_refused(tmp_path: Path) -> None:
    assert "public_url" in refused(tmp_path, LEAST + '[delivery]\nprovider = "sendgrid"\n').message


def test_broken_toml_names_the_line(tmp_path: Path) -> None:
    assert "line 2" in refused(tmp_path, "[newsletter]\nname = \n").message


def test_a_variable_that_fits_no_key_is_named(tmp_path: Path) -> None:
    error = refused(tmp_path, LEAST, {"RAPPORT_NEWSLETTER__NAM": "x"})
    assert "environment variable RAPPORT_NEWSLETTER__NAM" in error.message
    assert "fits no key" in refused(tmp_path, LEAST, {"RAPPORT_FEEDS__7__URL": "https://x.org"}).message


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rapport.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(tmp_path / "rapport.toml", {})


@pytest.mark.parametrize(
    "address",
    [
        "http://api.sendgrid.com",
        "http://127.0.0.1.evil.example",
        "http://127.0.0.1@evil.example",
        "http://localhost.evil.example",
        "http://10.0.0.1:8080",
        "http://2130706433",
        "http://[fe80::1]",
        "https://key@api.sendgrid.com",
        "http://127.0.0.1\\\\@evil.example",
        "https://",
    ],
)
def test_the_key_and_the_list_go_nowhere_by_http_but_to_this_machine(tmp_path: Path, address: str) -> None:
    error = refused(tmp_path, f'{LEAST}[delivery.sendgrid]\napi_url = "{address}"\n')
    assert "api_url: write" in error.message
    for fine in (
        "http://127.0.0.1:8025",
        "http://localhost",
        "http://[::1]:1",
        "https://api.eu.sendgrid.com",
    ):
        load(written(tmp_path, f'{LEAST}[delivery.sendgrid]\napi_url = "{fine}"\n'), {})


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("DELIVERY__BATCH_SIZE", "1,000", '"1,000" is none: write a whole number; did you mean 1000?'),
        ("DELIVERY__BOUNCE_LIMIT", "5%", "did you mean 0.05?"),
        ("ARCHIVE__PUBLIC", "ja", '"ja" is none: write true or false; did you mean true?'),
        ("STAFF__EMAILS", "a@example.org, nobody", "staff.emails[2]: write an email address"),
        ("DELIVERY__", "x", "is not a key Rapport knows."),
        ("_X", "x", "is not a key Rapport knows."),
    ],
)
def test_a_wrong_value_of_the_environment_names_its_variable(
    tmp_path: Path, variable: str, value: str, says: str
) -> None:
    error = refused(tmp_path, LEAST, {f"RAPPORT_{variable}": value})
    assert error.message.startswith(f"environment variable RAPPORT_{variable}: ") or variable == "_X"
    assert says in error.message
