"""The commands on editions, for staff: list them, look at one, decide, edit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.edition import (
    TEXT_FILE,
    destination_of,
    digest_named,
    edition_document,
    intro_of,
    print_edition,
    what_now,
)
from pipeline.cli.group import Group
from pipeline.cli.options import Options, common
from pipeline.core.errors import UsageError
from pipeline.editions.edition import Edition, EditionStatus
from pipeline.editions.ledger.batch_states import RecipientState
from subscribers import times

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.core.config import Config
    from pipeline.core.destination import Destination


@click.group(cls=Group, invoke_without_command=True)
@common
@click.pass_context
def editions(ctx: click.Context) -> None:
    """List editions, newest first; or look at one and decide about it."""
    if ctx.invoked_subcommand is None:
        _list(ctx.obj)


def _list(options: Options) -> None:
    from pipeline.editions import find

    with options.open() as installation:
        with installation.database.read() as connection:
            rows = find.newest_first(connection)
        documents = [edition_document(installation, row) for row in rows]
    lines = _table(installation.config, documents)
    options.print({"editions": documents}, *(lines or ["No editions yet: `rapport compose DIGEST`."]))


def _table(config: Config, documents: list[dict[str, Any]]) -> list[str]:
    dues = [times.local(document["due"], config.newsletter.zone) for document in documents]
    width = max(map(len, dues), default=0)
    lines = []
    for document, due in zip(documents, dues, strict=True):
        went, number = destination_of(config, document), document["recipients"]["sent"]
        lines.append(
            f"{document['slug']:<14} {went.state(document['status']):<9} {due:<{width}}  {number:>8,} "
            f"{went.done if number else went.state('sent')}  {document['subject']}"
        )
    return lines


@editions.command()
@click.argument("edition")
@common
@click.pass_obj
def show(options: Options, edition: str) -> None:
    """Show EDITION: its posts, what was left out, and what became of its recipients."""
    from pipeline.editions import find

    with options.open() as installation:
        with installation.database.read() as connection:
            row = find.by_slug(connection, edition)
        print_edition(options, installation, row, whole=True)


def _verb(name: str, help_text: str) -> None:
    @editions.command(name, help=help_text)
    @click.argument("edition")
    @common
    @click.pass_obj
    def decide(options: Options, edition: str) -> None:
        from pipeline.editions import by_staff
        from pipeline.editions.approval import approve

        with options.open() as installation:
            if name == "approve":
                row = approve(installation, edition)
            else:
                with installation.database.write() as connection:
                    row = by_staff.decide(connection, name, edition)
            print_edition(options, installation, row)


_verb("approve", "Let EDITION go out when it is due, word for word as it stands.")
_verb("hold", "Stop EDITION from going out until it is approved or resumed.")
_verb("skip", "Leave EDITION out this time; its posts wait for the next.")
_verb("cancel", "End EDITION for good; what was not yet handed over stays unsent.")
_verb("pause", "Stop EDITION midway, after the batch in flight.")
_verb("resume", "Let a paused EDITION go on, or a held one be a draft again.")


def _numbers(ctx: click.Context, param: click.Parameter, value: str | None) -> list[int] | None:
    if value is None:
        return None
    try:
        return [int(number) for number in value.split(",") if number.strip()]
    except ValueError:
        raise click.BadParameter(f"{value!r} is no list of numbers: write it like 3,1,2.") from None


@editions.command()
@click.argument("edition")
@click.option("--subject", metavar="TEXT", help="Another subject.")
@click.option("--preheader", metavar="TEXT", help="Another line beside it in the inbox.")
@click.option(
    "--intro", "intro_file", type=TEXT_FILE, metavar="FILE", help="Markdown above the posts; - is stdin."
)
@click.option("--no-intro", is_flag=True, help="Take the intro out.")
@click.option("--posts", callback=_numbers, metavar="N,N,…", help="These posts, in this order.")
@click.option("--drop", callback=_numbers, metavar="N,N,…", help="Not these posts.")
@click.option("--cta", metavar="OFFER", help="Another offer, by number (0: the usual one) or category.")
@click.option("--cta-heading", metavar="TEXT", help="The offer's heading in your words,")
@click.option("--cta-text", metavar="TEXT", help="its text,")
@click.option("--cta-button", metavar="TEXT", help="its button,")
@click.option("--cta-url", metavar="URL", help="and where that leads.")
@click.option("--reset", is_flag=True, help="First forget every earlier change, intro and posts too.")
@common
@click.pass_obj
def edit(
    options: Options,
    edition: str,
    subject: str | None,
    preheader: str | None,
    intro_file: Path | None,
    no_intro: bool,
    posts: list[int] | None,
    drop: list[int] | None,
    cta: str | None,
    cta_heading: str | None,
    cta_text: str | None,
    cta_button: str | None,
    cta_url: str | None,
    reset: bool,
) -> None:
    """Change EDITION before it goes out; an approved one is a draft again after it.

    Posts have the numbers that `rapport editions show` gives them, and one that was left out comes in by its
    number in --posts. Once you have chosen posts, no other comes in by itself.

    What you change stays when the draft is composed anew. Something empty ("") gives a thing back to what
    Rapport makes of it.
    """
    from pipeline.editions import find
    from pipeline.editions.edit import Wish
    from pipeline.editions.edit import edit as edit_edition
    from pipeline.editions.lock import PATIENCE, lock

    words = {"heading": cta_heading, "text": cta_text, "button": cta_button, "url": cta_url}
    own = {key: said for key, said in words.items() if said is not None}
    wish = Wish(subject, preheader, intro_of(intro_file, None, no_intro), posts, drop or (), cta, own, reset)
    if wish == Wish():
        raise UsageError("Say what to change.", "See `rapport editions edit --help`.")
    with options.open() as installation:
        with installation.database.read() as connection:
            row = find.by_slug(connection, edition)
        digest = digest_named(installation.config, row.digest)
        with lock(installation.database, digest.name, PATIENCE):
            edited = edit_edition(installation, digest, edition, wish)
        print_edition(options, installation, edited, whole=True)
        if (
            not options.json
            and edited.status == EditionStatus.DRAFT
            and (edited.announced_at or row.status != EditionStatus.DRAFT)
        ):
            click.echo(f"  {what_now(installation, digest, edited)}")


@editions.command()
@click.argument("edition")
@click.option("--failed", is_flag=True, help="To those who were refused, once the reason is mended.")
@click.option("--joined", is_flag=True, help="To those who joined its digest after its readers were fixed.")
@click.option("--even-old", is_flag=True, help="Also when it went out more than 30 days ago.")
@common
@click.pass_obj
def again(options: Options, edition: str, failed: bool, joined: bool, even_old: bool) -> None:
    """Let people whom EDITION did not reach wait for it; the next run hands it over to them.

    Nobody gets it twice. Who has unsubscribed since, or must get no mail, does not get it.
    """
    from pipeline.delivery.again import failed_again, joined_again
    from pipeline.editions import find
    from pipeline.editions.lock import PATIENCE, lock

    if failed == joined:
        raise UsageError(
            "Say to whom it goes again.", "Add --failed (those who were refused) or --joined (who is new)."
        )
    with options.open() as installation:
        with installation.database.read() as connection:
            row = find.by_slug(connection, edition)
        with lock(installation.database, row.digest, PATIENCE):
            more = failed_again if failed else joined_again
            row, people = more(installation, edition, even_old=even_old)
        print_edition(options, installation, row)
        if not options.json:
            nobody = "Nobody was refused who could get it now." if failed else "Nobody joined since."
            click.echo(_waiting_again(row, people) if people else nobody)


def _waiting_again(edition: Edition, people: int) -> str:
    then = f"editions resume {edition.slug}" if edition.status == EditionStatus.PAUSED else "run"
    waits = "reader waits" if people == 1 else "readers wait"
    return f"{people:,} {waits} for it: `rapport {then}` goes on."


@editions.command()
@click.argument("edition")
@click.option("--state", type=click.Choice([state.value for state in RecipientState]), help="Only these.")
@common
@click.pass_obj
def recipients(options: Options, edition: str, state: str | None) -> None:
    """Say who EDITION was for and what became of each, one line a person."""
    from pipeline.core.destination import Destination
    from pipeline.editions import find
    from pipeline.editions.ledger import outcomes

    with options.open() as installation, installation.database.read() as connection:
        row = find.by_slug(connection, edition)
        went = Destination.of_edition(installation.config.delivery, row.provider, begun=True)
        for person in outcomes.people(connection, row.id, state):
            click.echo(json.dumps(person, ensure_ascii=False) if options.json else _line(person, went))
        if not (went.mails or options.json):
            click.echo(f"{row.slug}: {went.done}.")


def _line(person: dict[str, Any], went: Destination) -> str:
    why = f"  {person['reason']}" if person["reason"] else ""
    state = went.state(person["state"])
    return f"{person['subscriber']:>8}  {state:<9}  {person['email'] or '(erased)'}{why}"
