"""The command demo: the whole job on a sample blog."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.edition import destination_of, edition_document, fresh_draft
from pipeline.cli.options import Options, Progress, common, plural
from pipeline.core.destination import Destination
from pipeline.core.environment import CONFIG_FILE
from pipeline.core.errors import RapportError
from subscribers import private

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.core.app import Installation
    from pipeline.editions.edition import Edition

NO_VARIABLES: Mapping[str, str] = {}
"""No environment variable counts here: on a production machine they name the real list."""

CONFIG = """\
# The demo's configuration. `rapport init` writes one with every key explained.
[newsletter]
name = "Harbour Lane Letter"
from_email = "letter@harbourlane.example"
from_name = "Harbour Lane Therapy"
reply_to = "hello@harbourlane.example"
postal_address = "12 Harbour Lane, Springfield"
notice = "This letter is not therapy. In an emergency call your local emergency number."
signed_by = "Ines Calloway, Harbour Lane Therapy"
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
read_by = "Ines Calloway reads every message herself."
answered = "She writes or rings within two working days."
costs = "Asking costs nothing and binds you to nothing."

[[match.variants]]
categories = ["couples"]
heading = "Looking for someone to talk to together?"
"""


MADE_BY = CONFIG.splitlines()[0]

OWN_TEMPLATES = """
[theme]
templates = "templates"
"""


@click.command()
@click.option(
    "--serve",
    is_flag=True,
    help="Send nothing yet: open the draft in the preview, to change it and let it go.",
)
@common
@click.pass_obj
def demo(options: Options, serve: bool) -> int:
    """Run the whole job on a sample blog with sample subscribers, in ./demo/, to its outbox.

    Each time it begins anew: what an earlier demo left in ./demo/ is deleted.
    """
    from pipeline.cli.sample.blog import SampleBlog
    from pipeline.core.app import Installation
    from pipeline.core.templates import copy_letter
    from pipeline.editions.message import write_preview
    from subscribers import clock

    folder = Path("demo")
    _clear(folder)
    with SampleBlog(clock.now()) as blog:
        config = CONFIG.format(feed=blog.feed_url, site=blog.site_url)
        (folder / CONFIG_FILE).write_text(config + OWN_TEMPLATES, encoding="utf-8")
        copy_letter(folder / "templates")
        with Installation.open(folder / CONFIG_FILE, NO_VARIABLES) as installation:
            _subscribe(installation)
            edition = _draft(installation) if serve else _written(installation)
            files = write_preview(installation, edition, folder / "preview")
            document = edition_document(installation, edition)
            went = destination_of(installation.config, document)
        told = _told_of_draft(document, folder, blog.site_url) if serve else _told(went, document, folder)
        options.print({"edition": document, "files": [str(file) for file in files]}, *told)
        if serve:
            _serve(options, folder, edition.slug)
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


def _written(installation: Installation) -> Edition:
    from pipeline.schedule.run import run

    progress = Progress(Destination.of(installation.config.delivery).working)
    (ran,) = run(installation, installation.config.digests, at_once=True, progress=progress)
    if ran.outcome != "sent" or ran.edition is None:
        raise RapportError(f"The demo's letter was not written but is {ran.outcome}: {ran.reason}")
    return ran.edition


def _draft(installation: Installation) -> Edition:
    composed = fresh_draft(installation, installation.config.digests[0])
    if composed.edition is None:
        raise RapportError(f"The demo has no letter: {composed.reason}")
    return composed.edition


def _told(went: Destination, document: dict[str, Any], folder: Path) -> list[str]:
    from pipeline.providers.outbox import letters

    written = letters(folder / "outbox", document["slug"])
    ours = _command(folder)
    return [
        f"{document['slug']}: \u201c{document['subject']}\u201d, {plural(len(document['posts']), 'post')}, "
        f"for {plural(document['recipients']['sent'], 'sample subscriber')}: "
        f"{went.done}.",
        "",
        f"  The letter in your browser:  {(folder / 'preview' / 'edition.html').resolve().as_uri()}",
        f"  As plain text:               {folder / 'preview' / 'edition.txt'}",
        f"  As a reader would get it:    {written[0]}",
        f"                               (and {len(written) - 1} more; any mail program opens them, and asks",
        "                               the web for their pictures, as of a real letter)",
        "",
        "Look further:",
        f"  {ours} editions show {document['slug']}",
        f"  {ours} editions recipients {document['slug']}",
        f"  {shlex.quote(sys.argv[0])} demo --serve       (a draft: change it, let it go)",
    ]


def _told_of_draft(document: dict[str, Any], folder: Path, site: str) -> list[str]:
    ours, slug = _command(folder), document["slug"]
    return [
        f"{slug} is a draft: \u201c{document['subject']}\u201d, {plural(len(document['posts']), 'post')}.",
        "",
        "Change it, and the page follows as you save:",
        f"  the template:       {folder / 'templates' / 'letter' / 'digest.mjml'}",
        f"  the configuration:  {folder / CONFIG_FILE}",
        f'  by a command:       {ours} editions edit {slug} --subject "A calmer week"',
        "",
        f"Then let it go, by the buttons on the page or from another terminal, to {folder / 'outbox'}/:",
        f"  {ours} editions approve {slug}",
        f"  {ours} send {slug}",
        "",
        f"The sample blog is at {site}/.",
    ]


def _command(folder: Path) -> str:
    return f"{shlex.quote(sys.argv[0])} --config {folder / CONFIG_FILE}"


def _serve(options: Options, folder: Path, edition: str) -> None:
    from pipeline.cli.preview import PREVIEW_PORT, serve_preview
    from pipeline.web.dashboard.preview import PreviewSession

    session = PreviewSession(folder / CONFIG_FILE, NO_VARIABLES)
    # Where the preview's usual port is taken, the demo takes any free one.
    serve_preview(options, session, PREVIEW_PORT, edition=edition, otherwise=0)
