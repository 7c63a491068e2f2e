"""The commands on digests, for staff: list them, rename one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.group import Group
from pipeline.cli.options import Options, common

if TYPE_CHECKING:
    from pipeline.editions.renaming import Known


@click.group(cls=Group, invoke_without_command=True)
@common
@click.pass_context
def digests(ctx: click.Context) -> None:
    """List the digests of configuration and database; or rename one."""
    if ctx.invoked_subcommand is None:
        _list(ctx.obj)


def _list(options: Options) -> None:
    from pipeline.editions import renaming

    with options.open() as installation, installation.database.read() as connection:
        found = renaming.known(connection, installation.config)
    options.print({"digests": [_document(one) for one in found]}, *map(_line, found))


@digests.command()
@click.argument("old")
@click.argument("new")
@common
@click.pass_obj
def rename(options: Options, old: str, new: str) -> None:
    """Give the digest OLD the name NEW, with its readers, their proof, its editions and its posts.

    Write NEW in rapport.toml, too: before or after it. Links in old letters go on working, and editions keep
    their names. Nothing is mailed twice.
    """
    from pipeline.editions import renaming

    with options.open() as installation:
        one = renaming.rename(installation, old, new)
    lines = [f"{old} is called {new} from now on.", _line(one)]
    if not one.configured:
        lines.append(f'Now write name = "{new}" in rapport.toml, and start `rapport serve` again.')
    options.print({"renamed": {"old": old, "new": new}, "digest": _document(one)}, *lines)


def _document(one: Known) -> dict[str, Any]:
    return one._asdict()


def _line(one: Known) -> str:
    said = f"{one.digest}: {one.active:,} active, {one.pending:,} pending, {one.unsubscribed:,} unsubscribed"
    said += f", {one.editions:,} editions"
    if one.former:
        said += f", formerly {', '.join(one.former)}"
    return said if one.configured else f"{said} (not in rapport.toml)"
