"""The command line. It parses, calls one function, prints its result, and turns errors into an exit
status."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.group import Group
from pipeline.cli.options import Options, common
from pipeline.core import logs
from subscribers import private

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = {
    "init": "init",
    "demo": "demo",
    "pull": "letter",
    "posts": "posts",
    "compose": "letter",
    "write": "write",
    "preview": "preview",
    "check": "letter",
    "send": "send",
    "run": "run",
    "editions": "editions",
    "digests": "digests",
    "channels": "channels",
    "subscribers": "subscribers",
    "staff": "staff",
    "serve": "serve",
    "worker": "worker",
    "doctor": "doctor",
    "backup": "backup",
    "restore": "backup",
    "migrate": "migrate",
}
"""Each command with the module of this package that holds it, in the order in which they are used."""


class _Commands(Group):
    """Loads a command's module when it is asked for: start-up stays light."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"pipeline.cli.{COMMANDS[cmd_name]}")
        found: click.Command = getattr(module, cmd_name)
        return found


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "obj": None})
@click.version_option(package_name="rapport", prog_name="rapport")
@common
def cli() -> None:
    """Turns a blog into a weekly letter: feed, digest, inbox.

    \b
    First letter:   rapport init --blog ADDRESS
    Every week:     rapport serve          (or: rapport run from cron, as often as you like)
    Try it out:     rapport demo

    Exit status: 0 done, or nothing to do; 1 it could not be done; 2 wrong usage or configuration.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and give its exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    json, verbose = "--json" in arguments, "--verbose" in arguments
    with private.umask(), logs.to_stderr(json=json, verbose=verbose), logs.about(run=logs.new_run()):
        return _run(arguments, json=json, verbose=verbose)


def _run(arguments: list[str], *, json: bool, verbose: bool) -> int:
    try:
        status: Any = cli.main(args=arguments, prog_name="rapport", standalone_mode=False, obj=Options())
        sys.stdout.flush()
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("Stopped. What is recorded is safe; run the command again to go on.", err=True)
        return 130
    except BrokenPipeError:
        return _reader_gone()
    except Exception as error:
        from pipeline.cli.failures import explain

        return explain(error, json=json, verbose=verbose)
    return status if isinstance(status, int) else 0


def _reader_gone() -> int:
    # As in `rapport editions recipients | head`. It is no error, but Python would complain once more at exit.
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
