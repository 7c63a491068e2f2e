"""The commands backup and restore."""

from __future__ import annotations

import os
import shlex
import sys
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.options import Options, common, plural
from pipeline.core.environment import SIGNING_SECRET
from subscribers import times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.backup.manifest import Manifest
    from pipeline.backup.place import Proposal

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--check", "only_check", is_flag=True, help="Make nothing: open FILE, hash and count it all.")
@common
@click.pass_obj
def backup(options: Options, file: Path, only_check: bool) -> None:
    """Put database, signing secrets, templates and rapport.toml into FILE (a tar.gz), while letters go out.

    The file holds every address and the keys: whoever has it has the list. It is readable for you alone, and
    nothing is ever overwritten. A password in database.url is left out of it.
    """
    if only_check:
        from pipeline.backup.restore import check

        manifest = check(file)
        options.print(_document(file, manifest), f"{file} is whole: {_told(manifest)}.", *_left_out(manifest))
        return
    from pipeline.backup.make import backup as make
    from subscribers.staff_log import user

    with options.open() as installation:
        manifest = make(installation, _config(options), file, who=user())
    options.print(_document(file, manifest), f"Wrote {file}: {_told(manifest)}.", *_left_out(manifest))


@click.command()
@click.argument("file", type=_FILE)
@click.option(
    "--with-templates", is_flag=True, help="Put its templates and rapport.toml in place without asking."
)
@common
@click.pass_obj
def restore(options: Options, file: Path, with_templates: bool) -> None:
    """Bring back what `rapport backup` put into FILE, into the configured database, which must be empty.

    The templates and the rapport.toml of FILE decide what readers get and where the list goes. On a terminal
    what differs is shown, and you are asked; elsewhere it is put in place only with --with-templates. A
    rapport.toml that is here stays, and a template that is replaced is kept beside the new one. Nothing is
    written outside the folder of rapport.toml.

    What was done after the backup is not known to it. So editions that were on their way are paused, the next
    letter of each digest is held, and staff are told: they decide.
    """
    from pipeline.backup.copy import Sum
    from pipeline.backup.restore import restore as bring_back

    def agree(proposed: Sequence[Proposal]) -> bool:
        return with_templates or _asked(options, proposed)

    done = bring_back(file, _config(options), agree=agree)
    lines = [f"Restored {_told(done.manifest)} into {done.database}."]
    lines += _left_out(done.manifest)
    lines += [f"Wrote {name}" for name in done.wrote]
    lines += [f"Kept {name}: it differs from the backup's." for name in done.kept]
    lines += [
        f"Not put in place: {name}. Look at it with `tar -xzOf {shlex.quote(str(file))} {shlex.quote(name)}`."
        for name in done.not_placed
    ]
    if done.secrets is not None and done.by_hand:
        lines.append(
            f"${SIGNING_SECRET} lacks secrets that signed the links in letters: they are in {done.secrets}. "
            "Add them to it, and delete the file."
        )
    elif done.secrets is not None:
        lines.append(f"Wrote the secrets that sign links to {done.secrets}.")
    lines += [f"{slug} waits for you: see `rapport editions show {slug}`." for slug in done.stopped]
    lines.append("The next letter of each digest is held: it may have been sent after the backup.")
    lines.append("New editions get numbers beyond those that may have been given after the backup.")
    lines.append("Who left after the backup stands on the list again: suppress them, where you know of any.")
    if done.manifest.tables.get("staff_accounts", Sum(0, "")).rows:
        lines.append("Nobody is signed in, and who may is as it was then: see `rapport staff list`.")
    more = {
        "database": done.database,
        "editions": done.stopped,
        "wrote": done.wrote,
        "kept": done.kept,
        "not_placed": done.not_placed,
        "secrets": str(done.secrets) if done.secrets else None,
    }
    options.print(_document(file, done.manifest) | more, *lines)


def _asked(options: Options, proposed: Sequence[Proposal]) -> bool:
    if options.json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    for line in chain.from_iterable(one.lines() for one in proposed):
        click.echo(line, err=True)
    return click.confirm("Put these templates and this configuration in place?", err=True)


def _config(options: Options) -> Path:
    from pipeline.core.settings import file_of

    return file_of(options.config, os.environ)


def _document(file: Path, manifest: Manifest) -> dict[str, Any]:
    return {
        "file": str(file),
        "made": times.iso(manifest.made),
        "version": manifest.rapport,
        "schema": manifest.schema,
        "tables": {name: one._asdict() for name, one in manifest.tables.items()},
        "members": sorted(manifest.members),
        "left_out": manifest.left_out,
    }


def _left_out(manifest: Manifest) -> list[str]:
    return [f"It does not hold {what}." for what in manifest.left_out]


def _told(manifest: Manifest) -> str:
    people = manifest.tables["subscribers"].rows
    rows = sum(one.rows for one in manifest.tables.values())
    return (
        f"{plural(people, 'subscriber')}, {plural(rows, 'row')} in {plural(len(manifest.tables), 'table')}, "
        f"of {times.utc(manifest.made)}"
    )
