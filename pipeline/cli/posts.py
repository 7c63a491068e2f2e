"""Posts, for staff: what became of each, and what they decide about one."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import click

from pipeline.cli.group import Group
from pipeline.cli.options import Options, common

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from pipeline.core.config import Config
    from pipeline.editions.post_list import Listed

NARROWEST = 80


@click.group(cls=Group, invoke_without_command=True)
@common
@click.pass_context
def posts(ctx: click.Context) -> None:
    """List the posts that Rapport knows, newest first, with what became of each; or decide about one.

    \b
    new        goes into the next letter, or waits for a place or its date
    mailed     was in the edition that is named (in a trial: one that went to the outbox)
    archive    older than the backlog when Rapport first saw the blog, or when letters
               began to go to readers: never mailed by itself
    kept_out   by a category of exclude_categories (or none of include_categories), or by staff
    withdrawn  its blog took it back before it was mailed
    unsure     the blog moved, and nobody can tell whether readers had it: it waits for you

    A post that is only edited, or gets another address, stays the same post and is not mailed again.
    """
    if ctx.invoked_subcommand is None:
        _list(ctx.obj)


def _list(options: Options) -> None:
    with options.open() as installation, installation.database.read() as connection:
        known = _known(connection, installation.config)
    documents = [one.document() for one in known]
    options.print({"posts": documents}, *(_table(known) or ["No posts yet: `rapport pull`."]))


@posts.command("let-in")
@click.argument("post")
@common
@click.pass_obj
def let_in(options: Options, post: str) -> None:
    """Let POST into the next letter: one that is unsure, was kept out, or is of the archive.

    POST is its number in `rapport posts`, its address, or its title.
    """
    _decide(options, post, let_in=True)


@posts.command("keep-out")
@click.argument("post")
@common
@click.pass_obj
def keep_out(options: Options, post: str) -> None:
    """Keep POST out of every letter; it stays on the blog.

    POST is its number in `rapport posts`, its address, or its title. A draft that has it is composed anew
    without it; an edition that was approved with it is held before it goes out. `let-in` takes it back.
    """
    _decide(options, post, let_in=False)


def _decide(options: Options, name: str, *, let_in: bool) -> None:
    from pipeline.editions.decisions import decide
    from pipeline.editions.post_list import named

    with options.open() as installation, installation.database.write() as connection:
        post = named(_known(connection, installation.config), name)
        decide(connection, post, let_in=let_in)
        after = [one for one in _known(connection, installation.config) if one.id == post.id]
    options.print({"post": after[0].document()}, *_table(after))


def _known(connection: Connection, config: Config) -> list[Listed]:
    from pipeline.editions.post_list import every_post
    from subscribers import clock

    return every_post(connection, config, clock.now())


def _table(known: list[Listed]) -> list[str]:
    """One line a post; the title gets what the terminal leaves."""
    if not known:
        return []
    width = max(NARROWEST, shutil.get_terminal_size((120, 24)).columns)
    numbers = max(len(str(one.id)) for one in known)
    whys = [one.edition if one.state == "mailed" and one.edition else one.reason for one in known]
    lines = []
    for one, why in zip(known, whys, strict=True):
        date = f"{one.published:%Y-%m-%d}" if one.published else "undated"
        start = f"{one.id:>{numbers}}  {date:<10}  {one.state:<9}  "
        line = f"{start}{one.title}{f'  ({why})' if why else ''}"
        lines.append(line if len(line) <= width else f"{line[: width - 1]}…")
    return lines
