"""The command preview: the next letter in a browser, or as files."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.cli.edition import digest_named, fresh_draft, print_edition
from pipeline.cli.options import Options, common, plural
from pipeline.cli.options import port as port_number

if TYPE_CHECKING:
    from pipeline.web.dashboard.preview import PreviewSession

PREVIEW_PORT = 8001


@click.command()
@click.argument("digest", required=False)
@click.option(
    "--port", default=PREVIEW_PORT, show_default=True, type=port_number, metavar="N", help="0: any free one."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Serve nothing: write edition.html (with its pictures), edition.txt and edition.eml there.",
)
@common
@click.pass_obj
def preview(options: Options, digest: str | None, port: int, out: Path | None) -> None:
    """Show DIGEST's next letter as it will arrive, in a browser on this machine: to look at, change, approve.

    The page follows when a template, the configuration or the feed changes. Needs no key and no subscriber,
    and goes on from the last pull when a feed cannot be reached. With --out, exit status 1 says that no feed
    could be read and nothing read before makes a letter.
    """
    if out is None:
        from pipeline.web.dashboard.preview import PreviewSession

        serve_preview(options, PreviewSession(options.config), port, digest)
        return
    from pipeline.editions.message import KINDS, write_preview

    with options.open() as installation:
        composed = fresh_draft(installation, digest_named(installation.config, digest))
        if composed.edition is None:
            print_edition(options, installation, None, composed.reason, files=[])
            return
        files = write_preview(installation, composed.edition, out)
        print_edition(options, installation, composed.edition, files=[str(file) for file in files])
        if not options.json:
            for file in files[: len(KINDS)]:
                click.echo(f"  wrote {file}")
            if pictures := files[len(KINDS) :]:
                click.echo(f"  wrote {pictures[0].parent}/ ({plural(len(pictures), 'picture')})")


def serve_preview(
    options: Options,
    session: PreviewSession,
    port: int,
    digest: str | None = None,
    *,
    edition: str = "",
    otherwise: int | None = None,
) -> None:
    """Serve the preview of a session until Ctrl-C, opened at a digest or at one edition.

    ``otherwise`` is the port to take when the first is taken.
    """
    from pipeline.web.dashboard.letter.query import Query
    from pipeline.web.dashboard.server import listen, serve

    with listen(port, otherwise) as listening, contextlib.suppress(KeyboardInterrupt):
        session.open()
        if digest and session.installation:
            digest_named(session.installation.config, digest)
        path = Query(digest=digest or "", edition=edition).url()

        def ready(address: str) -> None:
            options.print(
                {"address": address + path}, f"The preview is at {address}{path} until you press Ctrl-C."
            )

        try:
            serve(session, listening, ready)
        finally:
            session.close()
