"""The command migrate: a database with the current schema, or another database with all of this one."""

from __future__ import annotations

from pathlib import Path

import click

from pipeline.cli.options import Options, common, plural
from pipeline.core.environment import SIGNING_SECRET
from pipeline.core.errors import UsageError


@click.command()
@click.option(
    "--to",
    metavar="URL",
    help="Move everything to another, empty database. env:NAME and file:PATH say where its URL is written.",
)
@common
@click.pass_obj
def migrate(options: Options, to: str | None) -> None:
    """Bring the database to the schema of this version; with --to, move everything to another.

    A URL on a command line can be seen by everybody on the machine, so leave the password out of it: name a
    variable (env:NAME) or a file (file:PATH) that holds the whole URL, or put the password into $PGPASSWORD
    or ~/.pgpass.

    A move is refused while an edition is being sent. It is verified table by table; the old database is kept,
    marked, and takes no more writes. A move that was interrupted is ended by the same command again.
    """
    from contextlib import closing

    from pipeline.core.app import database_url
    from pipeline.core.database import Database
    from pipeline.core.schema import HEAD, upgrade
    from pipeline.core.settings import load

    if to is not None:
        _move(options, to)
        return
    config, folder = load(options.config)
    with closing(Database(database_url(config, folder))) as database:
        before = upgrade(database)
    options.print(
        {"from": before.revision, "to": HEAD},
        f"The database has schema {HEAD}{'' if before.is_current else ' now'}.",
    )


def _written(to: str) -> str:
    """The URL that --to names. Raises UsageError, which shows nothing of it."""
    import os

    kind, _, where = to.partition(":")
    if kind == "env":
        if not (found := os.environ.get(where, "").strip()):
            raise UsageError(f"${where}, which should hold the URL, is not set.", "Set it, or use file:PATH.")
        return found
    if kind == "file":
        try:
            return Path(where).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise UsageError(f"The URL in {where} cannot be read.", "Name a file that holds it.") from None
    return to


def _move(options: Options, to: str) -> None:
    from contextlib import closing

    from pipeline.backup.move import move
    from pipeline.core.app import database_url, rooted
    from pipeline.core.database import Database
    from pipeline.core.schema import open_database
    from pipeline.core.settings import load
    from subscribers.signing_secrets import secret_file

    config, folder = load(options.config)
    to = _written(to)
    with (
        closing(open_database(database_url(config, folder), moving=True)) as source,
        closing(Database(rooted(to, folder))) as target,
    ):
        sums = move(config, source, target)
        secret = secret_file(source.path)
        lines = [
            f"Moved {plural(sum(one.rows for one in sums.values()), 'row')} "
            f"in {plural(len(sums), 'table')} to {target.name}, and compared them.",
            f"{source.name} is marked: Rapport refuses it from now on.",
            f"Set database.url to {target.name} wherever Rapport runs, and restart `rapport serve`.",
        ]
        if secret is not None and secret.exists():
            if target.path is None:
                lines.append(
                    f"Put the secret in {secret} into ${SIGNING_SECRET}: it signs the links in letters."
                )
            elif target.path.parent != secret.parent:
                lines.append(f"Copy {secret} beside it: it signs the links in letters.")
        elif target.path is not None:
            lines.append(f"Keep ${SIGNING_SECRET} set: it signs the links in letters.")
        options.print(
            {"to": target.name, "tables": {name: one._asdict() for name, one in sums.items()}}, *lines
        )
