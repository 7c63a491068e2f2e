"""The command init: a configuration to begin with, filled with what a blog's address tells, and the first
letter of it."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.options import Options, common, plural
from pipeline.cli.questions import answers, ask
from pipeline.core.environment import CONFIG_FILE
from pipeline.core.errors import RapportError, UsageError
from pipeline.core.words import sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.core.first_configuration import Key, Value
    from pipeline.feeds.discovery.search import Discovered

PREVIEW = "preview"
"""The folder that the first letter is written to."""


@click.command()
@click.argument("directory", default=".", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--blog",
    metavar="ADDRESS",
    help="Look there first, for feed, name, language, logo, colour, contact page. A bare host is enough.",
)
@click.option(
    "--templates",
    type=click.Path(path_type=Path, file_okay=False),
    is_flag=False,
    flag_value="templates",
    metavar="[DIR]",
    help="Instead, copy the letter's templates into DIR, for changing them. [default: templates]",
)
@common
@click.pass_obj
def init(options: Options, directory: Path, blog: str | None, templates: Path | None) -> None:
    """Write a commented rapport.toml into DIRECTORY (here, by default). Never overwrites anything.

    With --blog it holds what was found at that address, marks what is still yours to say, and the first
    letter is written beside it. On a terminal the little that is missing is asked for.
    """
    if templates is not None:
        if blog is not None:
            raise UsageError("--blog and --templates are two things.", "Give one after the other.")
        _copy_templates(options, directory, templates)
        return
    file = directory / CONFIG_FILE
    if file.exists():
        raise _is_there(file)
    asks = not options.json and sys.stdin.isatty() and sys.stderr.isatty()
    if blog is None and asks:
        blog = ask("Your blog's address, such as willowstreet.example (Enter: say it later)")
    if blog:
        _from_blog(options, file, blog, asks=asks)
    else:
        _from_example(options, file)


def _from_example(options: Options, file: Path) -> None:
    from pipeline.core.first_configuration import filled
    from pipeline.feeds.discovery.settings import FEED, WANTED

    _write(file, filled({}))
    missing = [".".join(key) for key in (FEED, *WANTED)]
    steps = _steps(file, f"rapport preview --out {PREVIEW}     # then open {PREVIEW}/edition.html")
    options.print(
        {"config": str(file), "feed": None, "found": {}, "missing": missing, "file": str(file)},
        f"Wrote {file}. Put your blog's feed, your names and your postal address into it: the lines marked",
        '"yours". Then:',
        *steps,
    )


def _from_blog(options: Options, file: Path, blog: str, *, asks: bool) -> None:
    from pipeline.core.first_configuration import acceptable, filled
    from pipeline.feeds.discovery.search import discover
    from pipeline.feeds.discovery.settings import WANTED, values
    from pipeline.letter.images.logo import logo
    from subscribers import clock

    if asks:
        click.echo(f"Looking at {blog} ...", err=True)
    found = discover(blog)
    filling = acceptable(values(found, logo(found.logos), clock.now()))
    if not options.json:
        for line in _told(found, filling):
            click.echo(line)
    if asks:
        filling |= answers(found, [key for key in WANTED if not _is_said(filling, key)])
    _write(file, filled(filling))
    missing = [".".join(key) for key in WANTED if not _is_said(filling, key)]
    letter = _first_letter(file)
    document = {
        "config": str(file),
        "feed": found.feed,
        "found": _document(filling),
        "missing": missing,
        "why": found.why,
        "others": [{"feed": url, "reason": reason} for url, reason in found.others],
        **letter,
    }
    lines = [f"Wrote {file}."]
    if missing:
        lines += [
            f'Still yours to say, each marked "yours" in {file}:',
            *(f"  {key}" for key in missing),
        ]
    if letter["files"]:
        lines.append(f"Your first letter, “{letter['subject']}”: open {letter['files'][0]} in a browser.")
    else:
        lines.append(sentence(f"There is no letter yet: {letter['reason']}"))
    options.print(document, *lines, "Next:", *_steps(file, "rapport check     # what is still to be mended"))


def _is_there(file: Path) -> RapportError:
    return RapportError(f"{file} is there already.", "Edit it, or name another directory.")


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError:
        raise _is_there(file) from None


def _steps(file: Path, look: str) -> list[str]:
    """What to do next, as it can be copied into a shell, a line after the other."""
    commands = [
        look,
        'rapport subscribers add you@example.net --consent "Asked for it myself"',
        "rapport run --now     # the letter lands in the folder outbox/",
    ]
    if file.parent != Path():
        commands.insert(0, f"cd {shlex.quote(str(file.parent))}")
    return [f"  {number}. {command}" for number, command in enumerate(commands, start=1)]


def _told(found: Discovered, filling: dict[Key, Value]) -> Iterator[str]:
    """What was found, for people."""
    from datetime import datetime

    from pipeline.core.finding import quoted
    from pipeline.feeds.discovery.settings import BACKLOG, FOUND
    from pipeline.feeds.fetching.address import shown
    from subscribers import times

    dates = found.outline.dates
    newest = f", the newest of {times.day(datetime.fromisoformat(dates[0]))}" if dates else ""
    why = f": {found.why}" if found.others else ""
    yield sentence(f"Feed: {shown(found.feed)} ({plural(found.outline.posts, 'post')}{newest}){why}")
    for url, reason in found.others:
        yield sentence(f"  not {shown(url)}: {reason}")
    for word, key in _words().items():
        if (value := filling.get(key)) and value.text:
            how = "" if value.remark == FOUND else f" ({value.remark})"
            yield f"Found: {word} {quoted(value.text, 200)}{how}"
    if backlog := filling.get(BACKLOG):
        yield f"The newest posts are over a week old: the first letter reaches back {backlog.text} (backlog)."


def _document(filling: dict[Key, Value]) -> dict[str, str]:
    """What was found, by the words that --json has for it."""
    return {word: text for word, key in _words().items() if key in filling and (text := filling[key].text)}


def _words() -> dict[str, Key]:
    from pipeline.feeds.discovery import settings

    return {
        "name": settings.NAME,
        "language": settings.LANGUAGE,
        "timezone": settings.TIMEZONE,
        "logo": settings.LOGO,
        "colour": settings.COLOUR,
        "contact": settings.MATCH_URL,
    }


def _is_said(filling: dict[Key, Value], key: Key) -> bool:
    return key in filling and filling[key].text is not None


def _first_letter(file: Path) -> dict[str, Any]:
    """Composes the first letter and writes it beside the configuration; why there is none, where there is
    none."""
    from pipeline.cli.edition import digest_named, fresh_draft
    from pipeline.core.app import Installation
    from pipeline.editions.message import write_preview
    from pipeline.feeds.cleaning.text import visible

    folder = file.parent / PREVIEW
    if folder.exists():
        return {
            "files": [],
            "reason": f"{folder} is there already; `rapport preview --out DIR` makes another",
        }
    try:
        # What the environment says is another installation's: its database is not to be touched.
        with Installation.open(file, environment={}) as installation:
            composed = fresh_draft(installation, digest_named(installation.config, None))
            if composed.edition is None:
                return {"files": [], "reason": composed.reason}
            files = [str(one) for one in write_preview(installation, composed.edition, folder)]
            return {"files": files, "subject": visible(composed.edition.subject)}
    except RapportError as error:  # the configuration is written, and says more when it is used
        return {"files": [], "reason": f"{error.message} {error.remedy}".strip()}


def _copy_templates(options: Options, directory: Path, named: Path) -> None:
    from pipeline.core.templates import copy_letter

    folder = directory / named
    copied, kept = copy_letter(folder)
    options.print(
        {"folder": str(folder), "copied": copied, "kept": kept},
        *(f"Wrote {folder / name}" for name in copied),
        *(f"Kept {folder / name}: it was there already." for name in kept),
        "Each says at its top what it may use. Next:",
        f'  1. Set theme.templates = "{named}" in rapport.toml.',
        "  2. Change what you like, and delete the files you leave as they are: then they stay up to date.",
        "  3. rapport preview     (shows every change as you save it)",
    )
