"""The options that every command has, before or after its name, and how commands print."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipeline.core.app import Installation
    from pipeline.core.config import Config

Command = TypeVar("Command", bound="Callable[..., Any]")


@dataclass
class Options:
    """The global options that were given."""

    config: Path | None = None
    json: bool = False
    verbose: bool = False

    def open(self) -> Installation:
        """The installation that the configuration describes."""
        from pipeline.core.app import Installation

        return Installation.open(self.config)

    def load(self) -> tuple[Config, Path]:
        """The configuration alone, and the folder that relative paths in it are taken from."""
        from pipeline.core.settings import load

        return load(self.config)

    def print(self, document: Any, *lines: str, warnings: Sequence[str] = ()) -> None:
        """Print the document with --json, else the lines for people; the warnings with either."""
        if warnings:
            document = document | {"warnings": list(warnings)}
            lines = (*lines, *(f"Warning: {warning}" for warning in warnings))
        if self.json:
            import json

            click.echo(json.dumps(document, ensure_ascii=False))
        else:
            for line in lines:
                click.echo(line)


def port(value: str) -> int:
    """The type of options that take a port."""
    if not (str(value).isdecimal() and int(value) <= 65535):
        raise click.BadParameter(f"{value} is no port: write a number from 0 to 65535 (0: any free one).")
    return int(value)


def _remember(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    options = ctx.ensure_object(Options)
    if value and param.name:
        setattr(options, param.name, value)


def common(command: Command) -> Command:
    """Give a command the global options."""
    for option in reversed(
        (
            click.option(
                "--config",
                type=click.Path(path_type=Path),
                metavar="PATH",
                expose_value=False,
                callback=_remember,
                help="Configuration file. [default: $RAPPORT_CONFIG, else ./rapport.toml]",
            ),
            click.option(
                "--json",
                is_flag=True,
                expose_value=False,
                callback=_remember,
                help="Print one JSON document; log lines on stderr are JSON, too.",
            ),
            click.option(
                "--verbose",
                is_flag=True,
                expose_value=False,
                callback=_remember,
                help="Say each step on stderr.",
            ),
        )
    ):
        command = option(command)
    return command


class Progress:
    """A progress bar on stderr, shown only on a terminal. It is called with (done, total)."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._bar: Any = None
        self._done = 0

    def __call__(self, done: int, total: int) -> None:
        if not sys.stderr.isatty():
            return
        if self._bar is None:
            self._bar = click.progressbar(length=total, label=self._label, file=sys.stderr, show_pos=True)
            self._bar.render_progress()
        self._bar.update(done - self._done)
        self._done = done
        if done >= total:
            self._bar.render_finish()


def warnings(config: Config) -> list[str]:
    """What an operator is told beside what a command did: that readers can sign up and nobody is mailed."""
    from pipeline.core.destination import trial

    found = trial(config.delivery, config.newsletter.public_url)
    return [" ".join(found)] if found else []


def plural(number: int, one: str, many: str = "") -> str:
    """A number with its noun: 1 post, 2 posts."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
