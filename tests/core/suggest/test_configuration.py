"""Wrong values in rapport.toml: each gets the sentence that says where, what, and how it is written."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from babel import Locale

from pipeline.core.errors import ConfigError
from pipeline.core.places import COUNTRIES
from pipeline.core.settings import load
from subscribers import clock

if TYPE_CHECKING:
    from pathlib import Path

FILE = """[newsletter]
name = "The Weekly Letter"
from_email = "letter@example.org"
{newsletter}
[[feeds]]
url = "https://example.org/feed"

{more}
"""


def told(folder: Path, newsletter: str = "", more: str = "") -> str:
    """Message and remedy, without the folder."""
    file = folder / "rapport.toml"
    file.write_text(FILE.format(newsletter=newsletter, more=more), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file, {})
    return f"{caught.value.message}\n{caught.value.remedy}".replace(f"{folder}/", "")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("New York", "America/New_York"),
        ("New York, NY", "America/New_York"),
        ("EST5", "America/New_York"),
        ("EST", "America/New_York"),
        ("Eastern Time", "America/New_York"),
        ("Eastern Standard Time", "America/New_York"),
        ("US/Eastern", "America/New_York"),
        ("UTC-5", "America/New_York"),
        ("Boston", "America/New_York"),
        ("PST8PDT", "America/Los_Angeles"),
        ("CET", "Europe/Berlin"),
        ("GMT+1", "Europe/Berlin"),
        ("Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("Europe/Berln", "Europe/Berlin"),
        ("Germany", "Europe/Berlin"),
        ("GMT", "Europe/London"),
        ("Japan", "Asia/Tokyo"),
    ],
)
def test_a_time_zone_is_asked_for_by_a_place_that_has_summer_time(
    tmp_path: Path, written: str, meant: str
) -> None:
    said = told(tmp_path, f'timezone = "{written}"')
    assert f'rapport.toml:4: newsletter.timezone: "{written}" is no time zone' in said
    assert f"did you mean {meant}?" in said


def test_a_zone_that_nobody_can_guess_gets_an_example(tmp_path: Path) -> None:
    assert 'write Area/City, such as "America/New_York".' in told(tmp_path, 'timezone = "qqqq"')


@pytest.mark.parametrize(
    "zone", ["UTC", "Etc/UTC", "America/New_York", "America/Indiana/Knox", "Asia/Kolkata"]
)
def test_a_place_and_utc_are_time_zones(tmp_path: Path, zone: str) -> None:
    file = tmp_path / "rapport.toml"
    file.write_text(FILE.format(newsletter=f'timezone = "{zone}"', more=""))
    assert load(file, {})[0].newsletter.timezone == zone


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("english", "en"),
        ("German", "de"),
        ("deutsch", "de"),
        ("de_DE", "de-DE"),
        ("en_US.UTF-8", "en-US"),
        ("eng", "en"),
        ("fran\u00e7ais", "fr"),
        ("jp", "ja"),
        ("us", "en-US"),
    ],
)
def test_a_language_is_asked_for_by_its_tag(tmp_path: Path, written: str, meant: str) -> None:
    said = told(tmp_path, f'language = "{written}"')
    assert f'newsletter.language: "{written}" is no language tag; did you mean "{meant}"?' in said


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("9am thursday", 'did you mean "0 9 * * thu"?'),
        ("every thursday at nine", 'did you mean "0 9 * * thu"?'),
        ("Thursdays", 'did you mean "0 9 * * thu"?'),
        ("fri 4:30 pm", 'did you mean "30 16 * * fri"?'),
        ("weekdays 8am", 'did you mean "0 8 * * mon-fri"?'),
        ("every day at 7", 'did you mean "0 7 * * *"?'),
        ("mon and thu 7:15", 'did you mean "15 7 * * mon,thu"?'),
        ("0 9 * * thursday", 'did you mean "0 9 * * thu"?'),
        ("0 0 9 * * thu", 'did you mean "0 9 * * thu"?'),
        ("@weekly", 'did you mean "0 9 * * thu"?'),
        ("0 9 * * 8", "the day of the week, which comes last, is 0 to 7"),
        ("0 25 * * thu", "the hour, which comes second, is 0 to 23"),
        ("sometimes", '"0 9 * * thu" is Thursdays at nine'),
    ],
)
def test_a_schedule_in_peoples_words_is_answered_with_its_cron_line(
    tmp_path: Path, written: str, says: str
) -> None:
    said = told(tmp_path, more=f'[[digests]]\nname = "weekly"\nschedule = "{written}"')
    assert f'rapport.toml:10: digests[1].schedule: "{written}" is not a cron line' in said
    assert says in said


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ('[delivery]\nprovider = "sendgird"', 'did you mean "sendgrid"?'),
        ('[delivery]\nprovider = "SMTP"', 'did you mean "smtp"?'),
        ('[delivery]\nprovider = "mailgun"', 'did you mean "smtp"?'),
        ("[delivery]\nprovider = 5", 'provider: 5 is none of "outbox", "sendgrid" or "smtp".'),
        ('[delivery.smtp]\nsecurity = "ssl"', 'did you mean "tls"?'),
        ('[theme]\nname = "harbor"', 'did you mean "harbour"?'),
        ('[delivery.smtp]\nport = "587"', "write it without quotes: port = 587."),
        ('[delivery.smtp]\nport = "submission"', "write a number, without quotes."),
        ("[delivery.smtp]\nport = 99999", "write a number up to 65535, not 99999."),
        ("[delivery.smtp]\nport = 0", "write a number from 1 on, not 0."),
        ('[delivery.smtp]\nhost = "mail.example.org:587"', 'host = "mail.example.org" and port = 587'),
        ('[match]\ncount_clicks = "yes"', "write it without quotes: count_clicks = true."),
        ('[staff]\nemails = "a@example.org"', 'write a list in brackets: emails = ["a@example.org"].'),
        ('[match]\nheading = ["Talk"]', 'not a list: heading = "Talk".'),
        ("[match]\nheading = 5", 'write it in quotes: heading = "5".'),
        ('[[delivery]]\nprovider = "smtp"', "write [delivery], with single brackets"),
        ('[digests]\nname = "weekly"', "write [[digests]], with double brackets"),
        ('[[digests]]\nname = "My Letter"', 'did you mean "my-letter"?'),
        (
            '[delivery]\nhost = "mail.example.org"',
            "delivery.host is not a key Rapport knows. It belongs under",
        ),
        ('[delivry]\nprovider = "smtp"', "Did you mean delivery?"),
    ],
)
def test_a_value_of_the_wrong_kind_says_how_it_is_written(tmp_path: Path, more: str, says: str) -> None:
    said = told(tmp_path, more=more)
    assert says in said
    assert "rapport.toml:8: " in said or "rapport.toml:9: " in said


@pytest.mark.parametrize(
    ("line", "says", "mended"),
    [
        ("notice = \u201cBe well\u201d", "curly quotes", 'notice = "Be well"'),
        ("notice = \u201eSei gesund\u201c", "curly quotes", 'notice = "Sei gesund"'),
        ("notice = \u2018Be well\u2019", "curly quotes", "notice = 'Be well'"),
        ("notice = Be well", "no quotes around it", 'notice = "Be well"'),
        ("timezone = America/New_York", "no quotes around it", 'timezone = "America/New_York"'),
        ('notice = "Be well', "never closed", 'notice = "Be well"'),
        ('notice = Be well"', "never opened", 'notice = "Be well"'),
        ("notice = \"Be well'", "one kind of quote and closed by another", 'notice = "Be well"'),
        ("notice = 'It's well'", "a quote stands within", 'notice = "It\'s well"'),
        ('notice = "Be "well""', "a quote stands within", "notice = 'Be \"well\"'"),
        ('notice = "C:\\mail"', "a backslash", "notice = 'C:\\mail'"),
        ("notice: Be well", "no =", 'notice = "Be well"'),
        ("notice =", "nothing after =", 'notice = ""'),
        ('notice = "Be well";', "a sign too many", 'notice = "Be well"'),
        ("notice = True", "written small", "notice = true"),
        ('notice = ["Be", "well"', "lacks a bracket", 'notice = ["Be", "well"]'),
        ("notice = [\u201cBe\u201d, well]", "curly quotes", 'notice = ["Be", "well"]'),
        ("[theme", "brackets", "[theme]"),
    ],
)
def test_a_line_that_is_no_toml_is_shown_as_it_should_be(
    tmp_path: Path, line: str, says: str, mended: str
) -> None:
    said = told(tmp_path, line)
    assert said.startswith("rapport.toml:4: line 4 is not valid TOML, ")
    assert says in said
    assert line in said
    assert said.endswith(f"Write: {mended}")


def test_a_table_or_key_that_stands_twice_is_named(tmp_path: Path) -> None:
    assert "first [newsletter]" in told(tmp_path, more="[newsletter]")
    assert "rapport.toml:4" in told(tmp_path, 'name = "Another"')
    assert "Keep one" in told(tmp_path, 'name = "Another"')


def test_a_password_in_a_broken_line_is_not_shown(tmp_path: Path) -> None:
    said = told(tmp_path, more="[database]\nurl = postgresql://rapport:hunter2@db/rapport")
    assert "rapport:***@db" in said
    assert "hunter2" not in said


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (FILE.encode("utf-16"), "UTF-16 and not UTF-8 text.\nSave it as UTF-8 (in Windows Notepad"),
        (FILE.encode("utf-16-le"), "UTF-16 and not UTF-8 text."),
        ('[newsletter]\nname = "Caf\u00e9"'.encode("latin-1"), "rapport.toml:2: line 2 is not UTF-8 text."),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xff", "not UTF-8 text, nor any other."),
    ],
)
def test_a_file_in_another_encoding_says_how_to_save_it(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "rapport.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load(file, {})
    assert says in f"{caught.value.message}\n{caught.value.remedy}"


def test_a_file_of_notepad_in_utf_8_is_read(tmp_path: Path) -> None:
    file = tmp_path / "rapport.toml"
    file.write_bytes(b"\xef\xbb\xbf" + FILE.format(newsletter="", more="").replace("\n", "\r\n").encode())
    assert load(file, {})[0].newsletter.name == "The Weekly Letter"


def test_a_folder_in_place_of_the_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, {})
    assert "it is a folder" in caught.value.message
    assert f"{tmp_path}/rapport.toml" in caught.value.remedy


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("UK", "GB"),
        ("USA", "US"),
        ("United States", "US"),
        ("Germany", "DE"),
        ("Deutschland", "DE"),
        ("DEU", "DE"),
        ("Germnay", "DE"),
        ("Schweiz", "CH"),
        ("England", "GB"),
        ("en-US", "US"),
        ("UX", "US"),
    ],
)
def test_a_country_that_is_no_code_gets_the_nearest(tmp_path: Path, written: str, meant: str) -> None:
    said = told(tmp_path, f'country = "{written}"')
    assert f'rapport.toml:4: newsletter.country: "{written}" is no country\'s code' in said
    assert f'did you mean "{meant}"?' in said


def test_a_country_that_nobody_can_guess_gets_an_example(tmp_path: Path) -> None:
    assert 'such as "US" or "DE"' in told(tmp_path, 'country = "qqqqqq"')


@pytest.mark.parametrize(("written", "read"), [("US", "US"), ("at", "AT"), ("", ""), ("SE", "SE")])
def test_a_country_is_a_code_of_two_letters(tmp_path: Path, written: str, read: str) -> None:
    file = tmp_path / "rapport.toml"
    file.write_text(FILE.format(newsletter=f'country = "{written}"', more=""))
    assert load(file, {})[0].newsletter.country == read


def test_the_codes_are_those_that_unicode_knows() -> None:
    other = "AC CP CQ DG EA EU EZ IC QO TA UN XA XB XK ZZ"  # CLDR has them, ISO 3166 does not
    known = {code for code in Locale("en").territories if len(code) == 2 and code.isalpha()}
    assert known - set(other.split(" ")) == COUNTRIES


@pytest.mark.parametrize("written", ['"2026-11-30"', "2026-11-30", '"2024-02-29"'])
def test_the_day_of_confirming_is_read_with_and_without_quotes(
    tmp_path: Path, written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 30, 12, tzinfo=UTC))
    file = tmp_path / "rapport.toml"
    file.write_text(FILE.format(newsletter=f"crisis_checked = {written}", more=""))
    assert load(file, {})[0].newsletter.crisis_checked == date.fromisoformat(written.strip('"'))


@pytest.mark.parametrize(
    "written", ['"30.11.2026"', '"yes"', "true", "20261130", '"2026-02-30"', "2026-11-30T09:00:00"]
)
def test_what_is_no_day_is_told_how_a_day_is_written(tmp_path: Path, written: str) -> None:
    said = told(tmp_path, f"crisis_checked = {written}")
    assert "rapport.toml:4: newsletter.crisis_checked: write a day as year, month and day" in said


def test_a_day_still_to_come_is_refused_by_the_newsletters_own_calendar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 30, 23, 30, tzinfo=UTC))
    tomorrow = 'crisis_checked = "2026-12-01"'
    said = told(tmp_path, tomorrow)
    assert "rapport.toml:4: newsletter.crisis_checked: 2026-12-01 is still to come" in said
    file = tmp_path / "rapport.toml"
    file.write_text(FILE.format(newsletter=f'{tomorrow}\ntimezone = "Europe/Berlin"', more=""))
    assert load(file, {})[0].newsletter.crisis_checked == date(2026, 12, 1)
