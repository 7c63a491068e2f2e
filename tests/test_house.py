"""The house: the rooms and their order, no circle, a light start-up, a wheel that finds its templates."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import zipfile
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib.util import resolve_name
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.commands import command

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]

ROOMS = (
    "cli",
    "web",
    "schedule",
    "doctor",
    "delivery",
    "backup",
    "subscriptions",
    "editions",
    "mail",
    "letter",
    "feeds",
    "providers",
    "core",
)
"""From the doors down. A module imports of its own room and of those below, for type checkers too; below all
lies `subscribers`, which imports nothing of `pipeline`."""


class Import(NamedTuple):
    module: str
    line: int
    of: str


def modules(root: Path) -> dict[str, Path]:
    """By its dotted name the file of every module of ours under ``root``."""
    files = [*root.glob("pipeline/**/*.py"), *root.glob("subscribers/**/*.py")]
    return {
        ".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): file
        for file in files
    }


@cache
def tree(file: Path) -> ast.Module:
    """What a module says, read once for all who look at it."""
    return ast.parse(file.read_text())


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Every statement within, at whatever depth: a tenth of all that a module is made of."""
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, ast.stmt | ast.ExceptHandler | ast.match_case):
            yield inner
            yield from statements(inner)


def imports(known: dict[str, Path]) -> list[Import]:
    """Every import of one module of ours by another, also those under TYPE_CHECKING and in functions."""
    found = []
    for module, file in known.items():
        package = module if file.name == "__init__.py" else module.rpartition(".")[0]
        for node in statements(tree(file)):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                source = resolve_name("." * node.level + (node.module or ""), package)
                inside = (f"{source}.{alias.name}" for alias in node.names)
                names = [name if name in known else source for name in inside]
            found += [Import(module, node.lineno, name) for name in names if name in known and name != module]
    return found


def height(module: str) -> int:
    """How far down a module stands; `pipeline` itself, which is empty, stands with the doors."""
    if module.startswith("subscribers"):
        return len(ROOMS)
    room = module.split(".")[1] if "." in module else ROOMS[0]
    return ROOMS.index(room) if room in ROOMS else -1


def violations(root: Path) -> list[str]:
    """What is not as the house is planned, a line each."""
    known = modules(root)
    all_imports = imports(known)
    found = [
        f"{module}:{line} imports {of}, which stands above it"
        for module, line, of in all_imports
        if height(of) < height(module)
    ]
    found += [f"{module} stands in no room" for module in known if height(module) < 0]
    return found + circles(all_imports)


def circles(found: list[Import]) -> list[str]:
    """Each circle of imports, a line each. Cut where it is found, so that the next one shows."""
    graph: dict[str, set[str]] = {}
    for module, _, of in found:
        graph.setdefault(module, set()).add(of)
    told = []
    while True:
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            circle = error.args[1]
            told.append(f"a circle of imports: {' <- '.join(circle)}")
            graph[circle[1]].discard(circle[0])
        else:
            return told


def test_imports_run_downwards_and_in_no_circle() -> None:
    assert violations(ROOT) == []


def test_the_rooms_are_all_there_is() -> None:
    there = {entry.name for entry in (ROOT / "pipeline").iterdir() if entry.name != "__pycache__"}
    assert there == {*ROOMS, "__init__.py"}


def test_a_fault_of_each_kind_is_found(tmp_path: Path) -> None:
    files = {
        "pipeline/__init__.py": "",
        "pipeline/cli/__init__.py": "",
        "pipeline/core/upward.py": "from pipeline import cli\n",
        "pipeline/core/typed.py": "if TYPE_CHECKING:\n    from pipeline.web.app import App\n",
        "pipeline/core/late.py": "def work():\n    from ..web import app\n",
        "pipeline/core/__init__.py": "",
        "pipeline/web/__init__.py": "",
        "pipeline/web/app.py": "App = 1\n",
        "pipeline/feeds/there.py": "import pipeline.feeds.back\n",
        "pipeline/feeds/back.py": "if TYPE_CHECKING:\n    from pipeline.feeds.there import x\n",
        "pipeline/letter/one.py": "import pipeline.letter.two\n",
        "pipeline/letter/two.py": "import pipeline.letter.three\n",
        "pipeline/letter/three.py": "import pipeline.letter.one\n",
        "pipeline/attic/__init__.py": "",
        "subscribers/people.py": "from pipeline.core import upward\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    told = violations(tmp_path)
    assert sorted(line for line in told if "circle" not in line) == [
        "pipeline.attic stands in no room",
        "pipeline.core.late:2 imports pipeline.web.app, which stands above it",
        "pipeline.core.typed:2 imports pipeline.web.app, which stands above it",
        "pipeline.core.upward:1 imports pipeline.cli, which stands above it",
        "subscribers.people:1 imports pipeline.core.upward, which stands above it",
    ]
    sign = "a circle of imports: "
    rings = [set(line.removeprefix(sign).split(" <- ")) for line in told if sign in line]
    assert {frozenset(ring) for ring in rings} == {
        frozenset({"pipeline.feeds.there", "pipeline.feeds.back"}),
        frozenset({"pipeline.letter.one", "pipeline.letter.two", "pipeline.letter.three"}),
    }


ONLY_WITH_SOMETHING_TO_DO = {
    "PIL",
    "alembic",
    "apscheduler",
    "css_inline",
    "feedparser",
    "httpx",
    "jinja2",
    "mjml",
    "nh3",
    "orjson",
    "pipeline.delivery.send",
    "pipeline.editions.compose",
    "pipeline.feeds.pull",
    "pipeline.letter",
    "pipeline.mail",
    "pipeline.providers.choice",
    "pipeline.schedule.foresee",
    "pipeline.schedule.steps",
    "procrastinate",
    "prometheus_client",
    "selectolax",
    "sendgrid",
    "stamina",
    "uvicorn",
}
"""What fetches, composes, mails and serves."""


def loaded(*commands: list[str], folder: Path = ROOT, code: str = "") -> set[str]:
    """The modules that a process has loaded after these commands of ours."""
    lines = ["import sys; from pipeline.cli import main", code, *(f"main({line})" for line in commands)]
    program = "\n".join([*lines, "print(*sys.modules, file=sys.stderr)"])
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=folder
    )
    return set(ran.stderr.split())


PRIVATE_WORDS = {
    "bell", "desk", "errand", "heed", "journey", "lane", "obey", "patient", "rounds", "stencil", "studio",
    "understood",
}  # fmt: skip
"""Once names here for what the field has names for. No class, function or variable is called so."""
ANY_PRIVATE = re.compile("|".join(PRIVATE_WORDS), re.IGNORECASE)
"""A file without any of them names nothing so, and need not be parsed."""

IN_NO_PROSE = re.compile(
    r"\b(?:errands?|heed(?:s|ed)?|lanes?|obey(?:s|ed)?|stencils?|studios?)\b", re.IGNORECASE
)
PLACES = re.compile(r"Harbour[ _-]?Lane", re.IGNORECASE)
"""The sample practice's address."""


def test_what_the_field_has_a_word_for_bears_that_word() -> None:
    found = []
    folders = [folder for folder in ROOT.iterdir() if not folder.name.startswith(".")]  # `.venv` is large
    for file in sorted(file for folder in folders for file in folder.glob("**/*.py")):
        if file == Path(__file__):
            continue
        text = PLACES.sub("", file.read_text())
        said = names(tree(file)) if ANY_PRIVATE.search(text) else set()
        for name in said | set(file.with_suffix("").parts[-1:]):
            words = re.findall(r"[a-z]+|[A-Z][a-z]*", PLACES.sub("", name))
            if private := PRIVATE_WORDS.intersection(word.lower() for word in words):
                found.append(f"{file.relative_to(ROOT)}: {name}: {', '.join(private)}")
        found += [f"{file.relative_to(ROOT)}: {word}" for word in IN_NO_PROSE.findall(text)]
    for page in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]):
        found += [f"{page.name}: {word}" for word in IN_NO_PROSE.findall(PLACES.sub("", page.read_text()))]
    assert found == []


def names(tree: ast.AST) -> set[str]:
    """What a module defines: its classes, functions, parameters, variables and attributes."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.attr)
    return found


def test_help_loads_nothing_heavy() -> None:
    heavy = ONLY_WITH_SOMETHING_TO_DO | {"sqlalchemy", "pydantic"}
    assert heavy & loaded(["--help"]) == set()


def test_a_run_with_nothing_due_loads_no_more_than_it_needs(tmp_path: Path) -> None:
    (tmp_path / "rapport.toml").write_text(
        '[newsletter]\nname = "A Letter"\nfrom_email = "letter@example.org"\n'
        '[[feeds]]\nurl = "http://127.0.0.1:1/feed"\n'
        '[staff]\nemails = ["editor@example.org"]\n'
    )
    whole = "import pipeline.schedule.idle as idle; idle.nothing_due = lambda *anything: None"
    made = subprocess.run([command(), "run"], cwd=tmp_path, capture_output=True, check=False)
    assert (tmp_path / "rapport.db").exists(), made.stderr  # which takes alembic
    usual = loaded(["run"], folder=tmp_path, code=whole)
    assert "sqlalchemy" in usual
    assert ONLY_WITH_SOMETHING_TO_DO & usual == set()
    # When the run before found nothing to do either, as nearly all runs of a cron line.
    light = loaded(["run"], folder=tmp_path)
    assert (ONLY_WITH_SOMETHING_TO_DO | {"sqlalchemy"}) & light == set()
    assert "pipeline.schedule.idle" in light


def test_a_wheel_installed_elsewhere_runs_the_demo(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    target = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:  # all that pip does with it; tests/docs has pip do it
        archive.extractall(target)
    # -P and no checkout on the path: the wheel's own code runs, with the libraries of this environment.
    code = """import pipeline; from pipeline.cli import main; print(pipeline.__file__)
exit(main(['demo']) or main(['init', 'mine']))"""
    environment = {k: v for k, v in os.environ.items() if k != "RAPPORT_SECRET"} | {"PYTHONPATH": str(target)}
    ran = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.startswith(str(target))
    assert len(list((tmp_path / "demo" / "outbox").glob("*.eml"))) == 12
    assert (tmp_path / "mine" / "rapport.toml").is_file()
