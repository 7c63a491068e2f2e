"""What every word of every tool means, as a person last looked at it in `signs.txt`.

After a change that is meant: ``pytest tests/subscribers/importing/test_tools.py --update``, then review the
difference. Each line is asked of the importer, by a file with the tool's columns and that word in one row.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from subscribers.importing.csv_reader import Record
from subscribers.importing.finding import find_columns
from subscribers.importing.other_lists import ANY
from subscribers.importing.rows import Applicant
from subscribers.importing.table import EMAIL, Table
from subscribers.importing.tools import TOOLS

if TYPE_CHECKING:
    import pytest

    from subscribers.importing.signs import Sign, Tool

GOLDEN = Path(__file__).with_name("signs.txt")
STRANGE = "a word that nobody knows"


def meaning(tool: Tool, sign: Sign, word: str) -> str:
    """What the importer makes of a row whose only sign is ``word``; every other column says "active"."""
    others = {one.column: _active(one) for one in tool.signs if tool.marks}
    cells = dict.fromkeys(sorted(tool.marks), "") | others | {sign.column: word}
    cells[next(iter(EMAIL & tool.marks), "email")] = "ann@example.org"
    if "digest" in cells:
        cells["digest"] = "weekly"
    if tool.question and sign.column != tool.question.unless:
        cells |= {tool.question.unless: "confirmed"}
    cells |= dict.fromkeys([column for column, _ in tool.moments], "2021-03-04") if tool.agreed else {}
    layout = find_columns(Table(Record(1, list(cells)), True, iter(())), Path("list.csv"))
    assert layout.tool == tool.name or not tool.marks
    found = layout.applicant(Record(2, list(cells.values())), ["weekly"])
    if not isinstance(found, Applicant):
        return f"refused: {found}"
    return found.reason or ("left" if found.left else "active")


def _active(sign: Sign) -> str:
    if sign.otherwise == "active":
        return "whatever"
    return max((word for word, means in sign.words.items() if means == "active"), default="", key=len)


def described() -> str:
    lines = []
    for tool in (*TOOLS, ANY):
        name = tool.name or ("Rapport" if tool.marks else "any other file")
        lines.append(f"{name}: {' '.join(sorted(tool.marks))}".rstrip(": "))
        lines += [f"  never with {column}" for column in sorted(tool.lacks)]
        lines += [f"  proof: {what} {column}" for column, what in tool.moments]
        lines += [f"  proof: by {tool.origin}"] * (tool.origin is not None)
        lines += ["  nobody is mailed without a proof"] * tool.agreed
        lines += [f"  beside the point: {column}" for column in sorted(tool.asides)]
        for sign in tool.signs:
            lines.append(f"  {sign.column}")
            said = [*sorted({"", *sign.words}), STRANGE, "2021-11-12 13:14:15"]
            width = max(map(len, said))
            lines += [f"    {word or '(empty)':{width}} {meaning(tool, sign, word)}" for word in said]
    return "\n".join(lines) + "\n"


def test_every_word_of_every_tool_means_what_was_reviewed(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update"):
        GOLDEN.write_text(described(), encoding="utf-8")
    assert described() == GOLDEN.read_text(encoding="utf-8"), "it has changed: see it with --update"


def test_capitals_and_blanks_make_no_other_word() -> None:
    kit = next(tool for tool in TOOLS if tool.name == "Kit")
    assert meaning(kit, kit.signs[0], " Bounced ") == "bounced"
