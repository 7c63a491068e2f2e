"""Which column of a list holds what."""

from __future__ import annotations

from pathlib import Path

import pytest

from subscribers.errors import SubscriberError
from subscribers.intake import Applicant
from subscribers.layout import find_layout
from subscribers.sheet import Record

PATH = Path("list.csv")


def asked(header: str, row: str) -> Applicant | str:
    layout = find_layout(Record(1, header.split(",")), PATH)
    return layout.applicant(Record(2, row.split(",")), ["weekly", "monthly"])


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("email,name", "ann@example.org,Ann Smith"),
        ("Name,E-Mail", "Ann Smith,ann@example.org"),
        (" EMAIL ADDRESS ,id,First Name,Last Name", "ann@example.org,1,Ann,Smith"),
        ("first_name,last_name,email_address", "Ann,Smith,ann@example.org"),
        ("ben@example.org,Ben", "ann@example.org,Ann Smith"),
        ("Ben,ben@example.org", "Ann Smith,ann@example.org"),
    ],
)
def test_columns_are_found_by_name_or_by_what_stands_in_them(header: str, row: str) -> None:
    assert asked(header, row) == Applicant("ann@example.org", "Ann Smith", ["weekly", "monthly"])


def test_a_list_of_bare_addresses_is_one(tmp_path: Path) -> None:
    assert asked("ben@example.org", "ann@example.org") == Applicant(
        "ann@example.org", "", ["weekly", "monthly"]
    )


def test_without_a_column_of_addresses_the_place_and_remedy_are_told_and_no_data() -> None:
    with pytest.raises(SubscriberError) as refused:
        find_layout(Record(3, ["Ann Smith", "Main Street"]), PATH)
    assert "list.csv, line 3" in refused.value.message
    assert "email,name" in refused.value.remedy
    assert "Smith" not in refused.value.message


@pytest.mark.parametrize(
    ("row", "wanted"),
    [
        ("a@example.org,weekly,active", Applicant("a@example.org", "", ("weekly",))),
        ("a@example.org,,subscribed", Applicant("a@example.org", "", ["weekly", "monthly"])),
        ("a@example.org,weekly,unsubscribed", Applicant("a@example.org", "", ("weekly",), left=True)),
        ("a@example.org,daily,active", "It is for another digest than this import."),
        ("a@example.org,weekly,pending", "This person has not confirmed."),
        ("a@example.org,weekly,cleaned", "Its status is not one that Rapport knows."),
        ("a.example.org,weekly,active", "The address has no @-sign."),
        ("", "The address is missing."),
    ],
)
def test_a_row_that_says_its_digest_and_status_is_taken_at_its_word(
    row: str, wanted: Applicant | str
) -> None:
    assert asked("email,digest,status", row) == wanted
