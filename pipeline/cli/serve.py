"""The command serve."""

from __future__ import annotations

import click

from pipeline.cli.options import Options, common, warnings
from pipeline.cli.options import port as port_number


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8000, show_default=True, type=port_number, metavar="N", help="0: any free one."
)
@click.option("--no-scheduler", is_flag=True, help="Serve only; another `serve`, or cron, sends.")
@common
@click.pass_obj
def serve(options: Options, host: str, port: int, no_scheduler: bool) -> None:
    """Serve the pages that readers reach, under newsletter.public_url, and send each letter when it is due.

    \b
      /subscribe        the sign-up form; /subscribe/embed: a copy for your website
      /confirm/…        where the mail that asks to confirm leads
      /unsubscribe/…    where a letter's unsubscribe link and header lead
      /preferences/…    a reader's own page
      /images/…         the images that letters show

    Let your web server pass newsletter.public_url on to it, POSTs from mailbox providers included, and name
    that server in server.trusted_proxies.

    It does what `rapport run` does, twice a minute, and reads the feeds now and then in between. Cron may
    call `rapport run` beside it; of several on one database one sends, and another takes over when that one
    dies. Ends with Ctrl-C or SIGTERM, after the requests and the batch that are under way.
    """
    from pipeline.web.server import run

    with options.open() as installation:
        run(
            installation,
            host,
            port,
            lambda address: options.print(
                {"address": address}, f"Serving {address}", warnings=warnings(installation.config)
            ),
            sends=not no_scheduler,
        )
