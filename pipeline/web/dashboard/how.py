"""The page "How it is": feeds and posts in doubt, channels, due times of a month, backups, the doctor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from pipeline.delivery.channels import ledger
from pipeline.doctor import examine_opened
from pipeline.editions import calendar, decisions, post_list
from pipeline.feeds.fetching.address import shown
from pipeline.feeds.stand import stands
from pipeline.web.dashboard import render
from pipeline.web.dashboard.dashboard import Page
from pipeline.web.dashboard.routing import get, post
from subscribers import clock, export, times
from subscribers.staff.roles import Right

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from pipeline.web.dashboard.asked import Asked
    from pipeline.web.dashboard.dashboard import Dashboard

ANNOUNCED = 5
"""Announcements of a channel that are shown."""


def _routes(dashboard: Dashboard) -> Sequence[BaseRoute]:
    return [
        get(dashboard, "/how", _show),
        get(dashboard, "/how/doctor", _examined),
        post(dashboard, "/how/post", _decide, right=Right.DECIDE),
    ]


PAGE = Page("How it is", "/how", _routes)


def _show(asked: Asked) -> Response:
    return _page(asked, None)


def _examined(asked: Asked) -> Response:
    """The same with what the doctor finds, which takes some seconds: it asks the DNS and the provider."""
    installation = asked.installation
    found = examine_opened(installation.config, installation.folder, installation.environment)
    return _page(asked, found.findings)


def _decide(asked: Asked) -> Response:
    installation = asked.installation
    verb = asked.form.text("verb")
    if verb not in ("let-in", "keep-out"):
        raise HTTPException(404)
    with installation.database.write() as connection:
        known = post_list.every_post(connection, installation.config, clock.now())
        chosen = post_list.named(known, asked.form.text("post"))
        decisions.decide(connection, chosen, let_in=verb == "let-in", actor=asked.actor.name)
    asked.dashboard.letters.editions_changed()
    return asked.back_to("/how")


def _page(asked: Asked, findings: Sequence[Any] | None) -> Response:
    installation = asked.installation
    config, now = installation.config, clock.now()
    zone = config.newsletter.zone
    with installation.database.read() as connection:
        feeds = [
            {"url": shown(one.url), "stand": one, "unsure": _unsure(connection, one.id)}
            for one in stands(connection, [feed.url for feed in config.feeds])
        ]
        channels = [
            {
                "channel": channel,
                "ready": bool(channel.secret(installation.environment)),
                "announced": ledger.latest(connection, channel.name, ANNOUNCED),
            }
            for channel in config.channels
        ]
        due = calendar.coming(connection, config, now)
        backup = export.last_backup(connection)
    return render.page(
        asked,
        "how.html",
        PAGE.path,
        feeds=feeds,
        channels=channels,
        due=due,
        backup=backup,
        findings=findings,
        moment=lambda at: times.moment(at, zone),
    )


def _unsure(connection: Connection, feed: int | None) -> list[decisions.Waiting]:
    return decisions.waiting(connection, feed) if feed is not None else []
