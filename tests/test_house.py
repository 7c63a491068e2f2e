"""The house: imports run one way, start-up stays light, a built wheel finds its templates."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from importlib.util import resolve_name
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# From the doors down to the ground floor; a module may import of its own floor and of those below.
FLOORS = (
    ("pipeline.cli", "pipeline.web"),
    ("pipeline.delivery.workers", "pipeline.schedule.scheduler"),
    (
        "pipeline.schedule.run",
        "pipeline.schedule.dry_run",
        "pipeline.editions.message",
        "pipeline.cli.sample",
        "pipeline.doctor",
        "pipeline.backup",
    ),
    ("pipeline.subscriptions.mailbox",),
    (
        "pipeline.schedule.maintenance",
        "pipeline.delivery.send",
        "pipeline.subscriptions.unsubscribe",
        "pipeline.subscriptions.erase",
    ),
    ("pipeline.schedule.drafts", "pipeline.schedule.alerts"),
    (
        "pipeline.editions.plan",
        "pipeline.editions.situation",
        "pipeline.editions.compose",
        "pipeline.editions.edit",
        "pipeline.editions.approval",
    ),
    (
        "pipeline.delivery.edition",
        "pipeline.delivery.sender",
        "pipeline.subscriptions.confirm",
        "pipeline.mail.staff",
    ),
    ("pipeline.editions.states", "pipeline.editions.selection", "pipeline.letter", "pipeline.mail.phrases"),
    ("pipeline.delivery.events", "pipeline.delivery.suppression_sync"),
    ("pipeline.delivery.breaker", "pipeline.editions.after_restore"),
    ("pipeline.web.monitoring.metrics",),
    ("pipeline.delivery", "pipeline.feeds.pull", "pipeline.letter.images"),
    (
        "pipeline.feeds.posts",
        "pipeline.feeds.withdrawal",
        "pipeline.feeds.identity",
        "pipeline.feeds.first_seen",
        "pipeline.delivery.probe",
    ),
    ("pipeline.web.monitoring.readiness",),
    ("pipeline.core.app", "pipeline.backup.move"),
    ("pipeline.providers",),
    ("pipeline.feeds",),
    (
        "pipeline.subscriptions.scrub",
        "pipeline.backup.copy",
        "pipeline.schedule.history",
        "pipeline.schedule.lead",
    ),
    ("pipeline.core.settings", "pipeline.core.database", "pipeline.core.migrations"),
    ("pipeline.core.config", "pipeline.core.tables"),
    (
        "pipeline.core.cron",
        "pipeline.core.errors",
        "pipeline.schedule.heartbeat",
        "pipeline.core.logs",
        "pipeline.core.theme",
        "pipeline.core.colour",
        "pipeline.core.signals",
    ),
    ("pipeline",),
    ("subscribers",),
)


def modules() -> dict[str, Path]:
    files = [*ROOT.glob("pipeline/**/*.py"), *ROOT.glob("subscribers/**/*.py")]
    return {
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
        for file in files
    }


def imported(module: str) -> set[str]:
    """Modules of ours that one imports when it runs; those for type checkers alone do not count."""
    known = modules()
    file = known[module]
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            node.body = []
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            source = resolve_name("." * node.level + (node.module or ""), package)
            inside = {f"{source}.{alias.name}" for alias in node.names}
            names |= {name if name in known else source for name in inside}
    return {name for name in names if name.partition(".")[0] in ("pipeline", "subscribers")}


def floor(module: str) -> int:
    """The floor with the longest name that the module stands under."""
    fitting = [
        (len(name), number)
        for number, names in enumerate(FLOORS)
        for name in names
        if module == name or module.startswith(f"{name}.")
    ]
    return max(fitting)[1]


def test_the_ground_floor_imports_nothing_of_the_pipeline() -> None:
    for module in modules():
        if module.startswith("subscribers"):
            assert not [name for name in imported(module) if name.startswith("pipeline")], module


@pytest.mark.parametrize("module", sorted(modules()))
def test_imports_run_downwards_only(module: str) -> None:
    upwards = {name for name in imported(module) if floor(name) < floor(module)}
    assert upwards == set()


def test_help_loads_nothing_heavy() -> None:
    code = "import sys; from pipeline.cli import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    heavy = {
        "sqlalchemy",
        "pydantic",
        "feedparser",
        "httpx",
        "jinja2",
        "sendgrid",
        "mjml",
        "alembic",
        "procrastinate",
        "prometheus_client",
        "apscheduler",
    }
    assert heavy & set(loaded.stderr.split()) == set()


def test_a_wheel_installed_elsewhere_runs_the_demo(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "dist")]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    target = tmp_path / "site"
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(target),
    ]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    # -P and no checkout on the path: the wheel's own code runs, with the libraries of this environment.
    code = "import pipeline; from pipeline.cli import main; print(pipeline.__file__); exit(main(['demo']))"
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
    init = "import sys; from pipeline.cli import main; sys.exit(main(['init', 'mine']))"
    subprocess.run([sys.executable, "-P", "-c", init], cwd=tmp_path, env=environment, check=True)
    assert (tmp_path / "mine" / "rapport.toml").is_file()
