"""Files that anyone would understand, as people and spreadsheets leave them."""

from __future__ import annotations

import csv
import os
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from subscribers.errors import SubscriberError
from subscribers.importing.mailboxes import read_mailbox
from subscribers.importing.moments import UNREADABLE, read_moment
from subscribers.importing.run import ImportResult, import_csv
from subscribers.tables import subscribers, subscriptions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pipeline.core.database import Database

ANN = [("ann@example.org", "Ann")]
MARK = "\ufeff"


def brought_in(
    database: Database, tmp_path: Path, content: str, encoding: str = "utf-8"
) -> list[tuple[str, str]]:
    """Who is active after the import of a file: address and name."""
    listed = tmp_path / "list.csv"
    listed.write_bytes(content.encode(encoding))
    import_csv(database.write, listed, digests=["weekly"], wording="Asked", source="import")
    active = select(subscribers.c.email, subscribers.c.name).join_from(subscribers, subscriptions)
    with database.read() as connection:
        rows = connection.execute(active.where(subscriptions.c.status == "active").order_by(subscribers.c.id))
        return [(row.email, row.name) for row in rows]


def refused(tmp_path: Path) -> list[tuple[str, str]]:
    with (tmp_path / "list.csv.refused.csv").open(newline="") as file:
        return [(row[0], row[1]) for row in csv.reader(file)][1:]


@pytest.mark.parametrize(
    "content",
    [
        "sep=;\nemail;name\nann@example.org;Ann\n",
        "SEP=,\r\nemail,name\r\nann@example.org,Ann\r\n",
        f'{MARK}"sep=\t"\nemail\tname\nann@example.org\tAnn\n',
        "sep=;\nann@example.org;Ann\n",
        f"{MARK}{MARK}email,name\nann@example.org,Ann\n",
        f'{MARK}{MARK}"email","name"\n"ann@example.org","Ann"\n',
        "ï»¿email,name\nann@example.org,Ann\n",
        "Readers of May\nemail,name\nann@example.org,Ann\n",
        "\nReaders, as of May, 2026\n\nE-Mail;Name\nann@example.org;Ann\n",
        "Exported by office@example.org on 1 May,\nemail,name\nann@example.org,Ann\n",
        '"email,name"\n"ann@example.org,Ann"\n',
        '"email;name;status"\n"ann@example.org;Ann;active"\n"ben@example.org;Ben;unsubscribed"\n',
        '"email,name";;\n"ann@example.org,Ann";;\n',
        '"ann@example.org,Ann"\n',
        "E-Mail-Adresse;Vorname\nann@example.org;Ann\n",
        "Adresse e-mail,Prénom\nann@example.org,Ann\n",
        "Correo electrónico,Nombre\nann@example.org,Ann\n",
        "Email,Email Address,Name\n,ann@example.org,Ann\n",
        "Email,Email Address,Name\nann@example.org,Ann@Example.org,Ann\n",
        "email\nAnn <ann@example.org>\n",
        'email,name\n"""Ann"" <mailto:ann@example.org>",\n',
        "email,name\nmailto:ann@example.org,Ann\n",
        "email,name\n<ann@example.org>,Ann\n",
        "email,name\nann@example.org;,Ann\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_list_is_read_however_it_was_saved(
    sqlite_database: Database, tmp_path: Path, content: str, encoding: str
) -> None:
    assert brought_in(sqlite_database, tmp_path, content, encoding) == ANN


def test_a_pipe_is_looked_through_too(sqlite_database: Database, tmp_path: Path) -> None:
    pipe = tmp_path / "list.csv"
    os.mkfifo(pipe)
    said = iter(("email,Group\nann@example.org,opted out\n", "email,Group\nann@example.org,member\n"))

    def bring_in() -> ImportResult:
        writer = Thread(target=pipe.write_text, args=(next(said),))
        writer.start()
        try:
            return import_csv(
                sqlite_database.write, pipe, digests=["weekly"], wording="Asked", source="import"
            )
        finally:
            writer.join()

    with pytest.raises(SubscriberError, match='"Group"'):
        bring_in()
    assert bring_in().added == 1


def test_a_line_quoted_as_a_whole_is_one_row_among_others(sqlite_database: Database, tmp_path: Path) -> None:
    content = 'email,name\n"ben@example.org,""Smith, Ben"""\nann@example.org,Ann\n'
    assert brought_in(sqlite_database, tmp_path, content) == [("ben@example.org", "Smith, Ben"), *ANN]


def test_what_holds_two_addresses_is_refused_for_that_reason(
    sqlite_database: Database, tmp_path: Path
) -> None:
    both = "ben@example.org, cleo@example.org"
    content = (
        f'Email,Email Address,Name\n"{both}",,Ben\nann@example.org,,Ann\nben@example.org,b@example.org,B\n'
    )
    assert brought_in(sqlite_database, tmp_path, content) == ANN
    assert refused(tmp_path) == [
        ("2", "The cell holds more than one address."),
        ("4", "It has two addresses, in two columns."),
    ]


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("jane@example.org", ("jane@example.org", "")),
        ("Jane Doe <jane@example.org>", ("jane@example.org", "Jane Doe")),
        ('"Doe, Jane" <Jane@Example.org>', ("jane@example.org", "Doe, Jane")),
        ("jane@example.org <jane@example.org>", ("jane@example.org", "")),
        ("MAILTO:jane@example.org?subject=Hello", ("jane@example.org", "")),
        (" <jane@example.org> ", ("jane@example.org", "")),
        ("jane@example.org,", ("jane@example.org", "")),
        ("<jane@example.org>;", ("jane@example.org", "")),
        ("<jane@example.org>\u00a0", ("jane@example.org", "")),
        ("< mailto:jane@example.org>", ("jane@example.org", "")),
        ("me@ <jane@example.org>", ("jane@example.org", "")),
        ("Jane@Example.org <jane@example.org>", ("jane@example.org", "")),
        *(
            (cell, "The cell holds more than one address.")
            for cell in (
                "a@example.org, b@example.org", "a@example.org;b@example.org", "a@example.org b@example.org",
                "a@example.org/b@example.org", "a@b, c@d", "a@example.org\nb@example.org",
                "a@example.org <b@example.org>",
            )
        ),
        *(
            (cell, ("jane@example.org", ""))
            for cell in (
                "'jane@example.org'", "“jane@example.org”", "[jane@example.org]", '="jane@example.org"',
                "jane@example.org.", "\u202ajane@example.org\u202c",
            )
        ),
        ("jane@example.org (gone)", "The address has a space within."),
        ("<jane@example.org> gone", "The address has a space within."),
        ("ann@@example.org", "The address is not one that mail can be delivered to."),
        ("", "The address is missing."),
        ("@", "The address has nothing before the @-sign."),
    ],
)  # fmt: skip
def test_an_address_is_found_in_the_forms_in_which_people_write_one(
    cell: str, found: tuple[str, str] | str
) -> None:
    if isinstance(found, str):
        with pytest.raises(SubscriberError) as told:
            read_mailbox(cell)
        assert (told.value.message, told.value.code) == (found, "address")
    else:
        assert read_mailbox(cell) == found


@pytest.mark.parametrize(
    ("cell", "moment", "certain"),
    [
        ("2021-03-04 10:11:12", "2021-03-04 10:11", True),
        ("2021-03-04T10:11:12Z", "2021-03-04 10:11", True),
        ("04.03.2021 10:11", "2021-03-04 10:11", True),
        ("14/03/2021 9:05", "2021-03-14 09:05", True),
        ("3/14/2021", "2021-03-14", True),
        ("3/4/2021 10:11", '"3/4/2021 10:11" (as the list has it)', False),
        ("3/14/21", '"3/14/21" (as the list has it)', False),
        ("4-Mar-21", '"4-Mar-21" (as the list has it)', False),
        ("3/14/2021 1:05 PM", '"3/14/2021 1:05 PM" (as the list has it)', False),
        ("44259.42", '"44259.42" (as the list has it)', False),
        ("31/31/2021", '"31/31/2021" (as the list has it)', False),
        ("########", UNREADABLE, False),
        ("ask ann@example.org", UNREADABLE, False),
        *((cell, "", True) for cell in ("", " ", "0000-00-00 00:00:00", "NULL", "-")),
    ],
)
def test_a_date_is_never_dropped_and_never_guessed(cell: str, moment: str, certain: bool) -> None:
    assert read_moment(cell) == (moment, certain)


def test_how_many_dates_are_not_certain_is_told(sqlite_database: Database, tmp_path: Path) -> None:
    listed = tmp_path / "list.csv"
    rows = "".join(
        f"{n}@example.org,,{day},,2022-01-01,1\n" for n, day in enumerate(("3/4/2021", "3/14/2021"))
    )
    listed.write_text(f"Email Address,First Name,OPTIN_TIME,CONFIRM_TIME,LAST_CHANGED,LEID\n{rows}")
    result = import_csv(sqlite_database.write, listed, digests=["weekly"], wording="Asked", source="import")
    assert (result.added, result.uncertain_dates) == (2, 1)


@pytest.mark.parametrize(
    "header",
    [
        lambda: ",".join(f"{'the column of ' * 9}{n}" for n in range(15_000)),  # each is looked at
        lambda: "email" + "," * 1_000_000,
        lambda: "," * 1_000_000 + "email",
        lambda: '"email"' + ',""' * 300_000,
        lambda: "Title\nemail" + ";" * 900_000,
        lambda: "x" * 900_000,
    ],
    ids=["named", "empty", "email last", "quoted", "below a title", "one name"],
)
def test_a_header_of_a_million_columns_is_the_users_error(
    sqlite_database: Database, tmp_path: Path, header: Callable[[], str]
) -> None:
    with pytest.raises(SubscriberError) as told:
        brought_in(sqlite_database, tmp_path, f"{header()}\nann@example.org\n")
    assert told.value.code == "file"
    assert "list.csv, line" in told.value.message


def test_a_cell_that_is_too_long_costs_its_row_and_is_called_that(
    sqlite_database: Database, tmp_path: Path
) -> None:
    content = f'email,name\nben@example.org,"{"x" * 200_000}"\nann@example.org,Ann\n'
    assert brought_in(sqlite_database, tmp_path, content) == ANN
    rows = (tmp_path / "list.csv.refused.csv").read_text().splitlines()[1:]
    assert [row[:46] for row in rows] == ['"2","A cell is too long for a list of people."']
