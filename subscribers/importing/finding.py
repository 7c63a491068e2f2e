"""Finding out which column of a list holds what."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from subscribers.errors import SubscriberError
from subscribers.importing.answers import UNKNOWN_COLUMN, Answers, column_name
from subscribers.importing.columns import Columns
from subscribers.importing.other_lists import ANY, WHY_REFUSED
from subscribers.importing.rejects import FIRST
from subscribers.importing.signs import AWAY, Sign
from subscribers.importing.table import EMAIL
from subscribers.importing.tools import TOOLS
from subscribers.importing.words import plain

if TYPE_CHECKING:
    from pathlib import Path

    from subscribers.importing.csv_reader import Record
    from subscribers.importing.signs import Tool
    from subscribers.importing.table import Table

NAMES = (
    ("name",), ("fullname",), ("displayname",), ("firstname", "lastname"), ("vorname", "nachname"),
    ("prenom", "nom"), ("nombre", "apellidos"), ("nombre", "apellido"), ("voornaam", "achternaam"),
    ("nome", "cognome"), ("firstname",), ("vorname",), ("prenom",), ("voornaam",), ("nom",), ("nombre",),
    ("naam",), ("nome",),
)  # fmt: skip


def find_columns(table: Table, path: Path, answers: Answers | None = None) -> Columns:
    """Find the columns by their names in the header, or, without one, by the address in the first row."""
    answers = answers or Answers()
    if not table.headed:
        return _unheaded(table.first, path, answers)
    header = tuple(table.first.cells)
    answers.check(header, path)
    names = [plain(column_name(header, column)) for column in range(len(header))]
    present = frozenset(names)
    tool = _tool(present, table.first, path)
    signs = _signs(names, tool, path, answers)
    again = tuple(names[: len(FIRST)]) == FIRST
    if again:
        signs += ((1, WHY_REFUSED),)
    moments = tuple((names.index(column), what) for column, what in tool.moments if column in present)
    found = Columns(
        header=header,
        headed=True,
        emails=tuple(number for number, name in enumerate(names) if name in EMAIL),
        names=next((tuple(map(names.index, some)) for some in NAMES if set(some) <= present), ()),
        tool=tool.name,
        digest=names.index("digest") if "digest" in present and not tool.name else None,
        signs=signs,
        moments=moments,
        agreed=tool.agreed,
        again=again,
        paused=names.index(tool.paused) if tool.paused in names else None,
        origin=names.index(tool.origin) if tool.origin in names else None,
    )
    return _with_unused(found, names, tool.asides, answers, used={0} if again else set())


def _with_unused(
    found: Columns, names: list[str], asides: frozenset[str], answers: Answers, used: set[int]
) -> Columns:
    read = {*found.emails, *found.names, found.digest, found.origin, found.paused}
    read |= used | {column for column, _ in (*found.signs, *found.moments)}
    unused = tuple(column for column in range(len(names)) if column not in read)
    known = asides | answers.ignored
    return replace(found, unused=unused, unknown=tuple(c for c in unused if names[c] not in known))


def _unheaded(first: Record, path: Path, answers: Answers) -> Columns:
    email = next((column for column, cell in enumerate(first.cells) if "@" in cell), None)
    if email is None:
        # The message does not repeat the first row: without a header it is somebody's data.
        raise SubscriberError(
            f"{path}, line {first.line}: no column is named email, and no address stands there.",
            "Name the columns in the first line, for example: email,name",
            code="file",
        )
    # Of more than two columns without names, only that of the addresses can be recognised.
    name = 1 - email if len(first.cells) == 2 else None
    header = tuple("email" if n == email else "name" if n == name else "" for n in range(len(first.cells)))
    answers.check(header, path)
    names = [plain(column_name(header, column)) for column in range(len(header))]
    found = Columns(
        header,
        headed=False,
        emails=(email,),
        names=() if name is None else (name,),
        signs=_signs(names, ANY, path, answers),
    )
    found = _with_unused(found, names, frozenset(), answers, used=set())
    # That the other column holds names is a guess.
    return replace(found, unknown=(*found.unknown, *found.names))


def _signs(names: list[str], tool: Tool, path: Path, answers: Answers) -> tuple[tuple[int, Sign], ...]:
    """The columns that say who may be mailed, as the operator or the tool has it."""
    question = tool.question
    if question and question.column not in answers.mailable and question.unless not in names:
        raise SubscriberError(f"{path}: {question.message}", question.remedy, code=UNKNOWN_COLUMN)
    known = {sign.column: sign for sign in tool.signs}
    found = []
    for column, name in enumerate(names):
        if name in answers.mailable:
            found.append((column, known.get(name, Sign(name, AWAY)).answered(answers.mailable[name])))
        elif name in known and name not in answers.ignored:
            found.append((column, known[name]))
        elif name in known and tool.name:
            raise SubscriberError(
                f"{path}: in a list of {tool.name} the column {name} says who left.",
                "Import the list without --ignore-column for it.",
                code="usage",
            )
    return tuple(found)


def _tool(columns: frozenset[str], first: Record, path: Path) -> Tool:
    fitting = [tool for tool in TOOLS if tool.fits(columns)]
    if len(fitting) > 1:
        # Their words differ (`inactive` means "gone" in one tool and "not yet" in another): a guess could
        # mail people who left.
        among = " and ".join(sorted({tool.name or "Rapport" for tool in fitting}))
        raise SubscriberError(
            f"{path}, line {first.line}: the columns are those of {among}.",
            "Export the list again without columns of your own, or keep only email, name and status.",
            code="file",
        )
    return fitting[0] if fitting else ANY
