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
        ("Spain", "Europe/Madrid"),
        ("Deutschland", "Europe/Berlin"),
        ("Canada", "America/Toronto"),
        ("AU", "Australia/Sydney"),
        ("Texas", "America/Chicago"),
        ("Washington DC", "America/New_York"),
        ("LA", "America/Los_Angeles"),
        ("HKT", "Asia/Hong_Kong"),
        ("Pacific Time (US & Canada)", "America/Los_Angeles"),
        ("UTC+05:30", "Asia/Kolkata"),
    ],
)
def test_a_time_zone_is_asked_for_by_a_place_that_has_summer_time(
    tmp_path: Path, written: str, meant: str
) -> None:
    said = told(tmp_path, f'timezone = "{written}"')
    assert f'rapport.toml:4: newsletter.timezone: "{written}" is no time zone' in said
    assert f"did you mean {meant}?" in said


@pytest.mark.parametrize("written", ["qqqq", "local", "Beteigeuze", "UTC+25"])
def test_a_zone_that_nobody_can_guess_gets_an_example(tmp_path: Path, written: str) -> None:
    assert 'write Area/City, such as "America/New_York".' in told(tmp_path, f'timezone = "{written}"')


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
        ("British English", "en-GB"),
        ("American", "en-US"),
        ("\u00d6sterreichisch", "de-AT"),
        ("english, german", "en"),
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
        ("jeden Donnerstag um 9 Uhr", 'did you mean "0 9 * * thu"?'),
        ("tous les jeudis \u00e0 9h", 'did you mean "0 9 * * thu"?'),
        ("los jueves a las 9", 'did you mean "0 9 * * thu"?'),
        ("0 9 * * Donnerstag", 'did you mean "0 9 * * thu"?'),
        ("Mon-Fri 9:00", 'did you mean "0 9 * * mon-fri"?'),
        ("mon, wed, fri at 8", 'did you mean "0 8 * * mon,wed,fri"?'),
        ("first Monday of the month", 'did you mean "0 9 * * mon#1"?'),
        ("every other thursday", "cron has no word for every second week"),
        ("thrusday 9am", 'did you mean "0 9 * * thu"?'),
        ("0 9 * * thu # weekly", 'did you mean "0 9 * * thu"?'),
        ("CRON_TZ=UTC 0 9 * * thu", 'did you mean "0 9 * * thu"?'),
        ("0 9 * * sat-mon", 'did you mean "0 9 * * sat,sun,mon"?'),
        ("0 9 31 2 *", "no such month has that day"),
        ("weekly at the office", "which has five fields"),
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
        ("[delivery]\nbatch_size = 1.000", "write a whole number, with no point in it."),
        ("[archive]\npublic = 1", "write true or false."),
        ('[delivery]\nbounce_limit = "5%"', "write it without quotes: bounce_limit = 0.05."),
        ("[delivery.sendgrid]\ntimeout = inf", "write a number, without quotes."),
        ('[theme]\nrounding = "6px"', "write it without quotes: rounding = 6."),
        ('[staff]\nemails = "a@b.example, c@b.example"', 'emails = ["a@b.example", "c@b.example"].'),
        ("[doctor]\ndkim_selectors = [1]", "write each entry of the list as a text in quotes."),
        ('[[digests]]\nname = "w\u00f6chentlich"', 'did you mean "wochentlich"?'),
        ('[theme]\ncolour = "Dark green"', 'did you mean "#006400"?'),
        ('[theme]\ncolour = "rgb(47, 93, 98)"', 'did you mean "#2f5d62"?'),
        ('[theme]\ncolour = "2F5D62"', 'did you mean "#2f5d62"?'),
        ('[theme]\ncolour = "#2f5d6"', 'six digits, like "#2f5d62".'),
        ('[match]\nurl = "willow.example/contact"', 'did you mean "https://willow.example/contact"?'),
        ('[match]\nurl = "hello@willow.example"', 'did you mean "mailto:hello@willow.example"?'),
        ('[staff]\nheartbeat_url = "https://willow.example:abc"', "beginning with https://."),
        ('[[feeds]]\nurl = "feed:https://willow.example/feed"', 'mean "https://willow.example/feed"?'),
        (
            '[staff]\nemails = ["Ines <i@willow.example>"]',
            'not permitted here); did you mean "i@willow.example"?',
        ),
        ('[digest]\nname = "weekly"', "Did you mean [[digests]]?"),
        ("[smtp]\nport = 25", "Did you mean [delivery.smtp]?"),
        ('[email]\nprovider = "smtp"', "Did you mean [delivery]?"),
        (
            '[delivery.smtp]\npassword = "hush"',
            "secrets stand in the environment only, this one in RAPPORT_SMTP",
        ),
        ('[delivery.sendgrid]\napi_key = "hush"', "secrets stand in the environment only: SENDGRID_API_KEY"),
        ('[delivry]\nprovider = "smtp"', "Did you mean [delivery]?"),
    ],
)
def test_a_value_of_the_wrong_kind_says_how_it_is_written(tmp_path: Path, more: str, says: str) -> None:
    said = told(tmp_path, more=more)
    assert says in said
    assert "hush" not in said
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
        ("notice = 'Be well", "never closed", 'notice = "Be well"'),
        ("notice => 'Be well'", "one =", "notice = 'Be well'"),
        ("notice := 'Be well'", "one =", "notice = 'Be well'"),
        ("// Be well", "a remark begins with #", "# Be well"),
        ("-- Be well", "a remark begins with #", "# Be well"),
        ("<!-- Be well -->", "a remark begins with #", "# Be well"),
        ('notice = "Be well" // ours', "a remark begins with #", 'notice = "Be well"  # ours'),
        ('notice = "a", country = "US"', "a line of its own", 'notice = "a"\ncountry = "US"'),
        ("theme:", "stands in brackets", "[theme]"),
        ("[news letter]", "has no space", "[newsletter]"),
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


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("[delivery]\nbounce_limit = 5%", "bounce_limit = 0.05"),
        ("[delivery]\nbatch_size = 1,000", "batch_size = 1000"),
        ("[delivery]\nrate = 10/s", "rate = 10"),
        ("[delivery]\nbounce_limit = 0,05", "bounce_limit = 0.05"),
        ("[archive]\npublic = ja", "public = true"),
        ("[archive]\npublic = None", "Leave the line out"),
        ("[staff]\nemails = a@b.example, c@b.example", 'emails = ["a@b.example", "c@b.example"]'),
        ('[staff]\nemails = [\n "a@b.example"\n "c@b.example"\n]', 'emails = ["a@b.example", "c@b.example"]'),
        ("server = {\n  trusted_proxies = [],\n}", "Write [server] on a line of its own"),
        ("[delivery.smtp]\npassword = hush", "secrets stand in the environment only"),
        ("name\u00a0= 'x'", "a space that is none"),
    ],
)
def test_a_line_that_is_no_toml_is_mended_by_what_its_key_wants(tmp_path: Path, more: str, says: str) -> None:
    said = told(tmp_path, more=more)
    assert says in said
    assert "hush" not in said


def test_a_table_that_is_misspelt_is_not_missing_too(tmp_path: Path) -> None:
    file = tmp_path / "rapport.toml"
    file.write_text(FILE.format(newsletter="", more="").replace("[[feeds]]", "[[feed]]"), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(file, {})
    assert caught.value.message == f"{file}:5: feed is not a key Rapport knows. Did you mean [[feeds]]?"


def test_an_entry_of_a_list_is_found_on_its_keys_line(tmp_path: Path) -> None:
    said = told(tmp_path, more='[staff]\nemails = ["a@example.org", "nobody"]')
    assert "rapport.toml:9: staff.emails[2]: write an email address" in said


@pytest.mark.parametrize("written", ["1 hour", "60 minutes", "hourly", "1H", "0.5h30m"])
def test_a_length_of_time_in_words_is_answered_with_its_number_and_unit(tmp_path: Path, written: str) -> None:
    said = told(tmp_path, more=f'[[feeds]]\nurl = "https://example.org/f"\nevery = "{written}"')
    assert (
        'rapport.toml:10: feeds[2].every: write a number and a unit: "30m", "12h", "7d" or "2w"; did' in said
    )
    assert 'did you mean "1h"?' in said


@pytest.mark.parametrize("written", ["30.11.2025", "11/30/2025", "Nov 30, 2025", "2025/11/30"])
def test_a_day_in_another_order_is_answered_with_ours(tmp_path: Path, written: str) -> None:
    assert 'did you mean "2025-11-30"?' in told(tmp_path, f'crisis_checked = "{written}"')


def test_a_day_that_may_be_two_is_not_guessed(tmp_path: Path) -> None:
    assert "did you mean" not in told(tmp_path, 'crisis_checked = "03/04/2025"')


@pytest.mark.parametrize("address", ["https://me:hush@willow.example", "https://willow.example/?a=1"])
def test_what_readers_links_begin_with_has_no_user_and_no_question(tmp_path: Path, address: str) -> None:
    said = told(tmp_path, f'public_url = "{address}"')
    assert "rapport.toml:4: newsletter.public_url: write it without a user name, ? or #" in said
    assert "hush" not in said


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
        ("Czech Republic", "CZ"),
        ("Eire", "IE"),
    ],
)
def test_a_country_that_is_no_code_gets_the_nearest(tmp_path: Path, written: str, meant: str) -> None:
    said = told(tmp_path, f'country = "{written}"')
    assert f'rapport.toml:4: newsletter.country: "{written}" is no country\'s code' in said
    assert f'did you mean "{meant}"?' in said


@pytest.mark.parametrize("written", ["qqqqqq", "EU", "Europe", "XX"])
def test_a_country_that_nobody_can_guess_gets_an_example(tmp_path: Path, written: str) -> None:
    assert 'such as "US" or "DE"' in told(tmp_path, f'country = "{written}"')


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
