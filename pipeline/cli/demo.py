"""The command demo: the whole job on a sample blog."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.edition import edition_document
from pipeline.cli.options import Options, Progress, common, plural
from pipeline.core.environment import CONFIG_FILE
from pipeline.core.errors import RapportError
from subscribers import private

if TYPE_CHECKING:
    from pipeline.core.app import Installation
    from pipeline.schedule.result import RunResult

CONFIG = """\
# The demo's configuration. `rapport init` writes one with every key explained.
[newsletter]
name = "Harbour Lane Letter"
from_email = "letter@harbourlane.example"
from_name = "Harbour Lane Therapy"
reply_to = "hello@harbourlane.example"
postal_address = "12 Harbour Lane, Springfield"
notice = "This letter is not therapy. In an emergency call your local emergency number."
public_url = "https://letter.harbourlane.example"
timezone = "Europe/London"
language = "en-GB"

[[feeds]]
url = "{feed}"

[[digests]]
name = "weekly"
schedule = "0 9 * * thu"

[match]
url = "{site}/contact"

[[match.variants]]
categories = ["couples"]
heading = "Looking for someone to talk to together?"
"""


MADE_BY = CONFIG.splitlines()[0]


@click.command()
@click.option("--serve", is_flag=True, help="Then open the preview, with the sample blog up.")
@common
@click.pass_obj
def demo(options: Options, serve: bool) -> int:
    """Run the whole job on a sample blog with sample subscribers, in ./demo/, to its outbox.

    Each time it begins anew: what an earlier demo left in ./demo/ is deleted.
    """
    from pipeline.cli.sample.blog import SampleBlog
    from pipeline.core.app import Installation
    from pipeline.editions.message import write_preview
    from subscribers import clock

    folder = Path("demo")
    _clear(folder)
    # No environment variable counts here: on a production machine they name the real list.
    with SampleBlog(clock.now()) as blog:
        config = CONFIG.format(feed=blog.feed_url, site=blog.site_url)
        (folder / CONFIG_FILE).write_text(config, encoding="utf-8")
        with Installation.open(folder / CONFIG_FILE, environment={}) as installation:
            _subscribe(installation)
            ran = _run(installation)
            if ran.outcome != "sent" or ran.edition is None:
                raise RapportError(f"The demo's letter was not sent but {ran.outcome}: {ran.reason}")
            files = write_preview(installation, ran.edition, folder / "preview")
            document = edition_document(installation, ran.edition)
        options.print({"edition": document, "files": [str(f) for f in files]}, *_told(document, folder))
        if serve:
            _serve(options, folder, ran.edition.slug, blog.site_url)
    return 0


def _clear(folder: Path) -> None:
    config = folder / CONFIG_FILE
    if folder.exists():
        if any(folder.iterdir()) and not (config.is_file() and config.read_text("utf-8").startswith(MADE_BY)):
            raise RapportError(
                f"{folder}/ is there already, and no demo made it.", "Run it in another folder."
            )
        shutil.rmtree(folder)
    private.make_folder(folder)


def _subscribe(installation: Installation) -> None:
    from pipeline.cli.sample.blog import SUBSCRIBERS
    from subscribers.importing.run import import_csv

    import_csv(
        installation.database.write,
        SUBSCRIBERS,
        digests=["weekly"],
        wording="Sample readers of the demo; nobody real.",
        source="demo",
    )


def _run(installation: Installation) -> RunResult:
    from pipeline.schedule.run import run

    return run(installation, installation.config.digests, at_once=True, progress=Progress("Sending"))[0]


def _told(document: dict[str, Any], folder: Path) -> list[str]:
    letters = sorted((folder / "outbox").glob("*.eml"))
    rapport = shlex.quote(sys.argv[0])
    return [
        f"{document['slug']}: \u201c{document['subject']}\u201d, {plural(len(document['posts']), 'post')}, "
        f"sent to {plural(document['recipients']['sent'], 'sample subscriber')}.",
        "",
        f"  The letter in your browser:  {(folder / 'preview' / 'edition.html').resolve().as_uri()}",
        f"  As plain text:               {folder / 'preview' / 'edition.txt'}",
        f"  As it was delivered:         {letters[0]}",
        f"                               (and {len(letters) - 1} more; any mail program opens them)",
        "",
        "Look further:",
        f"  {rapport} --config {folder}/{CONFIG_FILE} editions show {document['slug']}",
        f"  {rapport} --config {folder}/{CONFIG_FILE} editions recipients {document['slug']}",
        f"  {rapport} demo --serve       (the preview, with the sample blog up)",
    ]


def _serve(options: Options, folder: Path, edition: str, site: str) -> None:
    from pipeline.cli.preview import PREVIEW_PORT, serve_preview

    if not options.json:
        click.echo(f"\nThe sample blog is at {site}/.")
    options.config = folder / CONFIG_FILE
    # Where the preview's usual port is taken, the demo takes any free one.
    serve_preview(options, None, PREVIEW_PORT, edition=edition, otherwise=0)
