"""Channels and alarms: whether their secrets are there, and whether the accounts take us."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.errors import RapportError
from pipeline.core.finding import error, ok, warning
from pipeline.core.templates import Templates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.core.finding import Finding
    from pipeline.doctor.context import Context


def channels(context: Context) -> Iterator[Finding]:
    """Each account is signed in to; nothing is posted. A webhook is not called."""
    if not context.config.channels:
        return
    from pipeline.delivery.channels.services import service, try_out

    templates = Templates.of(context.config, context.folder)
    for channel in context.config.channels:
        try:
            at = service(context.config, templates, context.environment, channel)
            said = try_out(at) if channel.kind != "webhook" else "Its key is set; it was not called."
        except RapportError as fault:
            yield error("channels", f"{channel.name}: {fault.message}", fault.remedy)
        else:
            yield ok("channels", f"{channel.name}: {said}")
    if not context.config.archive.public:
        yield warning(
            "channels",
            "The archive is private, so what is announced leads to the blog's first post, not to the letter.",
            "Set public = true under [archive], or leave it so.",
        )


def alarms(context: Context) -> Iterator[Finding]:
    from pipeline.mail.alarms import problem

    urls = context.config.staff.alarms
    for number, url in enumerate(urls, 1):
        if wrong := problem(url):
            # Not the address itself: it holds a secret.
            yield error("alarms", f"staff.alarms[{number}]: {wrong.message}", wrong.remedy)
    if urls:
        yield ok("alarms", "What staff must know goes to staff.alarms, too. Nothing was sent there now.")


CHECKS = (channels, alarms)
