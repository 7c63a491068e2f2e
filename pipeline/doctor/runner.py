"""Running all checks at once, in bounded time. A check that raises or hangs is a finding, too."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING

from pipeline.core.errors import as_rapport_error
from pipeline.core.finding import Finding, error, warning
from pipeline.core.words import sentence
from pipeline.doctor.dns import Unanswered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pipeline.doctor.context import Context

    Check = Callable[[Context], Iterable[Finding]]

SECONDS = 20.0
"""For all checks together. Each has shorter time-outs of its own."""


def run_checks(
    checks: Sequence[Check], context: Context, progress: Callable[[int, int], None]
) -> list[Finding]:
    """The findings of the checks, in the order of the checks. Raises nothing."""
    done: queue.SimpleQueue[tuple[int, list[Finding]]] = queue.SimpleQueue()

    def run(number: int, check: Check) -> None:
        done.put((number, _findings(check, context)))

    for number, check in enumerate(checks):
        # Not a pool: at the end of the process it would wait for a check that hangs.
        threading.Thread(target=run, args=(number, check), daemon=True).start()
    end = time.monotonic() + SECONDS
    found: dict[int, list[Finding]] = {}
    progress(0, len(checks))
    while len(found) < len(checks):
        try:
            number, findings = done.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            break
        found[number] = findings
        progress(len(found), len(checks))
    progress(len(checks), len(checks))
    return [
        context.without_secrets(finding)
        for number, check in enumerate(checks)
        for finding in found.get(number, [_late(check)])
    ]


def _findings(check: Check, context: Context) -> list[Finding]:
    found: list[Finding] = []
    try:
        # One by one: what was found before an error counts.
        for finding in check(context):
            found.append(finding)
    except Unanswered as unanswered:
        found.append(
            warning(
                _name(check),
                sentence(f"{unanswered.name} could not be looked up: {unanswered.why}"),
                "Run `rapport doctor` again, or set another resolver under [doctor] in rapport.toml.",
            )
        )
    except Exception as broken:
        found.append(_broken(_name(check), broken))
    return found


def _broken(name: str, broken: Exception) -> Finding:
    told = as_rapport_error(broken)
    if told.code != "unexpected":
        return error(name, told.message, told.remedy)
    # Its text stays out: it may quote a token or a key.
    return error(
        name,
        f"This check broke ({type(broken).__name__}).",
        "That is a fault of Rapport: please report it, with what the check was about.",
    )


def _late(check: Check) -> Finding:
    return error(
        _name(check),
        f"This was not done within {SECONDS:.0f} seconds.",
        "Something it asks hangs: run `rapport doctor` again, and look at the network and the database.",
    )


def _name(check: Check) -> str:
    return f"{check.__module__.rpartition('.')[2]}.{check.__name__}"
