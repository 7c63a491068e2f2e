"""The commands pull, compose and check: from feed to letter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.edition import (
    TEXT_FILE,
    compose_locked,
    digest_named,
    edition_document,
    feed_line,
    fresh_draft,
    intro_of,
    print_edition,
)
from pipeline.cli.options import Options, common
from pipeline.core.errors import LetterError

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.core.finding import Finding


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
    options.print({"feeds": [feed.document() for feed in pulled]}, *(feed_line(feed) for feed in pulled))
    return 1 if all(feed.error for feed in pulled) else 0


@click.command()
@click.argument("digest")
@click.option(
    "--intro",
    "intro_file",
    type=TEXT_FILE,
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
        composed = compose_locked(installation, digest_named(installation.config, digest), intro)
        print_edition(options, installation, composed.edition, composed.reason)


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
            composed = fresh_draft(installation, digest_named(installation.config, digest))
        except LetterError as error:
            return _print_findings(options, None, [broken_template(error)])
        if composed.edition is None:
            print_edition(options, installation, None, composed.reason, findings=[])
            return 0
        config, templates = installation.config, installation.templates
        findings = check_letter(config, templates, composed.edition)
        if online:
            findings += check_online(config, templates, composed.edition)
        return _print_findings(options, edition_document(installation, composed.edition), findings)


def _print_findings(options: Options, edition: dict[str, Any] | None, findings: list[Finding]) -> int:
    lines = [_line(finding) for finding in findings]
    if edition and not findings:
        lines = [f"{edition['slug']}: nothing to mend."]
    options.print({"edition": edition, "findings": [_finding_document(f) for f in findings]}, *lines)
    return 1 if any(f.level == "error" for f in findings) else 0


def _line(finding: Finding) -> str:
    said, about = f"{finding.level}: {finding.message}", f"[{finding.name}, {finding.where}]"
    if "\n" in finding.remedy:  # it holds commands to be copied
        return "\n  ".join([f"{said} {about}", *finding.remedy.split("\n")])
    return f"{said} {finding.remedy} {about}"


def _finding_document(finding: Finding) -> dict[str, str]:
    return {
        "level": finding.level,
        "rule": finding.name,
        "message": finding.message,
        "remedy": finding.remedy,
        "where": finding.where,
    }
