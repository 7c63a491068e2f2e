"""Editions, for staff: list them, look at one, decide."""

from __future__ import annotations

import json
from typing import Any

import click

from pipeline.cli.letter import edition_document, print_edition
from pipeline.cli.options import Options, common

STATES = ("waiting", "sent", "failed", "uncertain", "withheld")


@click.group(invoke_without_command=True)
@common
@click.pass_context
def editions(ctx: click.Context) -> None:
    """List editions, newest first; or look at one and decide about it."""
    if ctx.invoked_subcommand is None:
        _list(ctx.obj)


def _list(options: Options) -> None:
    from pipeline import editions as module

    with options.open() as installation:
        with installation.database.read() as connection:
            rows = module.newest_first(connection)
        documents = [edition_document(installation, row) for row in rows]
    lines = [
        f"{d['slug']:<14} {d['status']:<9} {d['due']}  {d['recipients']['sent']:>8,} sent  {d['subject']}"
        for d in documents
    ]
    options.print({"editions": documents}, *(lines or ["No editions yet: `rapport compose DIGEST`."]))


@editions.command()
@click.argument("edition")
@common
@click.pass_obj
def show(options: Options, edition: str) -> None:
    """Show EDITION: its posts, what was left out, and what became of its recipients."""
    from pipeline import editions as module

    with options.open() as installation:
        with installation.database.read() as connection:
            row = module.by_slug(connection, edition)
        print_edition(options, installation, row)


def _verb(name: str, help_text: str) -> None:
    @editions.command(name, help=help_text)
    @click.argument("edition")
    @common
    @click.pass_obj
    def decide(options: Options, edition: str) -> None:
        from pipeline import editions as module
        from pipeline.run import approve

        with options.open() as installation:
            if name == "approve":
                row = approve(installation, edition)
            else:
                with installation.database.write() as connection:
                    row = module.move(connection, edition, name)
            print_edition(options, installation, row)


_verb("approve", "Let EDITION go out when it is due, word for word as it stands.")
_verb("hold", "Stop EDITION from going out until it is approved or resumed.")
_verb("skip", "Leave EDITION out this time; its posts wait for the next.")
_verb("cancel", "End EDITION for good; what was not yet handed over stays unsent.")
_verb("pause", "Stop EDITION midway, after the batch in flight.")
_verb("resume", "Let a paused EDITION go on, or a held one be a draft again.")


@editions.command()
@click.argument("edition")
@click.option("--state", type=click.Choice(STATES), help="Only these.")
@common
@click.pass_obj
def recipients(options: Options, edition: str, state: str | None) -> None:
    """Say who EDITION was for and what became of each, one line a person."""
    from pipeline import editions as module
    from pipeline.delivery import ledger

    with options.open() as installation, installation.database.read() as connection:
        row = module.by_slug(connection, edition)
        for person in ledger.people(connection, row.id, state):
            click.echo(json.dumps(person, ensure_ascii=False) if options.json else _line(person))


def _line(person: dict[str, Any]) -> str:
    why = f"  {person['reason']}" if person["reason"] else ""
    return f"{person['subscriber']:>8}  {person['state']:<9}  {person['email'] or '(erased)'}{why}"
