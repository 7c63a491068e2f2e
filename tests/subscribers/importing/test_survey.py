"""The look through a list before anybody is added, and which of its columns holds the names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from subscribers.errors import SubscriberError
from subscribers.importing.answers import read_answers
from subscribers.importing.csv_reader import Record
from subscribers.importing.finding import find_columns
from subscribers.importing.survey import survey
from subscribers.importing.table import Table

if TYPE_CHECKING:
    from subscribers.importing.columns import Columns

LIST = Path("list.csv")
MAILCHIMP = ["Email Address", "First Name", "OPTIN_TIME", "CONFIRM_TIME", "LEID", "LAST_CHANGED"]


def looked_through(header: list[str], *rows: list[str], path: Path = LIST) -> Columns:
    records = [Record(number, cells) for number, cells in enumerate(rows, 2)]
    columns = find_columns(Table(Record(1, header), True, iter(())), path)
    survey(columns, Table(Record(1, header), True, iter(records)), path, ["weekly"])
    return columns


@pytest.mark.parametrize(
    ("header", "names"),
    [
        (["Name", "Email"], (0,)),
        (["Email", "Full Name"], (1,)),
        (["Email", "Display name"], (1,)),
        (["Last Name", "First Name", "Email"], (1, 0)),
        (["Nachname", "Vorname", "E-Mail"], (1, 0)),
        (["Nom", "Prénom", "Email"], (1, 0)),
        (["Apellidos", "Nombre", "Email"], (1, 0)),
        (["Apellido", "Nombre", "Email"], (1, 0)),
        (["Achternaam", "Voornaam", "Email"], (1, 0)),
        (["Cognome", "Nome", "Email"], (1, 0)),
        (["Email", "First name"], (1,)),
        (["Email", "Vorname"], (1,)),
        (["Email", "Prénom"], (1,)),
        (["Email", "Voornaam"], (1,)),
        (["Email", "Nom"], (1,)),
        (["Email", "Nombre"], (1,)),
        (["Email", "Naam"], (1,)),
        (["Email", "Nome"], (1,)),
        (["Email", "Nickname"], ()),
        (["First name", "Name", "Email"], (1,)),
    ],
)
def test_a_name_is_found_in_one_column_or_two(header: list[str], names: tuple[int, ...]) -> None:
    assert find_columns(Table(Record(1, header), True, iter(())), LIST).names == names


def test_of_a_file_of_refused_rows_the_line_and_the_reason_are_used() -> None:
    columns = find_columns(Table(Record(1, ["line", "reason", "email", "city"]), True, iter(())), LIST)
    assert (columns.again, columns.unused) == (True, (3,))


def test_a_slip_in_an_answer_is_told_also_without_a_header() -> None:
    first = Table(Record(1, ["ann@example.org", "Ann"]), False, iter(()))
    assert find_columns(first, LIST, read_answers(["name"])).unknown == (1,)
    with pytest.raises(SubscriberError, match="has no column status"):
        find_columns(first, LIST, read_answers(["status"]))


def test_a_list_of_mailchimp_without_anybody_accuses_nobody() -> None:
    looked_through(MAILCHIMP)
    with pytest.raises(SubscriberError, match="who never agreed"):
        looked_through(MAILCHIMP, ["ann@example.org", "Ann", "", "", "1", ""])
    looked_through(
        MAILCHIMP,
        ["ann@example.org", "Ann", "", "", "1", ""],
        ["ben@example.org", "Ben", "2021-03-04 10:11:12", "2021-03-04 10:11:12", "2", ""],
    )


def test_a_column_about_mail_stops_it_only_where_it_says_yes_or_no_and_no_more() -> None:
    with pytest.raises(SubscriberError, match='"Updates"'):
        looked_through(["email", "Updates"], ["ann@example.org", "yes"], ["ben@example.org", ""])
    looked_through(["email", "Updates"], ["ann@example.org", "yes"], ["ben@example.org", "each spring"])
    looked_through(["email", "Updates"], ["ann@example.org", ""], ["ben@example.org", "-"])


def test_a_row_with_one_address_of_two_is_no_heading() -> None:
    header = ["email", "email address", "name"]
    looked_through(header, ["spam@example.org", "", ""])
    with pytest.raises(SubscriberError, match="line 2: where an address should be"):
        looked_through(header, ["unsubscribed", "", "Ann"])


def test_a_row_that_is_cut_short_is_looked_at_as_far_as_it_goes() -> None:
    looked_through(["email", "city"], ["ann@example.org"])
    looked_through(["name", "email"], ["Ann"])


@pytest.mark.parametrize("row", [["", " ", "Unsubscribed:"], ["Unsubscribed", "", ""], ["Bounced", "x", "y"]])
def test_a_heading_between_the_rows_stops_it(row: list[str]) -> None:
    with pytest.raises(SubscriberError, match="line 3: where an address should be"):
        looked_through(["email", "name", "city"], ["ann@example.org", "Ann", "Bonn"], row)


@pytest.mark.parametrize("row", [["", "Ben", "Unsubscribed"], ["", "", "Readers:"], ["", "", ""]])
def test_another_row_without_an_address_does_not(row: list[str]) -> None:
    header = ["email", "name", "city"]
    if "Unsubscribed" in row:
        with pytest.raises(SubscriberError, match='"city" may say'):
            looked_through(header, row)
    else:
        looked_through(header, row)


def test_one_column_is_named_and_several_are_all() -> None:
    with pytest.raises(SubscriberError, match=r'the column "Status A" may say .* does not know it\.') as one:
        looked_through(["email", "Status A"], ["ann@example.org", "x"])
    assert "--ignore-column" in one.value.remedy
    with pytest.raises(
        SubscriberError, match=r'the columns "Status A", "Status B" and "Status C" may say'
    ) as told:
        looked_through(["email", "Status A", "Status B", "Status C"], ["ann@example.org", "x", "y", "z"])
    asked = told.value.remedy.partition("this letter: ")[2]
    assert asked == '--ignore-column "Status A" --ignore-column "Status B" --ignore-column "Status C"'
    assert told.value.code == "unknown_status_column"


def test_what_stands_behind_many_rows_is_found_too() -> None:
    rows = [["ann@example.org", "Bonn"]] * 2500
    looked_through(["email", "city"], *rows)
    with pytest.raises(SubscriberError, match='"city" may say'):
        looked_through(["email", "city"], *rows, ["ben@example.org", "unsubscribed"])


@pytest.mark.parametrize("name", ["unsubscribes.csv", "Bounced readers.csv"])
def test_a_list_of_those_who_left_by_its_own_name_stops_it(name: str) -> None:
    with pytest.raises(SubscriberError, match="by its name or title"):
        looked_through(["email"], ["ann@example.org"], path=Path(name))


def test_mailchimps_file_of_those_who_never_agreed_stops_it() -> None:
    with pytest.raises(SubscriberError, match="who never agreed"):
        looked_through(["email"], ["ann@example.org"], path=Path("non-subscribed_members.csv"))
