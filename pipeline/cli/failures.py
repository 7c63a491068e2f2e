"""The one place where an error becomes words and an exit status."""

from __future__ import annotations

import json as json_module
import logging

import click

from pipeline.core.errors import as_rapport_error
from pipeline.core.logs import redacted

log = logging.getLogger(__name__)


def explain(error: Exception, *, json: bool, verbose: bool) -> int:
    """Say what went wrong, on stderr and with ``json`` as a document, and give the exit status."""
    code, message, remedy, status = _told(error)
    trace = error if verbose and code == "unexpected" else None
    if json:
        document = {"error": {"code": code, "message": message, "remedy": remedy}}
        click.echo(json_module.dumps(document, ensure_ascii=False))
        log.error("%s", f"{message} {remedy}".strip(), exc_info=trace)
        return status
    # Printed, not logged: the log hides addresses, and who typed one wrongly must see it.
    click.echo(f"Error: {message}" + (f"\n{remedy}" if remedy and remedy not in message else ""), err=True)
    if trace is not None:
        import traceback

        click.echo(redacted("".join(traceback.format_exception(trace))), err=True)
    return status


def _told(error: Exception) -> tuple[str, str, str, int]:
    if isinstance(error, click.UsageError):
        hint = f"See `{error.ctx.command_path} --help`." if error.ctx else "See `rapport --help`."
        return "usage", error.format_message(), hint, 2
    if isinstance(error, click.ClickException):
        return "failed", error.format_message(), "", 1
    told = as_rapport_error(error)
    return told.code, told.message, told.remedy, told.exit_status
