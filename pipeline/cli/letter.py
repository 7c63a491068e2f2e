"""From feed to letter: pull, compose, preview, check."""

from __future__ import annotations

import contextlib
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.options import Options, common, plural
from pipeline.core.errors import LetterError, UsageError

if TYPE_CHECKING:
    from pipeline.core.app import Installation
    from pipeline.core.config import Config, Digest
    from pipeline.editions.compose import Composed
    from pipeline.editions.edition import Edition
    from pipeline.feeds.pull import Pulled
    from pipeline.letter.check import Finding

log = logging.getLogger(__name__)

PREVIEW_PORT = 8001

INTRO_FILE = click.Path(path_type=Path, dir_okay=False, allow_dash=True)


def digest_named(config: Config, name: str | None) -> Digest:
    """The digest a command means: the named one, or the only one."""
    if name is None:
        if len(config.digests) == 1:
            return config.digests[0]
        raise UsageError("There are several digests.", f"Name one: {_names(config)}.")
    for digest in config.digests:
        if digest.name == name:
            return digest
    raise UsageError(f"There is no digest {name}.", f"The configuration has: {_names(config)}.")


def _names(config: Config) -> str:
    return ", ".join(digest.name for digest in config.digests)


@click.command()
@common
@click.pass_obj
def pull(options: Options) -> int:
    """Fetch all feeds and keep their posts.

    One broken feed keeps none of the others back; the exit status is 1 only when every feed failed.
    """
    from pipeline.feeds.pull import pull as pull_all

    with options.open() as installation:
        pulled = pull_all(installation.database, installation.config)
    options.print({"feeds": [feed.document() for feed in pulled]}, *(_told(feed) for feed in pulled))
    return 1 if all(feed.error for feed in pulled) else 0


def _told(feed: Pulled) -> str:
    from pipeline.feeds.address import shown
    from pipeline.feeds.overlap import MORE_ITEMS

    if feed.error:
        return f"{shown(feed.url)}: failed. {feed.error} {feed.remedy}".rstrip()
    if feed.outcome == "not_modified":
        said = "not modified"
    else:
        said = f"{plural(feed.new, 'new post')}, {feed.changed:,} changed, {feed.unchanged:,} unchanged"
        said += f", {feed.withdrawn:,} withdrawn" if feed.withdrawn else ""
        said += f", {feed.archive:,} of the archive" if feed.archive else ""
    if feed.unsure:
        said += f"; {plural(feed.unsure, 'post')} may be old ones under new names: see `rapport posts`"
    if not feed.overlaps:
        lost = f"about {feed.may_be_lost:,}" if feed.may_be_lost else "some"
        said += f"; it shares no post with what it held before, so {lost} may be lost. {MORE_ITEMS}"
    if feed.moved_to:
        said += f"; it has moved for good: write {feed.moved_to} into the configuration"
    return f"{shown(feed.url)}: {said}"


@click.command()
@click.argument("digest")
@click.option(
    "--intro",
    "intro_file",
    type=INTRO_FILE,
    metavar="FILE",
    help="A few lines of Markdown to stand above the posts of this edition; - reads them from stdin.",
)
@click.option("--intro-text", metavar="TEXT", help="The same, given here.")
@click.option("--no-intro", is_flag=True, help="Take the intro out again.")
@common
@click.pass_obj
def compose(
    options: Options, digest: str, intro_file: Path | None, intro_text: str | None, no_intro: bool
) -> None:
    """Make or refresh DIGEST's draft from the posts that are not yet in it.

    An edition that is approved, held or being sent stays as it is. A draft that was put up for staff is put
    up anew if it says something else then. An intro stays with its edition when the draft is refreshed.
    """
    intro = intro_of(intro_file, intro_text, no_intro)
    with options.open() as installation:
        composed = _compose(installation, digest_named(installation.config, digest), intro)
        print_edition(options, installation, composed.edition, composed.reason)


def intro_of(file: Path | None, text: str | None, none: bool) -> str | None:
    """What the options ask for; None: leave the draft's as it is."""
    if (file is not None) + (text is not None) + none > 1:
        raise UsageError("Give one of --intro, --intro-text and --no-intro.", "Leave the others out.")
    if file is None:
        return "" if none else text
    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        return content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise UsageError(f"The intro {file} cannot be read: {reason}.", "Name a text file.") from None


def _compose(
    installation: Installation, digest: Digest, intro: str | None = None, *, looking: bool = False
) -> Composed:
    from pipeline.editions.compose import compose as compose_draft

    with installation.database.lock(f"digest-{digest.name}"):
        return compose_draft(installation, digest, intro=intro, looking=looking)


def print_edition(
    options: Options,
    installation: Installation,
    edition: Edition | None,
    reason: str = "",
    *,
    whole: bool = False,
    **more: Any,
) -> None:
    """Print one edition, or why there is none; the ``whole`` of it with every post that was left out."""
    if edition is None:
        options.print({"edition": None, "reason": reason, **more}, f"No letter: {reason}.")
        return
    document = edition_document(installation, edition)
    options.print(
        {"edition": document, **({"reason": reason} if reason else {}), **more},
        *_shown(document, whole=whole),
    )


def edition_document(installation: Installation, edition: Edition) -> dict[str, Any]:
    """An edition as ``--json`` prints it."""
    from pipeline.editions import states

    with installation.database.read() as connection:
        return states.document(connection, edition, installation.config.newsletter.zone)


def _shown(document: dict[str, Any], *, whole: bool) -> list[str]:
    lines = [f"{document['slug']}: {document['status']}, due {document['due']}"]
    if document["reason"]:
        lines.append(f"  because: {document['reason']}")
    if document["subject"]:
        lines += [f"  subject: {document['subject']}", f"  preheader: {document['preheader']}"]
    if whole:
        lines += _posts(document)
    else:
        lines += [f"  post: {post['title']}" for post in document["posts"]]
        if document["left_out"]:
            lines.append(f"  left out: {plural(len(document['left_out']), 'post')} (--json says why)")
    if document["edited"]:
        lines.append(f"  edited by staff: {', '.join(document['edited'])}")
    counts = document["recipients"]
    if counts["total"]:
        told = ", ".join(f"{n:,} {state}" for state, n in counts.items() if n and state != "total")
        lines.append(f"  recipients: {told}")
    for state, why in document["reasons"].items():
        lines += [f"    {number:,} {state}: {reason}" for reason, number in why.items()]
    return lines


def _posts(document: dict[str, Any]) -> list[str]:
    """With the numbers by which `editions edit` knows them."""
    inside = [f"post: {post['title']}" for post in document["posts"]]
    outside = [f"left out: {post['title']} ({post['reason']})" for post in document["left_out"]]
    return [f"  {number:>2} {line}" for number, line in enumerate(inside + outside, start=1)]


@click.command()
@click.argument("digest", required=False)
@click.option(
    "--port", default=PREVIEW_PORT, show_default=True, type=click.IntRange(0, 65535), help="0: any free one."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Serve nothing: write edition.html, edition.txt and edition.eml there.",
)
@common
@click.pass_obj
def preview(options: Options, digest: str | None, port: int, out: Path | None) -> None:
    """Show DIGEST's next letter as it will arrive, in a browser on this machine.

    The page reloads by itself when a template, the configuration or the feed changes. Needs no key and no
    subscriber, and goes on from the last pull when a feed cannot be reached. Sends nothing.
    """
    if out is None:
        serve_preview(options, digest, port)
        return
    from pipeline.editions.message import write_preview

    with options.open() as installation:
        composed = _fresh(installation, digest_named(installation.config, digest))
        if composed.edition is None:
            print_edition(options, installation, None, composed.reason, files=[])
            return
        files = [str(file) for file in write_preview(installation, composed.edition, out)]
        print_edition(options, installation, composed.edition, files=files)
        if not options.json:
            for file in files:
                click.echo(f"  wrote {file}")


def serve_preview(
    options: Options, digest: str | None, port: int, *, edition: str = "", otherwise: int | None = None
) -> None:
    """Serve the preview until Ctrl-C, opened at a digest or at one edition.

    ``otherwise`` is the port to take when the first is taken.
    """
    from pipeline.web.preview.page import Query
    from pipeline.web.preview.server import listen, serve
    from pipeline.web.preview.session import Desk

    with listen(port, otherwise) as listening, contextlib.suppress(KeyboardInterrupt):
        desk = Desk(options.config)
        desk.open()
        if digest and desk.installation:
            digest_named(desk.installation.config, digest)
        path = Query(digest=digest or "", edition=edition).url()

        def ready(address: str) -> None:
            options.print(
                {"address": address + path}, f"The preview is at {address}{path} until you press Ctrl-C."
            )

        try:
            serve(desk, listening, ready)
        finally:
            desk.close()


def _fresh(installation: Installation, digest: Digest) -> Composed:
    from pipeline.feeds.pull import pull as pull_all

    for feed in pull_all(installation.database, installation.config):
        if feed.error:
            log.warning("%s", _told(feed))
    return _compose(installation, digest, looking=True)


@click.command()
@click.argument("digest", required=False)
@click.option("--online", is_flag=True, help="Also ask each link and image whether it answers.")
@common
@click.pass_obj
def check(options: Options, digest: str | None, online: bool) -> int:
    """Look for what is wrong with DIGEST's next letter. Exit status 1 when something must be mended.

    A warning does not keep the letter back.
    """
    from pipeline.letter.check import broken_template, check_letter, check_online

    with options.open() as installation:
        try:
            composed = _fresh(installation, digest_named(installation.config, digest))
        except LetterError as error:
            return _print_findings(options, None, [broken_template(error)])
        if composed.edition is None:
            print_edition(options, installation, None, composed.reason, findings=[])
            return 0
        own = installation.templates
        findings = check_letter(installation.config, composed.edition, own=own)
        if online:
            findings += check_online(installation.config, composed.edition, own=own)
        return _print_findings(options, edition_document(installation, composed.edition), findings)


def _print_findings(options: Options, edition: dict[str, Any] | None, findings: list[Finding]) -> int:
    lines = [f"{f.level}: {f.message} {f.remedy} [{f.rule}, {f.where}]" for f in findings]
    if edition and not findings:
        lines = [f"{edition['slug']}: nothing to mend."]
    options.print({"edition": edition, "findings": [f.document() for f in findings]}, *lines)
    return 1 if any(f.level == "error" for f in findings) else 0
