"""The workers of pytest-xdist are forks of one process that has imported the tests already.

Otherwise each imports them for itself, which takes 3 s of its processor's time, and 12 s on a clean checkout,
where nothing is compiled yet. What a worker does is the same: it collects the tests, and finds their modules
there. Whatever could not be imported is no module, and the workers tell why.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import shlex
import sys

import pytest

from tests import commands

COLLECT = "TESTS_COLLECT"
"""The variable that tells the process what to import."""


def fork(config: pytest.Config) -> None:
    """Have those of this run's workers that begin here begin as forks."""
    if config.getoption("tx", None) and not config.getoption("collectonly"):
        os.environ[COLLECT] = json.dumps(config.args)
        program = shlex.quote(str(commands.child("worker")))
        tx = [f"popen//python={program}" if spec == "popen" else spec for spec in config.option.tx]
        config.option.tx = tx


def collect() -> None:
    """Import all that the workers will collect, and do what each would do in its first tests."""
    gc.disable()  # none of it goes away
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        pytest.main([*json.loads(os.environ[COLLECT]), "-n", "0", "--collect-only", "-qq"])
    from tests import warm

    warm.know_the_schema()
    warm.compile_templates()


def main() -> None:
    """Begin as execnet has a worker begin: by ``python -u -c CODE``."""
    exec(sys.argv[3], {"__name__": "__main__"})
