"""The tool that plants faults: each is one change, and everybody who imported the module meets it."""

from __future__ import annotations

import ast
import gc
import importlib
import sys
from typing import TYPE_CHECKING

import pytest

from tests.mutants.operators import mutants
from tests.mutants.planting import dependants, functions_of, plant
from tests.mutants.runner import ROOT
from tests.mutants.tables import TESTS, mirrored

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = '''
"""A module."""
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

LIMIT = 3
WORDS = {"gone": "left"}

@dataclass(frozen=True)
class Box:
    size: int = 5

    def fits(self, number, *, tight=False):
        return not tight and number < self.size

class Pair(NamedTuple):
    one: int
    other: int = 7

def meaning(word):
    """What a word means."""
    return WORDS.get(word, "unknown")

@contextmanager
def counting(number, most=LIMIT):
    if number and not most:
        raise ValueError("a whole sentence")
    yield number + 1
'''


def names() -> list[str]:
    return [mutant.name for mutant in mutants(SOURCE)]


def test_conditions_numbers_words_returns_and_calls_are_changed_and_prose_is_not() -> None:
    assert "module: 3 → 4" in names()
    assert "module: 'gone' → 'gone~'" in names()
    assert "Box: 5 → 6" in names()
    assert "Box.fits: number < self.size → number <= self.size" in names()
    assert "meaning: return WORDS.get(word, 'unknown') → return None" in names()
    assert "counting: number and (not most) → number or not most" in names()
    assert "counting: raise ValueError('a whole sentence') → pass" in names()
    assert not [name for name in names() if "sentence~" in name or "module~" in name or "frozen" in name]


def test_each_fault_is_one_change_with_a_name_of_its_own() -> None:
    made = mutants(SOURCE)
    assert len({mutant.name for mutant in made}) == len(made)
    whole = ast.unparse(ast.parse(SOURCE)).splitlines()
    for mutant in made:
        changed = ast.unparse(mutant.tree()).splitlines()
        assert changed != whole, mutant.name
        assert len(set(changed) - set(whole)) <= 1, mutant.name


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        ("module: 3 → 4", (4, "left", True, 1, 5, 7)),
        ("module: 'left' → 'left~'", (3, "left~", True, 1, 5, 7)),
        ("Box: 5 → 6", (3, "left", True, 1, 6, 7)),
        ("Box.fits: number < self.size → number <= self.size", (3, "left", True, 1, 5, 7)),
        ("Box: False → True", (3, "left", False, 1, 5, 7)),
        ("Box.fits: return not tight and number < self.size → return None", (3, "left", None, 1, 5, 7)),
        ("counting: 1 → 2", (3, "left", True, 2, 5, 7)),
        ("Pair: 7 → 8", (3, "left", True, 1, 5, 8)),
    ],
)
def test_whoever_imported_of_the_module_before_meets_the_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, seen: tuple[object, ...]
) -> None:
    (tmp_path / "planted.py").write_text(SOURCE)
    (tmp_path / "planter.py").write_text("from planted import Box, LIMIT, Pair, counting, meaning\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    module, other = importlib.import_module("planted"), importlib.import_module("planter")
    try:
        box = other.Box()
        (mutant,) = [one for one in mutants(SOURCE) if one.name == fault]
        gc.freeze()  # as it is once the tests are collected
        plant(module, functions_of(module), mutant.tree())
        with other.counting(0) as counted:
            found = other.LIMIT, other.meaning("gone"), box.fits(4), counted
            assert (*found, other.Box().size, other.Pair(1).other) == seen
        assert isinstance(box, other.Box)
    finally:
        gc.freeze()
        del sys.modules["planted"], sys.modules["planter"]


def test_every_module_of_the_table_is_there_and_has_tests_of_its_own() -> None:
    assert [module for module in TESTS if not (ROOT / module).exists() or not mirrored(module)] == []


WORDS = """
from enum import StrEnum

class Kind(StrEnum):
    GONE = "left"

WORD = "gone"
"""
TABLE = "from words.words import WORD\nMEANS = {WORD: 1}\n"
ASKED = "from words.table import MEANS\ndef meaning(word): return MEANS.get(word)\n"


def test_what_other_modules_made_of_it_is_made_anew_and_a_kind_stays_that_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "words").mkdir()
    for name, text in {"__init__": "", "words": WORDS, "table": TABLE, "asked": ASKED}.items():
        (tmp_path / "words" / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    asked, module = importlib.import_module("words.asked"), importlib.import_module("words.words")
    meaning, gone = asked.meaning, module.Kind.GONE
    try:
        for fault, then in (("module: 'gone' → 'gone~'", None), ("Kind: 'left' → 'left~'", 1)):
            (mutant,) = [one for one in mutants(WORDS) if one.name == fault]
            further = dependants(module)
            assert [one.module.__name__ for one in further] == ["words.table", "words.asked"]
            plant(module, functions_of(module), mutant.tree())
            for one in further:
                plant(one.module, one.functions, one.tree)
            assert (meaning("gone"), module.Kind.GONE is gone) == (then, then is None)
    finally:
        for name in ("words.asked", "words.table", "words.words", "words"):
            del sys.modules[name]
