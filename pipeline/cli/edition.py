"""One edition as commands name it, make it and print it."""

from __future__ import annotations

import logging
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.options import Options, plural
from pipeline.core.errors import FeedError, UsageError
from pipeline.core.words import sentence
from pipeline.editions.edition import OPEN, EditionKind

if TYPE_CHECKING:
    from pipeline.core.app import Installation
    from pipeline.core.config import Config
    from pipeline.core.destination import Destination
    from pipeline.core.sections.digest import Digest
    from pipeline.editions.compose import Composed
    from pipeline.editions.edition import Edition
    from pipeline.feeds.pull import Pulled

log = logging.getLogger(__name__)

TEXT_FILE = click.Path(path_type=Path, dir_okay=False, allow_dash=True)


def digest_named(config: Config, name: str | None) -> Digest:
    """The digest that a command is about: the named one, or the only one. Raises UsageError."""
    if name is None:
        if len(config.digests) == 1:
            return config.digests[0]
        raise UsageError("There are several digests.", f"Name one: {_names(config)}.")
    for digest in config.digests:
        if digest.name == name:
            return digest
    from pipeline.core.suggest import did_you_mean

    known = f"The configuration has: {_names(config)}."
    ask = did_you_mean(name, [digest.name for digest in config.digests])
    raise UsageError(f"There is no digest {name}.", f"{ask} {known}".lstrip())


def _names(config: Config) -> str:
    return ", ".join(digest.name for digest in config.digests)


def intro_of(file: Path | None, text: str | None, none: bool) -> str | None:
    """The intro that the options ask for; None leaves the draft's as it is. Raises UsageError."""
    if (file is not None) + (text is not None) + none > 1:
        raise UsageError("Give one of --intro, --intro-text and --no-intro.", "Leave the others out.")
    if file is None:
        return "" if none else text
    return text_of(file, "intro")


MOST_TEXT = 1_000_000
"""Bytes of a text that a command is given: some times as long as any letter."""


def text_of(file: Path, what: str) -> str:
    """The text of a file that a command is given; - is stdin. Raises UsageError."""
    try:
        with nullcontext(sys.stdin.buffer) if str(file) == "-" else file.open("rb") as opened:
            content = opened.read(MOST_TEXT + 1)
        if len(content) > MOST_TEXT:
            raise UsageError(
                f"The {what} {file} is larger than {MOST_TEXT:,} bytes.", "Name a text file that is shorter."
            )
        return content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise UsageError(
            sentence(f"The {what} {file} cannot be read: {reason}"), "Name a text file."
        ) from None


def what_now(installation: Installation, digest: Digest, draft: Edition) -> str:
    """What becomes of a draft that is put up, or will be by the next run."""
    from pipeline.editions.edition import EditionStatus
    from pipeline.editions.send_time import by_itself
    from subscribers import times

    decide = f"`rapport editions approve {draft.slug}`"
    goes = by_itself(digest, draft)
    if goes is None or draft.status != EditionStatus.DRAFT:
        return f"It waits for {decide}."
    if draft.is_note and draft.announced_at is None:
        window = " and the hold window after it" if digest.hold_window else ""
        hold = f"`rapport editions hold {draft.slug}` keeps it back"
        return f"It goes out by itself with the next `rapport run`{window}. {hold}."
    when = times.moment(goes, installation.config.newsletter.zone)
    return f"It goes out by itself {when}; {decide} lets it go when it is due."


def compose_locked(
    installation: Installation, digest: Digest, intro: str | None = None, *, looking: bool = False
) -> Composed:
    """Make or refresh the digest's draft, under the digest's lock."""
    from pipeline.editions.compose import compose as compose_draft
    from pipeline.editions.lock import PATIENCE, lock

    with lock(installation.database, digest.name, PATIENCE):
        return compose_draft(installation, digest, intro=intro, looking=looking)


def fresh_draft(installation: Installation, digest: Digest) -> Composed:
    """The digest's edition, to be looked at: composed from the feeds as they are now. A feed that cannot be
    read is only warned of. Raises FeedError when none can, and nothing read before makes a letter."""
    from pipeline.feeds.pull import pull as pull_all

    pulled = pull_all(installation.database, installation.config)
    failed = [_failure(feed) for feed in pulled if feed.error]
    composed = compose_locked(installation, digest, looking=True)
    if composed.edition is None and len(failed) == len(pulled):
        raise FeedError(
            "\n".join((*failed, f"So there is no letter to look at: {sentence(composed.reason)}"))
        )
    for line in failed:
        log.warning("%s", line)
    if len(failed) == len(pulled):
        log.warning("No feed could be read, so this letter is made of posts that were read before.")
    return composed


def _failure(feed: Pulled) -> str:
    from pipeline.feeds.fetching.address import shown

    said = f"{feed.error} {feed.remedy}".rstrip()
    return said if shown(feed.url) in said else f"{shown(feed.url)}: {said}"


def feed_line(feed: Pulled) -> str:
    from pipeline.feeds.fetching.address import shown
    from pipeline.feeds.overlap import MORE_ITEMS

    if feed.error:
        return f"failed: {_failure(feed)}"
    if feed.outcome == "not_modified":
        said = "not modified"
    else:
        said = f"{plural(feed.new, 'new post')}, {feed.changed:,} changed, {feed.unchanged:,} unchanged"
        said += f", {feed.withdrawn:,} withdrawn" if feed.withdrawn else ""
        said += f", {feed.archive:,} of the archive" if feed.archive else ""
    if feed.unread:
        said += f"; {plural(feed.unread, 'post')} could not be read within the limits, and were left aside"
    if feed.unsure:
        said += f"; {plural(feed.unsure, 'post')} may be old ones under new names: see `rapport posts`"
    if not feed.overlaps:
        lost = f"about {feed.may_be_lost:,}" if feed.may_be_lost else "some"
        said += f"; it shares no post with what it held before, so {lost} may be lost. {MORE_ITEMS}"
    if feed.moved_to:
        said += f"; it has moved for good: write {feed.moved_to} into the configuration"
    return f"{shown(feed.url)}: {said}"


def print_edition(
    options: Options,
    installation: Installation,
    edition: Edition | None,
    reason: str = "",
    *,
    whole: bool = False,
    **more: Any,
) -> None:
    """Print one edition, or why there is none; with ``whole`` also every post that was left out."""
    if edition is None:
        options.print({"edition": None, "reason": reason, **more}, sentence(f"No letter: {reason}"))
        return
    document = edition_document(installation, edition)
    options.print(
        {"edition": document, **({"reason": reason} if reason else {}), **more},
        *_shown(installation.config, document, whole=whole),
    )


def edition_document(installation: Installation, edition: Edition) -> dict[str, Any]:
    """An edition as ``--json`` prints it."""
    from pipeline.editions.document import document

    with installation.database.read() as connection:
        return document(connection, edition, installation.config.newsletter.zone)


def destination_of(config: Config, document: dict[str, Any]) -> Destination:
    """Where an edition went, or will go."""
    from pipeline.core.destination import Destination

    begun = document["recipients"]["total"] > 0
    return Destination.of_edition(config.delivery, document["provider"], begun=begun)


def _shown(config: Config, document: dict[str, Any], *, whole: bool) -> list[str]:
    from subscribers import times

    goes, status = destination_of(config, document), document["status"]
    when = times.local(document["due"], config.newsletter.zone)
    lines = [f"{document['slug']}: {goes.became(status)}, due {when}"]
    if document["kind"] == EditionKind.NOTE:
        lines = [f"{document['slug']}, a note: {goes.became(status)}"]
    if document["readers_of"]:
        lines.append(f"  a correction: only for who was handed {document['readers_of']}")
    if status in OPEN and not goes.mails:
        lines.append(f"  {goes.aside}")
    if document["reason"]:
        lines.append(f"  because: {document['reason']}")
    if document["subject"]:
        lines += [f"  subject: {document['subject']}", f"  preheader: {document['preheader']}"]
    numbered = _posts(document)
    lines += numbered if whole else numbered[: len(document["posts"])]
    if document["left_out"] and not whole:
        why = f"`rapport editions show {document['slug']}` says why"
        lines.append(f"  left out: {plural(len(document['left_out']), 'post')} ({why})")
    if document["edited"]:
        lines.append(f"  edited by staff: {', '.join(document['edited'])}")
    counts = document["recipients"]
    if counts["total"]:
        states = {goes.state(state): number for state, number in counts.items() if state != "total"}
        told = ", ".join(f"{number:,} {state}" for state, number in states.items() if number)
        lines.append(f"  recipients: {told}")
    if (clicks := document["clicks"]) and clicks["counted"]:
        lines.append(
            f"  clicks on the offer: {clicks['counted']:,} counted, {clicks['scanners']:,} of them taken for "
            f"mail scanners; so about {clicks['estimate']:,} by people"
        )
    for state, why in document["reasons"].items():
        lines += [f"    {number:,} {state}: {reason}" for reason, number in why.items()]
    return lines


def _posts(document: dict[str, Any]) -> list[str]:
    """The posts with the numbers by which `editions edit` knows them."""
    inside = [f"post: {post['title']}" for post in document["posts"]]
    outside = [f"left out: {post['title']} ({post['reason']})" for post in document["left_out"]]
    return [f"  {number:>2} {line}" for number, line in enumerate(inside + outside, start=1)]
