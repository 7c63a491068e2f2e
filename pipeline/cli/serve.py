"""The web process."""

from __future__ import annotations

import click

from pipeline.cli.options import Options, common


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0: any free one."
)
@common
@click.pass_obj
def serve(options: Options, host: str, port: int) -> None:
    """Serve the pages that readers reach, under newsletter.public_url.

    \b
      /subscribe        the sign-up form; /subscribe/embed: a copy for your website
      /confirm/…        where the mail that asks to confirm leads
      /unsubscribe/…    where a letter's unsubscribe link and header lead
      /preferences/…    a reader's own page
      /images/…         the images that letters show

    Let your web server pass newsletter.public_url on to it, POSTs from mailbox providers included, and name
    that server in server.trusted_proxies. Ends with Ctrl-C or SIGTERM, after the requests that are under way.
    """
    from pipeline.web.server import run

    with options.open() as installation:
        run(
            installation,
            host,
            port,
            lambda address: options.print({"address": address}, f"Serving {address}"),
        )
