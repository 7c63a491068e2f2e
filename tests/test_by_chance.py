"""No test leans on who is quicker: what could make one stands where it is named here, with the reason."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parent

SLEEPS = {
    "waiting.py": "the one place that waits for what happens elsewhere",
    "docs/standin.py": "a program of its own, which waits for what it started or ended",
    "doubles/bluesky.py": "a service that answers late",
    "doubles/mastodon.py": "a service that answers late",
    "delivery/test_hostile.py": "so that a cut meets more than one moment; either is right",
    "delivery/test_races.py": "for whoever stands before a lock, unless the thread ends",
    "delivery/workers/test_process.py": "that nothing happens to a process that is stopped",
    "doctor/test_runner.py": "a check that is slower than the others",
    "end_to_end/test_backup_and_move.py": "for a folder, unless the process ends",
    "end_to_end/test_preview.py": "a folder that is known before a file is put into it; either is right",
    "core/test_database.py": "that a reader may stand still for longer than a writer",
    "feeds/fetching/test_fetch.py": "a server that drips",
    "feeds/parsing/hanging_child.py": "a child that hangs",
    "letter/check/test_online.py": "servers that are slow, or drip",
    "letter/images/gallery.py": "a server that is slow, or drips",
    "schedule/test_hostile_feeds.py": "between two looks at a process, until it is done",
    "schedule/test_scheduler.py": "that one who stands by does nothing",
    "torture/crashes.py": "the moment of a kill, drawn by chance",
    "torture/provider.py": "a provider that takes its time",
    "web/test_accepting.py": "until a connection is old enough to be ended",
}
"""Where time passes because it must; what is waited for is waited for by `tests.waiting.until`."""

SENDING = {
    "end_to_end/test_scheduling.py",
    "schedule/test_hostile_feeds.py",
    "schedule/test_scheduler.py",
    "web/test_images.py",  # on a folder of nobody's, and one that does not come to serving
    "year/test_some_weeks.py",
}
"""Where the scheduler of `serve` is what is tested. It looks twice a minute, and a `run` that meets it says
that another process is at the digest."""

ASKING = {"get", "post", "put", "head", "delete", "request", "stream", "Client", "AsyncClient"}


@cache
def calls() -> list[tuple[str, ast.Call]]:
    """The calls in tests, with their files; those of measuring and planting faults are no tests."""
    found = []
    for file in sorted(TESTS.glob("**/*.py")):
        name = str(file.relative_to(TESTS))
        text = file.read_text()
        if name.startswith(("bench/", "load/", "mutants/")) or file == Path(__file__):
            continue
        if any(word in text for word in ("sleep(", '"serve"', "httpx.")):
            found += [(name, node) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    return found


def called(node: ast.Call) -> str:
    return ast.unparse(node.func)


def test_time_passes_only_where_it_must() -> None:
    assert {name for name, node in calls() if called(node) == "time.sleep"} == SLEEPS.keys()


def test_a_server_sends_nothing_by_itself_unless_that_is_tested() -> None:
    found = set()
    for name, node in calls():
        words = {one.value for one in node.args if isinstance(one, ast.Constant)}
        if "serve" in words and "--no-scheduler" not in words:
            found.add(name)
    assert found == SENDING


def test_who_asks_a_server_waits_longer_than_httpx_does_by_itself() -> None:
    """Five seconds are too few for a letter that is composed on a busy machine."""
    found = []
    for name, node in calls():
        library, _, function = called(node).rpartition(".")
        named = {keyword.arg for keyword in node.keywords}
        if library == "httpx" and function in ASKING and not named & {"timeout", "transport"}:
            found.append(f"{name}:{node.lineno}")
    assert found == []
