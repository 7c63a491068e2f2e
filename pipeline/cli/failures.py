"""The one place where an error becomes words and an exit status."""

from __future__ import annotations

import json as json_module

import click

from pipeline.errors import understood
from pipeline.logs import redacted


def explain(error: Exception, *, json: bool, verbose: bool) -> int:
    """Say what went wrong, on stderr or as a JSON document, and give the exit status."""
    code, message, remedy, status = _told(error)
    if json:
        document = {"error": {"code": code, "message": message, "remedy": remedy}}
        click.echo(json_module.dumps(document, ensure_ascii=False))
    click.echo(f"Error: {message}" + (f"\n{remedy}" if remedy and remedy not in message else ""), err=True)
    if verbose and code == "unexpected":
        import traceback

        click.echo(redacted("".join(traceback.format_exception(error))), err=True)
    return status


def _told(error: Exception) -> tuple[str, str, str, int]:
    if isinstance(error, click.UsageError):
        hint = f"See `{error.ctx.command_path} --help`." if error.ctx else "See `rapport --help`."
        return "usage", error.format_message(), hint, 2
    if isinstance(error, click.ClickException):
        return "failed", error.format_message(), "", 1
    told = understood(error)
    return told.code, told.message, told.remedy, told.exit_status
