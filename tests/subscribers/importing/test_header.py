"""Where the table of a file begins, what its column of addresses is called, and what staff say of columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from subscribers.errors import SubscriberError
from subscribers.importing.answers import column_name, read_answers
from subscribers.importing.csv_reader import open_csv, open_list
from subscribers.importing.table import Table, find_table, names_addresses

if TYPE_CHECKING:
    from pathlib import Path


def found(tmp_path: Path, content: str) -> tuple[Table, list[list[str]]]:
    path = tmp_path / "list.csv"
    path.write_text(content, newline="")
    with open_list(path) as opened, open_csv(opened, path, names_addresses) as file:
        table = find_table(file, path)
        return table, [record.cells for record in table.rows]


@pytest.mark.parametrize(
    "name",
    [
        "Email", "E-Mail Address", "E-Mail-Adresse", "Mail", "Mailadresse", "Adresse e-mail", "Adresse mail",
        "Courriel", "Adresse courriel", "Correo", "Correo electrónico", "Dirección de correo electrónico",
        "Indirizzo e-mail", "Indirizzo mail", "E-mailadres", "Email 1", "Endereço de e-mail", "Primary Email",
        "Contact email", "Subscriber email", "Adresse de messagerie", "Adres e-mail", "Emailová adresa",
        "E-post", "Sähköposti", "E-posta", "Электронная почта", "メールアドレス", "电子邮件", "이메일",
        "Client Email", "EmailAddr",
    ],
)  # fmt: skip
def test_the_column_of_the_addresses_is_known_by_name(name: str) -> None:
    assert names_addresses(["Name", name])


@pytest.mark.parametrize(
    ("cells", "is_header"),
    [
        (["email", "ann@example.org"], False),
        (["email", "Ann Smith <ann@example.org>"], False),
        (["email", " ann@example.org "], False),
        (["email", "or write to ann@example.org"], True),
        (["email", "ann@example.org or Ben"], True),
        (["email", "@ann"], True),
        (["email", "ann@"], True),
        (["name", "city"], False),
    ],
)
def test_what_holds_an_address_is_no_header(cells: list[str], is_header: bool) -> None:
    assert names_addresses(cells) is is_header


def test_the_header_stands_among_the_first_ten_rows(tmp_path: Path) -> None:
    for above, headed in ((9, True), (10, False)):
        titles = "".join(f"Title {number},x\n" for number in range(above))
        table, rows = found(tmp_path, f"{titles}email,name\nann@example.org,Ann\n")
        assert table.headed is headed
        if headed:
            assert rows == [["ann@example.org", "Ann"]]
            assert table.above == tuple(cell for n in range(above) for cell in (f"Title {n}", "x"))


def test_a_header_shows_that_bars_part_the_cells_and_a_row_does_not(tmp_path: Path) -> None:
    assert found(tmp_path, "email|name\nann@example.org|Ann\n")[1] == [["ann@example.org", "Ann"]]
    assert found(tmp_path, "ann@example.org,a|b|c\n")[1] == [["ann@example.org", "a|b|c"]]


def test_a_table_of_nobody_has_a_header_all_the_same(tmp_path: Path) -> None:
    table, rows = found(tmp_path, "Readers,\nemail,name\n")
    assert (table.headed, table.first.cells, table.first.line, rows) == (True, ["email", "name"], 2, [])


def test_below_the_first_address_no_header_is_looked_for(tmp_path: Path) -> None:
    table, rows = found(tmp_path, "ann@example.org,Ann\nemail,name\nben@example.org,Ben\n")
    assert (table.headed, len(rows)) == (False, 3)


def test_lines_quoted_as_a_whole_are_unwrapped_where_they_fit_the_header(tmp_path: Path) -> None:
    quoted = '"ann@example.org,Ann"\n"ben@example.org,Ben,x"\n"ann@example.org,ben@example.org"\nx,y\n'
    for header in ('"email,name"', "email,name"):
        _, rows = found(tmp_path, f"{header}\n{quoted}")
        assert rows[0] == ["ann@example.org", "Ann"]
        assert [row[0] for row in rows[1:]] == [
            "ben@example.org,Ben,x",
            "ann@example.org,ben@example.org",
            "x",
        ]


def test_without_a_header_too(tmp_path: Path) -> None:
    table, rows = found(tmp_path, '"ann@example.org;Ann"\n"ben@example.org;Ben"\n')
    assert (table.headed, table.first.cells, table.first.line) == (False, ["ann@example.org", "Ann"], 1)
    assert rows == [["ann@example.org", "Ann"], ["ben@example.org", "Ben"]]
    table, rows = found(tmp_path, '"Smith, Ann <ann@example.org>"\n')
    assert rows == [["Smith, Ann <ann@example.org>"]]


def test_a_row_of_several_cells_is_no_line_quoted_as_a_whole(tmp_path: Path) -> None:
    _, rows = found(tmp_path, 'email,name\n"ann@example.org,Ann",y\n')
    assert rows == [["ann@example.org,Ann", "y"]]
    table, _ = found(tmp_path, '"email;name",city\nann@example.org,Bonn\n')
    assert (table.headed, table.first.cells) == (False, ["email;name", "city"])


@pytest.mark.parametrize("content", ["sep=;\n", ",\n,\n"])
def test_a_file_without_any_word_is_empty(tmp_path: Path, content: str) -> None:
    with pytest.raises(SubscriberError, match="is empty"):
        found(tmp_path, content)


def test_a_line_that_cannot_be_taken_apart_stays_as_it_is(tmp_path: Path) -> None:
    _, rows = found(tmp_path, 'email,name\n"ann@example.org\rx, Ann"\n')
    assert rows == [["ann@example.org\rx, Ann"]]


def test_a_table_as_wide_as_no_list_is_refused(tmp_path: Path) -> None:
    found(tmp_path, "email" + "," * 1999 + "\nann@example.org\n")
    with pytest.raises(SubscriberError, match=r"line 1: 2,001 columns are too many") as refused:
        found(tmp_path, "email" + "," * 2000 + "\nann@example.org\n")
    assert refused.value.code == "file"


# What staff say of columns


def test_a_column_without_a_name_is_called_by_its_number() -> None:
    assert [column_name([" Status ", " "], column) for column in (0, 1)] == ["Status", "column 2"]


def test_answers_are_read_as_they_are_typed() -> None:
    answers = read_answers(["Lead Score", "lead_score"], ["Status=active, confirmed", 'Opt In="a, b",', "x="])
    assert answers.ignored == {"leadscore"}
    assert answers.mailable == {
        "status": {"active", "confirmed"},
        "optin": {"a, b", ""},
        "x": {""},
    }
    twice = read_answers(mailable=["Status=active", "status=confirmed"])
    assert twice.mailable == {"status": {"active", "confirmed"}}


@pytest.mark.parametrize("answer", ["status", " =active", "=active", ""])
def test_an_answer_without_column_or_values_is_wrong_usage(answer: str) -> None:
    with pytest.raises(SubscriberError, match='does not say which values mean "may be mailed"') as wrong:
        read_answers(mailable=[answer])
    assert wrong.value.code == "usage"


def test_a_column_is_not_both_left_aside_and_asked() -> None:
    with pytest.raises(SubscriberError, match="The column status is both left aside and asked") as wrong:
        read_answers(["Status"], ["status=active"])
    assert wrong.value.code == "usage"


def test_a_slip_in_a_columns_name_is_told_with_those_that_are_there(tmp_path: Path) -> None:
    answers = read_answers(["Sttus"], ["Mail=yes"])
    with pytest.raises(SubscriberError, match="has no column mail") as wrong:
        answers.check(["Email", ""], tmp_path)
    assert (wrong.value.code, wrong.value.remedy) == ("file", "It has: Email, column 2.")
    with pytest.raises(SubscriberError, match="has no column sttus") as wrong:
        answers.check(["Mail", *map(str, range(60))], tmp_path)
    assert wrong.value.remedy.endswith(", 48.")
    answers.check(["Mail", "STTUS"], tmp_path)
