"""The command send: one edition by hand."""

from __future__ import annotations

import click

from pipeline.cli.edition import digest_named, edition_document, print_edition
from pipeline.cli.options import Options, Progress, common


@click.command()
@click.argument("edition")
@click.option("--test", "address", metavar="ADDRESS", help="Send one marked copy there instead.")
@common
@click.pass_obj
def send(options: Options, edition: str, address: str | None) -> int:
    """Deliver an approved EDITION (such as weekly-12), or go on with one that was interrupted.

    Nobody gets it twice, however often this is run. Before the first reader is handed it, the blog is asked
    for its posts: one that is gone holds the edition, with exit status 1.
    """
    from pipeline.core.destination import Destination
    from pipeline.delivery.send import send as send_edition
    from pipeline.delivery.send import send_test
    from pipeline.editions import find
    from pipeline.editions.edition import EditionStatus
    from pipeline.editions.lock import PATIENCE, lock

    with options.open() as installation:
        with installation.database.read() as connection:
            row = find.by_slug(connection, edition)
        digest = digest_named(installation.config, row.digest)
        goes = Destination.of(installation.config.delivery)
        if address:
            send_test(installation, row, address)
            options.print(
                {"edition": edition_document(installation, row)}, f"One marked copy was {goes.done}."
            )
            return 0
        with lock(installation.database, digest.name, PATIENCE):
            row = send_edition(installation, edition, Progress(goes.working))
        print_edition(options, installation, row)
    return 1 if row.status == EditionStatus.HELD else 0
