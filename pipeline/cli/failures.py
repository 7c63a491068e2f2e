"""The one place where an error becomes words and an exit status."""

from __future__ import annotations

import json as json_module
import sys

import click

from pipeline.errors import RapportError


def explain(error: Exception, *, json: bool, verbose: bool) -> int:
    """Say what went wrong, on stderr or as a JSON document, and give the exit status."""
    code, message, remedy, status = _told(error)
    if json:
        document = {"error": {"code": code, "message": message, "remedy": remedy}}
        click.echo(json_module.dumps(document, ensure_ascii=False))
    click.echo(f"Error: {message}" + (f"\n{remedy}" if remedy and remedy not in message else ""), err=True)
    if verbose and code == "unexpected":
        import traceback

        traceback.print_exception(error, file=sys.stderr)
    return status


def _told(error: Exception) -> tuple[str, str, str, int]:
    if isinstance(error, click.UsageError):
        hint = f"See `{error.ctx.command_path} --help`." if error.ctx else "See `rapport --help`."
        return "usage", error.format_message(), hint, 2
    if isinstance(error, click.ClickException):
        return "failed", error.format_message(), "", 1
    if isinstance(error, RapportError):
        return error.code, error.message, error.remedy, error.exit_status
    from subscribers.errors import SubscriberError

    if isinstance(error, SubscriberError):
        return error.code, error.message, error.remedy, 1
    if type(error).__module__.startswith("sqlalchemy"):
        return "database", *_database(error), 1
    if isinstance(error, OSError):
        where = f" ({error.filename})" if error.filename else ""
        return "system", f"{error.strerror or error}{where}.", "Check the disk and the permissions.", 1
    remedy = "This is a fault of Rapport: run again with --verbose and report what it prints."
    return "unexpected", f"{type(error).__name__}: {error}", remedy, 1


def _database(error: Exception) -> tuple[str, str]:
    # The statement and its values stay out of it: they hold addresses.
    cause = str(getattr(error, "orig", None) or type(error).__name__).strip().splitlines()[0]
    if "disk is full" in cause or "No space left" in cause:
        return "The disk is full: the database took nothing more.", "Free some space and run it again."
    if "locked" in cause:
        return "The database stayed locked by another process.", "Wait for it to end and run it again."
    if "readonly" in cause:
        return "The database may not be written.", "Check the permissions of its file and folder."
    if "UNIQUE" in cause or "unique" in cause:
        cause = "another process wrote the same thing first"
    return f"The database refused: {cause}.", "Nothing was half done; run it again."
