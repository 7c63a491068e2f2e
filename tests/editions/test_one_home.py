"""Every module of the product: no status spelt as a string or changed past states.py, no edition as a row."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, NamedTuple

import pytest

from pipeline.editions.edition import EditionStatus
from pipeline.editions.ledger.batch_states import BatchState, RecipientState
from tests.test_house import ROOT, modules, tree

if TYPE_CHECKING:
    from collections.abc import Iterator

WORDS = {
    "status": {str(status) for status in EditionStatus},
    "state": {str(state) for state in (*BatchState, *RecipientState)},
}
HOMES = {
    "pipeline.editions.edition",
    "pipeline.editions.ledger.batch_states",
    "pipeline.core.tables.editions",  # the index over open editions; below it is held to be the same
}
CHANGES = {"pipeline.editions.states", "pipeline.editions.course", "pipeline.editions.store"}
READS = {"pipeline.editions.find", "pipeline.editions.store"}


class Found(NamedTuple):
    line: int
    what: str


def faults(module: str, read: ast.Module) -> list[Found]:
    """Where a module spells a status or state, changes a status, or holds an edition as a row."""
    if module in HOMES or ".migrations." in module:
        return []
    nodes = list(ast.walk(read))
    found = [*_spelt(nodes), *_rows(nodes)]
    if module not in CHANGES:
        found += _changes(nodes)
    if module not in READS:
        found += _whole_rows(nodes)
    return sorted(set(found))


def _spelt(nodes: list[ast.AST]) -> Iterator[Found]:
    for node in nodes:
        for name, value in _named(node):
            for part in ast.walk(value):
                if isinstance(part, ast.Constant) and part.value in WORDS.get(name, ()):
                    yield Found(part.lineno, f"spells {part.value!r}")
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for name, words in WORDS.items():
                if found := re.search(rf"\b{name} *(?:=|!=|<>|IN) *\(?'({'|'.join(words)})'", node.value):
                    yield Found(node.lineno, f"spells {found[1]!r}")


def _named(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """What is compared with, put into or given for something that is named status or state."""
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        for one in sides:
            yield from ((_name(one), other) for other in sides if other is not one)
    elif isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("in_", "not_in", "is_"):
            yield from ((_name(node.func.value), argument) for argument in node.args)
        yield from ((keyword.arg or "", keyword.value) for keyword in node.keywords)
    elif isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        yield from ((key.value, value) for key, value in pairs if isinstance(key, ast.Constant))
    elif isinstance(node, ast.Assign):
        yield from ((_name(target), node.value) for target in node.targets)
    elif isinstance(node, ast.arguments):
        given = node.args[len(node.args) - len(node.defaults) :]
        pairs = [
            *zip(given, node.defaults, strict=True),
            *zip(node.kwonlyargs, node.kw_defaults, strict=True),
        ]
        yield from ((argument.arg, value) for argument, value in pairs if value is not None)
    elif isinstance(node, ast.Match):
        patterns = [part for case in node.cases for part in ast.walk(case.pattern)]
        values = [part.value for part in patterns if isinstance(part, ast.MatchValue)]
        yield from ((_name(node.subject), value) for value in values)


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _changes(nodes: list[ast.AST]) -> Iterator[Found]:
    for node in nodes:
        if isinstance(node, ast.Call) and _name(node.func) in ("values", "change", "create"):
            given = [keyword.arg for keyword in node.keywords]
            given += [key.value for part in node.args if isinstance(part, ast.Dict) for key in part.keys
                      if isinstance(key, ast.Constant)]  # fmt: skip
            if "status" in given:
                yield Found(node.lineno, "changes a status")
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "states.move":
            yield Found(node.lineno, "changes a status")


def _rows(nodes: list[ast.AST]) -> Iterator[Found]:
    for node in nodes:
        if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
            name = node.arg if isinstance(node, ast.arg) else _name(node.target)
            if re.search("edition|draft", name) and re.search(r"\bRow\b", ast.unparse(node.annotation)):
                yield Found(node.lineno, f"{name} is a row")


def _whole_rows(nodes: list[ast.AST]) -> Iterator[Found]:
    """An edition can be a row only where all columns of its table are asked for."""
    imports = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    names = {
        alias.asname or alias.name
        for node in imports
        if node.module == "pipeline.core.tables.editions"
        for alias in node.names
        if alias.name == "editions"
    }
    for node in nodes:
        if isinstance(node, ast.Call) and _name(node.func) in ("select", "returning"):
            whole = [a for a in node.args if _name(a) in names or ast.unparse(a) == "editions.editions"]
            if whole and isinstance(whole[0], ast.Name | ast.Attribute):
                yield Found(node.lineno, "reads an edition as a row")


def test_no_status_is_spelt_no_edition_is_a_row_and_one_module_changes_it() -> None:
    told = [
        f"{module}:{line} {what}"
        for module, file in modules(ROOT).items()
        if module.startswith("pipeline")
        for line, what in faults(module, tree(file))
    ]
    assert told == []


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ('edition.status == "draft"', "spells 'draft'"),
        ('"held" != status', "spells 'held'"),
        ('document["status"] in ("sent", "skipped")', "spells 'sent'"),
        ('select(x).where(editions.c.status.in_(("paused", SENT)))', "spells 'paused'"),
        ('update(x).values(state="waiting")', "spells 'waiting'"),
        ('row = {"state": "withheld"}', "spells 'withheld'"),
        ('case((going, 1), else_=0) if batch.state == "uncertain" else 2', "spells 'uncertain'"),
        ('status = "approved"', "spells 'approved'"),
        ('def work(state="failed"): ...', "spells 'failed'"),
        ('match edition.status:\n    case "cancelled": ...', "spells 'cancelled'"),
        ("text(\"SELECT 1 FROM editions WHERE status IN ('sending')\")", "spells 'sending'"),
        ("update(x).values(status=after)", "changes a status"),
        ('update(x).values({"status": after})', "changes a status"),
        ("store.change(connection, 1, status=EditionStatus.SENT)", "changes a status"),
        ("states.move(connection, 1, before, after)", "changes a status"),
        ("def work(edition: Row[Any] | None) -> None: ...", "edition is a row"),
        ("class Composed:\n    draft: Row[Any]", "draft is a row"),
        ("from pipeline.core.tables.editions import editions as t\nselect(t)", "reads an edition as a row"),
        ("from pipeline.core.tables import editions\nselect(editions.editions)", "reads an edition as a row"),
    ],
)
def test_a_fault_of_each_kind_is_found(source: str, what: str) -> None:
    assert what in [found.what for found in faults("pipeline.web.somewhere", ast.parse(source))]


def test_what_is_no_fault_is_left_alone() -> None:
    source = """
outcome = "sent"
if edition.status == EditionStatus.SENT and run.outcome == "paused":
    query = select(editions.c.status, editions.c.slug).where(editions.c.status.in_(OPEN))
"""
    assert faults("pipeline.web.somewhere", ast.parse(source)) == []
