"""The command write: an edition that staff write themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from pipeline.cli.edition import TEXT_FILE, digest_named, print_edition, text_of, what_now
from pipeline.cli.options import Options, common

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("digest")
@click.argument("file", type=TEXT_FILE)
@click.option("--readers-of", metavar="EDITION", help="A correction: only for who was handed EDITION.")
@common
@click.pass_obj
def write(options: Options, digest: str, file: Path, readers_of: str | None) -> None:
    """Make an edition of DIGEST from FILE, a note in Markdown; - reads it from stdin.

    It begins with a few lines between two of ---: subject, and if you like preheader, offer = false (without
    the offer) and announce = true. It is checked, approved and sent like any other edition, and takes neither
    the next due time nor posts. To change the draft, write the same FILE again.
    """
    from pipeline.editions.lock import PATIENCE, lock
    from pipeline.editions.notes import write as write_note
    from pipeline.letter.note import read_note

    name = "stdin" if str(file) == "-" else file.name
    note = read_note(text_of(file, "note"), name)
    with options.open() as installation:
        meant = digest_named(installation.config, digest)
        with lock(installation.database, meant.name, PATIENCE):
            edition = write_note(installation, meant, note, name, readers_of=readers_of)
        print_edition(options, installation, edition)
        if not options.json:
            click.echo(f"  {what_now(installation, meant, edition)}")
