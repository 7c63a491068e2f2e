"""The children that open a stranger's feeds and images, without the 0.14 s that Python takes to import.

They are processes of their own all the same, with the same limits, and are given the same bytes. Tests of
those limits have the children as they are installed.
"""

from __future__ import annotations

from pipeline.core import child_process
from pipeline.feeds.parsing import sandbox as feeds
from pipeline.letter.images import sandbox as images
from tests import commands

QUICK = ("pipeline.feeds.parsing.sandbox_child", "pipeline.letter.images.sandbox_child")


def start_quickly() -> None:
    """From here on, in this process and its forks."""
    feeds.command = images.command = _command


def _command(module: str, *arguments: str) -> list[str]:
    if module not in QUICK:
        return child_process.command(module, *arguments)
    return [str(commands.child(module)), *arguments]
