"""Making all checks at once, in bounded time. What breaks or hangs in one of them is a finding, too."""

from __future__ import annotations

import queue
import threading
import time
from typing import TYPE_CHECKING

from pipeline.core.errors import as_rapport_error
from pipeline.doctor.dns import Unknown
from pipeline.doctor.finding import Finding, error, warning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pipeline.doctor.context import Patient

    Check = Callable[[Patient], Iterable[Finding]]

SECONDS = 20.0
"""For all of them together: each has time-outs of its own that are shorter."""


def make_rounds(
    checks: Sequence[Check], patient: Patient, progress: Callable[[int, int], None]
) -> list[Finding]:
    """What the checks find, in their order. Raises nothing."""
    done: queue.SimpleQueue[tuple[int, list[Finding]]] = queue.SimpleQueue()

    def make(number: int, check: Check) -> None:
        done.put((number, _made(check, patient)))

    for number, check in enumerate(checks):
        # Not a pool, which would wait at the end of the process for what hangs.
        threading.Thread(target=make, args=(number, check), daemon=True).start()
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
        patient.without_secrets(finding)
        for number, check in enumerate(checks)
        for finding in found.get(number, [_late(check)])
    ]


def _made(check: Check, patient: Patient) -> list[Finding]:
    found: list[Finding] = []
    try:
        # One by one: what was found before it broke stands.
        for finding in check(patient):
            found.append(finding)
    except Unknown as unknown:
        found.append(
            warning(
                _name(check),
                f"{unknown.name} could not be looked up: {unknown.why}.",
                "Nothing is known to be wrong. Try again, or name another name server in doctor.resolver.",
            )
        )
    except Exception as broken:
        found.append(_broken(_name(check), broken))
    return found


def _broken(name: str, broken: Exception) -> Finding:
    told = as_rapport_error(broken)
    if told.code != "unexpected":
        return error(name, told.message, told.remedy)
    # Its text stays out of it: it may quote what was asked with, a token or a key.
    return error(
        name,
        f"This check broke ({type(broken).__name__}).",
        "That is a fault of Rapport: please report it, with what the check was about.",
    )


def _late(check: Check) -> Finding:
    return error(
        _name(check),
        f"This was not done within {SECONDS:.0f} seconds.",
        "Something it asks hangs: try again, and look at the network and the database.",
    )


def _name(check: Check) -> str:
    return f"{check.__module__.rpartition('.')[2]}.{check.__name__}"
