"""The command worker."""

from __future__ import annotations

import click

from pipeline.cli.options import Options, common
from pipeline.core.errors import ConfigError


@click.command()
@common
@click.pass_obj
def worker(options: Options) -> None:
    """Help to hand editions over, beside other workers (PostgreSQL).

    Start as many as you like, on as many hosts as you like; all need the same configuration, database and
    secrets. They wait for editions that `rapport run` or `rapport send` begins, share each batch by batch,
    and finish it, also when whoever began it is gone. Cron must still call `rapport run`: workers begin
    nothing themselves.

    The others go on where one was killed; what it had in flight is uncertain. Ends with Ctrl-C or SIGTERM,
    after the batch in flight; let a service manager start it again when it ends otherwise.
    """
    with options.open() as installation:
        if installation.database.sqlite:
            raise ConfigError(
                "Workers share a PostgreSQL database, and database.url names SQLite.",
                "With SQLite `rapport run` does all of it alone; or set database.url to postgresql://user@host/name.",
            )
        try:
            from pipeline.delivery.workers.process import run
        except ModuleNotFoundError as missing:
            if (missing.name or "").partition(".")[0] not in ("procrastinate", "psycopg", "psycopg_pool"):
                raise
            raise ConfigError(
                "Workers need the procrastinate package.", "Install it: pip install 'rapport[postgresql]'."
            ) from None
        name = installation.database.name
        run(installation, lambda: options.print({"database": name}, f"Waiting for editions in {name}"))
