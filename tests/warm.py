"""What a process of tests does before it is forked, so that no fork does it again."""

from __future__ import annotations

import io
import os
import tempfile
import threading
from contextlib import redirect_stdout

import pipeline.cli
from pipeline.core.schema import open_database
from pipeline.core.templates import Templates
from pipeline.feeds.parsing import sandbox
from pipeline.letter.jinja import environment

KINDS = ((True, (".mjml", ".html", ".xml")), (False, (".txt",)))
"""Whether a kind of template is markup, and how the names of its files end."""


def compile_templates() -> None:
    """Those that Rapport brings: to compile the letter's is half of what a run costs that sends one."""
    for markup, ends in KINDS:
        made = environment(Templates(), markup=markup)
        for name in made.list_templates(filter_func=lambda name, ends=ends: name.endswith(ends)):
            made.get_template(name)


def know_the_schema() -> None:
    """What migrating comes to (`tests/migrations.py`)."""
    with tempfile.TemporaryDirectory() as folder:
        open_database(f"sqlite:///{folder}/rapport.db").close()


def go_through() -> None:
    """Once through the whole job, for what is imported, compiled or read only when it is needed."""
    home = os.getcwd()
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(io.StringIO()):
        os.chdir(folder)
        try:
            assert pipeline.cli.main(["demo"]) == 0
        finally:
            os.chdir(home)
    sandbox.close()
    # A fork has the one thread that forked; locks that others held would never open again.
    for other in threading.enumerate():
        if other is not threading.current_thread():
            other.join(10)
    assert threading.active_count() == 1, threading.enumerate()
