"""Channels, for staff: what was announced where, trying one out, announcing by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.group import Group
from pipeline.cli.options import Options, common
from subscribers import times

if TYPE_CHECKING:
    from pipeline.core.app import Installation
    from pipeline.core.sections.channel import Channel
    from pipeline.delivery.channels.announcement import Announcement

_SHOWN = 20


@click.group(cls=Group, invoke_without_command=True)
@common
@click.pass_context
def channels(ctx: click.Context) -> None:
    """List the channels and what was announced there; try one out; or announce an edition by hand.

    \b
    waiting    is tried by whatever runs, for three days
    posted     is there, at the address that is shown
    refused    the service said no; the reason is shown
    uncertain  the service gave no clear answer: it may be there. Look before you post it again

    Channels stand in rapport.toml under [[channels]].
    """
    if ctx.invoked_subcommand is None:
        _list(ctx.obj)


def _list(options: Options) -> None:
    from pipeline.delivery.channels import ledger

    documents, lines = [], []
    with options.open() as installation, installation.database.read() as connection:
        for channel in installation.config.channels:
            found = ledger.latest(connection, channel.name, _SHOWN)
            ready = bool(channel.secret(installation.environment))
            documents.append(
                {
                    "name": channel.name,
                    "kind": channel.kind,
                    "host": channel.host,
                    "account": channel.account,
                    "secret": ready,
                    "announcements": [_document(slug, one) for slug, one in found],
                }
            )
            lines.append(_line(channel, ready=ready))
            lines += [f"  {_said(slug, one)}" for slug, one in found]
    options.print({"channels": documents}, *(lines or ["No channels: add [[channels]] to rapport.toml."]))


@channels.command()
@click.argument("name")
@common
@click.pass_obj
def test(options: Options, name: str) -> None:
    """Try the channel NAME out: address, secret and what it allows.

    Nothing is posted on Mastodon and Bluesky. A webhook gets one signed delivery of the type "channel.test".
    """
    from pipeline.delivery.channels.services import service, try_out

    with options.open() as installation:
        channel = _named(installation, name)
        at = service(installation.config, installation.templates, installation.environment, channel)
        said = try_out(at)
    options.print({"channel": name, "result": said}, said)


@channels.command()
@click.argument("edition")
@click.option("--channel", "name", help="Only on this channel; else on all.")
@click.option("--anyway", is_flag=True, help="Also where it is uncertain: you looked, and it is not there.")
@common
@click.pass_obj
def post(options: Options, edition: str, name: str | None, anyway: bool) -> None:
    """Announce the sent EDITION now, on each channel where it is not posted yet.

    What was refused is tried again. Where it is uncertain, the service is asked; if it cannot tell, look at
    the account yourself, and use --anyway if the post is not there.
    """
    from pipeline.delivery.channels.by_hand import post_by_hand

    with options.open() as installation:
        chosen = [_named(installation, name)] if name else installation.config.channels
        done = post_by_hand(installation, edition, chosen, anyway=anyway)
    documents = [_document(edition, one) for one in done]
    options.print({"announcements": documents}, *(_said(edition, one) for one in done))


def _named(installation: Installation, name: str) -> Channel:
    from pipeline.core.errors import UsageError
    from pipeline.core.suggest import did_you_mean

    known = {channel.name: channel for channel in installation.config.channels}
    if name not in known:
        raise UsageError(
            f"There is no channel {name}.",
            f"{did_you_mean(name, known)} Channels stand in rapport.toml under [[channels]].".lstrip(),
        )
    return known[name]


def _document(slug: str, one: Announcement) -> dict[str, Any]:
    return {
        "edition": slug,
        "channel": one.channel,
        "state": one.state,
        "address": one.address,
        "reason": one.reason,
        "attempts": one.attempts,
        "at": one.at.isoformat(),
        "next_try": one.next_try.isoformat() if one.next_try and one.waits else None,
    }


def _line(channel: Channel, *, ready: bool) -> str:
    who = f"{channel.account} at {channel.host}" if channel.account else channel.host
    return f"{channel.name}: {channel.kind}, {who}" + ("" if ready else f" (${channel.variable} is not set)")


def _said(slug: str, one: Announcement) -> str:
    more = ": ".join(part for part in (one.address, one.reason) if part)
    return f"{slug} on {one.channel}: {one.state}, {times.utc(one.at)}" + (f", {more}" if more else "")
