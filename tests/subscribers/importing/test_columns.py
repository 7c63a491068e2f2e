"""Which column of a list holds what."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from subscribers.errors import SubscriberError
from subscribers.importing.answers import read_answers
from subscribers.importing.columns import NEVER_AGREED, Columns
from subscribers.importing.csv_reader import Record, open_csv, open_list
from subscribers.importing.finding import find_columns
from subscribers.importing.rows import Applicant
from subscribers.importing.table import Table, find_table, names_addresses
from subscribers.importing.tools import TOOLS
from subscribers.importing.words import plain
from subscribers.suppression import Reason

PATH = Path("list.csv")
EXPORTS = Path(__file__).parent / "exports"


def table(first: Record) -> Table:
    return Table(first, names_addresses(first.cells), iter(()))


def asked(header: str, row: str) -> Applicant | str:
    columns = find_columns(table(Record(1, header.split(","))), PATH)
    return columns.applicant(Record(2, row.split(",")), ["weekly", "monthly"])


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("email,name", "ann@example.org,Ann Smith"),
        ("Name,E-Mail", "Ann Smith,ann@example.org"),
        (" EMAIL ADDRESS ,id,First Name,Last Name", "ann@example.org,1,Ann,Smith"),
        ("first_name,last_name,email_address", "Ann,Smith,ann@example.org"),
        ("Name,E-mail 1 - Label,E-mail 1 - Value", "Ann Smith,Home,ann@example.org"),
        ("Email ID,Name", "ann@example.org,Ann Smith"),
        ("Email ID,Name,Email", "4711,Ann Smith,ann@example.org"),
        ("ben@example.org,Ben", "ann@example.org,Ann Smith"),
        ("Ben,ben@example.org", "Ann Smith,ann@example.org"),
    ],
)
def test_columns_are_found_by_name_or_by_what_stands_in_them(header: str, row: str) -> None:
    assert asked(header, row) == Applicant("ann@example.org", "Ann Smith", ["weekly", "monthly"])


@pytest.mark.parametrize(
    ("header", "row", "name"),
    [
        ("email,Full Name,first_name", "ann@example.org,Ann Smith,Ann", "Ann Smith"),
        ("email,first_name", "ann@example.org,Ann", "Ann"),
        ("email,last_name", "ann@example.org,Smith", ""),
        ("email,name", "ann@example.org,'=Ann", "=Ann"),
        ("email,name", "ann@example.org,'Ann'", "'Ann'"),
        ("email,name", "ann@example.org", ""),
    ],
)
def test_the_name_is_that_of_the_first_columns_that_are_there(header: str, row: str, name: str) -> None:
    found = asked(header, row)
    assert isinstance(found, Applicant)
    assert found.name == name


@pytest.mark.parametrize(
    ("moment", "referrer", "proof"),
    [
        (" 2021-03-04 10:11:12 ", "", "(Kit: signed up 2021-03-04 10:11)"),
        ("2021-03-04", " https://example.org/welcome?email=a@example.org ",
         "(Kit: signed up 2021-03-04, by https://example.org/welcome)"),
        ("", "Instagram", "(Kit: by Instagram)"),
        ("", "", "(Kit)"),
        ("04.03.2021", "1nstagram", "(Kit: signed up 2021-03-04)"),
        ("4.3.2021 9:05", "", "(Kit: signed up 2021-03-04 09:05)"),
        ("3/14/2021 10:11", "", "(Kit: signed up 2021-03-14 10:11)"),
        ("14/03/2021 10:11:12", "", "(Kit: signed up 2021-03-14 10:11)"),
        ("0000-00-00 00:00:00", "", "(Kit)"),
    ],
)  # fmt: skip
def test_evidence_is_when_and_by_which_way(moment: str, referrer: str, proof: str) -> None:
    header = "first_name,email_address,state,created_at,referrer"
    found = asked(header, f"Ann,ann@example.org,active,{moment},{referrer}")
    assert isinstance(found, Applicant)
    assert found.proof == proof


def test_a_row_that_could_not_be_read_says_why() -> None:
    layout = find_columns(table(Record(1, ["email", "name"])), PATH)
    broken = Record(7, ["ann@example.org"], "A quotation mark is left open or out of place.")
    assert layout.applicant(broken, ["weekly"]) == broken.problem


def test_a_list_of_two_tools_is_refused_for_a_file_that_is_not_right() -> None:
    ours = Record(4, ["email", "digest", "status", "suppression", "attributes", "email_disabled", "expiry"])
    with pytest.raises(SubscriberError, match=r"line 4: the columns are those of Rapport and Substack") as no:
        find_columns(table(ours), PATH)
    assert no.value.code == "file"
    with pytest.raises(SubscriberError) as none:
        find_columns(table(Record(1, ["nobody"])), PATH)
    assert none.value.code == "file"


def test_columns_without_names_are_named_as_far_as_they_can_be_told() -> None:
    two = find_columns(table(Record(1, ["Ben", "ben@example.org"])), PATH)
    assert (two.header, two.headed) == (("name", "email"), False)
    bare = Columns(("email",), True, (0,), ())
    assert not any((two.agreed, two.again, bare.agreed, bare.again))
    three = find_columns(table(Record(1, ["Ben", "ben@example.org", "Main Street"])), PATH)
    assert (three.header, three.names) == (("", "email", ""), ())


def test_a_list_of_bare_addresses_is_one(tmp_path: Path) -> None:
    assert asked("ben@example.org", "ann@example.org") == Applicant(
        "ann@example.org", "", ["weekly", "monthly"]
    )


def test_without_a_column_of_addresses_the_place_and_remedy_are_told_and_no_data() -> None:
    with pytest.raises(SubscriberError) as refused:
        find_columns(table(Record(3, ["Ann Smith", "Main Street"])), PATH)
    assert "list.csv, line 3" in refused.value.message
    assert "email,name" in refused.value.remedy
    assert "Smith" not in refused.value.message


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ("a@example.org,weekly,active", Applicant("a@example.org", "", ("weekly",))),
        (" a@example.org , weekly , active ", Applicant("a@example.org", "", ("weekly",))),
        ("a@example.org,,subscribed", Applicant("a@example.org", "", ["weekly", "monthly"])),
        ("a@example.org,weekly,unsubscribed", Applicant("a@example.org", "", ("weekly",), left=True)),
        ("a@example.org,daily,active", "It is for another digest than this import."),
        ("a@example.org,weekly,pending", "This person has not confirmed."),
        ("a@example.org,weekly,paused", "Its status is not one that Rapport knows."),
        ("a@example.org,weekly,", "Its status is not one that Rapport knows."),
        ("a@example.org,weekly", "It ends before the column status."),
        ("a@example.org,weekly,active,unsubscribed", "It has more cells than the header."),
        ("a.example.org,weekly,active", "The address has no @-sign."),
        (",weekly,active", "The address is missing."),
    ],
)
def test_a_row_that_says_its_digest_and_status_is_taken_at_its_word(
    row: str, wanted: Applicant | str
) -> None:
    assert asked("email,digest,status", row) == wanted


@pytest.mark.parametrize(
    ("header", "row", "wanted"),
    [
        # Columns were cut away: what only one tool has is still looked at.
        ("Email Address,UNSUB_TIME", "a@example.org,2021-11-12 13:14:15", "left"),
        ("Email Address,UNSUB_TIME", "a@example.org,", "active"),
        ("Email Address,CLEAN_TIME", "a@example.org,2021-11-12 13:14:15", "bounced"),
        ("email,email_disabled", "a@example.org,true", "left"),
        ("email,subscribed_to_emails", "a@example.org,false", "left"),
        ("email,unsubscribed_at", "a@example.org,2021-11-12", "left"),
        ("email,subscriber_type", "a@example.org,undeliverable", "bounced"),
    ],
)
def test_a_list_that_was_trimmed_keeps_who_left_away(header: str, row: str, wanted: str) -> None:
    found = asked(header, row)
    assert isinstance(found, Applicant)
    assert (found.reason or ("left" if found.left else "active")) == wanted


@pytest.mark.parametrize(
    "file", sorted((Path(__file__).parent / "exports").glob("*.csv")), ids=lambda f: f.stem
)
def test_every_tools_columns_are_those_of_one_layout(file: Path) -> None:
    with open_list(file) as opened, open_csv(opened, file, names_addresses) as read:
        found = find_table(read, file)
    assert len([tool for tool in TOOLS if tool.fits(frozenset(map(plain, found.first.cells)))]) == 1
    listmonk = read_answers(mailable=["status=enabled"]) if file.stem == "listmonk" else None
    columns = find_columns(found, file, listmonk)
    assert columns.tool.casefold().replace(" ", "") == file.stem.partition("-")[0]


def test_columns_of_two_tools_are_not_guessed_at() -> None:
    both = Record(1, ["uuid", "email", "attributes", "status", "subscribed_to_emails", "complimentary_plan"])
    with pytest.raises(SubscriberError, match=r"line 1: the columns are those of Ghost and listmonk"):
        find_columns(table(both), PATH)


def test_only_what_looks_like_a_date_or_a_page_is_repeated_as_evidence() -> None:
    header = "first_name,email_address,state,created_at,referrer"
    found = asked(header, "Ann,ann@example.org,active,=cmd(),ben@example.org")
    assert isinstance(found, Applicant)
    assert found.proof == "(Kit: signed up at a time that cannot be read)"
    assert not found.certain
    sure = asked(header, "Ann,ann@example.org,active,2021-03-04,")
    assert isinstance(sure, Applicant)
    assert sure.certain


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ("ann@example.org,ben@example.org", "It has two addresses, in two columns."),
        ("ann@example.org,ANN@example.org", "ann@example.org"),
        (" ,ben@example.org", "ben@example.org"),
        ("ben@example.org,", "ben@example.org"),
        (",", "The address is missing."),
        ("ann", "The address has no @-sign."),
    ],
)
def test_the_address_is_that_of_the_columns_that_are_filled_in(row: str, wanted: str) -> None:
    found = asked("email,email address", row)
    assert (found if isinstance(found, str) else found.email) == wanted


@pytest.mark.parametrize(
    ("header", "row", "problem"),
    [
        ("email,name", "ann@example.org,Ann,x", "It has more cells than the header."),
        ("email,name", "ann@example.org,Ann,x,", "It has more cells than the header."),
        ("email,name", "ann@example.org,Ann,", ""),
        ("email,name", "ann@example.org,Ann", ""),
        ("ben@example.org,Ben", "ann@example.org,Ann,x", "It has more cells than the first row."),
        ("email,name,status", "ann@example.org,Ann", "It ends before the column status."),
        ("email,status,name", "ann@example.org,active", ""),
        ("email,name", "ann@example.org,Ann (unsubscribed)",
         "Its name says something about mail: keep the name alone."),
        ("email,name,status", "ann@example.org,Ann (unsubscribed),unsubscribed", ""),
        ("email,status,status", "ann@example.org,active,sometimes",
         "Its status is not one that Rapport knows."),
        ("email,status", "ann@example.org,pending", "This person has not confirmed."),
        ("email,status,status", "ann@example.org,pending,unsubscribed", ""),
        ("email,status,status", "ann@example.org,pending,bounced", ""),
        ("email,digest", "ann@example.org,daily", "It is for another digest than this import."),
    ],
)  # fmt: skip
def test_a_row_is_refused_for_what_it_says_or_lacks(header: str, row: str, problem: str) -> None:
    found = asked(header, row)
    assert (found if isinstance(found, str) else "") == problem


def test_of_several_columns_that_say_who_left_the_strictest_counts() -> None:
    found = asked("email,status,status", "ann@example.org,active,unsubscribed")
    assert found == Applicant("ann@example.org", "", ["weekly", "monthly"], left=True)
    found = asked("email,status,status", "ann@example.org,bounced,complained")
    assert found == Applicant("ann@example.org", "", ["weekly", "monthly"], reason=Reason.COMPLAINED)


def test_a_row_that_names_its_digest_is_for_that_one_by_whatever_name() -> None:
    columns = find_columns(table(Record(1, ["email", "digest"])), PATH)
    for cell, wanted in ((" weekly ", ("weekly",)), ("tuesdays", ("weekly",)), ("", ["weekly", "monthly"])):
        found = columns.applicant(
            Record(2, ["ann@example.org", cell]), ["weekly", "monthly"], {"tuesdays": "weekly"}
        )
        assert found == Applicant("ann@example.org", "", wanted)


def test_whom_a_list_never_asked_is_told_only_where_it_would_have_them_mailed() -> None:
    header = "Email Address,OPTIN_TIME,CONFIRM_TIME,LEID,LAST_CHANGED,UNSUB_TIME,CLEAN_TIME"
    columns = find_columns(table(Record(1, header.split(","))), PATH)
    for row, never in (
        ("ann@example.org,,,1,,", True),
        ("ann@example.org,########,,1,,", True),
        ("ann@example.org,2021-03-04 10:11:12,,1,,", False),
        ("ann@example.org,,2021-03-04 10:11:12,1,,", False),
        ("ann@example.org,,,1,,2021-03-05 10:11:12", False),
    ):
        record = Record(2, f"{row},".split(","))
        assert columns.never_agreed(record) is never, row
        assert (columns.applicant(record, ["weekly"]) == NEVER_AGREED) is never, row


def test_a_pause_ends_on_the_day_that_the_row_says() -> None:
    tool = next(tool for tool in TOOLS if tool.paused)
    header = [*sorted(tool.marks), *({tool.paused} - tool.marks)]
    columns = find_columns(table(Record(1, [str(name) for name in header])), PATH)
    for cell, wanted in (("2027-01-02", date(2027, 1, 2)), (" 2027-01-02 ", date(2027, 1, 2)), (" ", None)):
        found = columns.applicant(Record(2, paused_row(header, tool.paused, cell)), ["weekly"])
        assert isinstance(found, Applicant), found
        assert found.paused_until == wanted
    found = columns.applicant(Record(2, paused_row(header, tool.paused, "soon")), ["weekly"])
    assert found == "The day until which they want no mail cannot be read."


def paused_row(header: list[str | None], paused: str | None, until: str) -> list[str]:
    cells = {"email": "ann@example.org", "status": "active", "digest": "weekly", paused: until}
    return [cells.get(name, "") for name in header]


def test_without_a_name_of_its_own_a_row_has_the_one_beside_the_address() -> None:
    found = asked("email,first_name,last_name", "Jane <jane@example.org>,,")
    assert isinstance(found, Applicant)
    assert found.name == "Jane"


def test_what_is_not_read_is_named_as_the_list_names_it() -> None:
    columns = find_columns(table(Record(1, ["email", "Town ", ""])), PATH)
    assert columns.unused_names() == ("Town", "column 3")
