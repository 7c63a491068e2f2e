"""The pages "Letters": what became of each edition, and how the list grows. No figure is about one person."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from pipeline.core.destination import Destination
from pipeline.delivery.channels import ledger
from pipeline.editions import became, find
from pipeline.web.dashboard import plot, render
from pipeline.web.dashboard.dashboard import Page
from pipeline.web.dashboard.routing import get
from subscribers import clock, growth, times

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from pipeline.web.dashboard.asked import Asked
    from pipeline.web.dashboard.dashboard import Dashboard

A_PAGE = 25
"""Editions on one page of the list."""

PLOTTED = timedelta(days=2 * 365)
RECENT = timedelta(days=365)


def _routes(dashboard: Dashboard) -> Sequence[BaseRoute]:
    return [
        get(dashboard, "/letters", _list),
        get(dashboard, "/letters/{slug}", _one),
        get(dashboard, "/growth", _growth),
    ]


PAGE = Page("Letters", "/letters", _routes)


def _list(asked: Asked) -> Response:
    installation = asked.installation
    with installation.database.read() as connection:
        shown, more = became.listed(connection, asked.asked_number("before"), A_PAGE)
    return _page(asked, "letters.html", letters=shown, more=more)


def _one(asked: Asked) -> Response:
    installation = asked.installation
    with installation.database.read() as connection:
        found = became.of(connection, asked.request.path_params["slug"])
        if found is None:
            raise HTTPException(404)
        edition = find.by_slug(connection, found.slug)
        announced = ledger.of_edition(connection, edition.id)
    return _page(asked, "letter.html", letter=found, announced=announced)


def _growth(asked: Asked) -> Response:
    installation, now = asked.installation, clock.now()
    with installation.database.read() as connection:
        months = growth.months(connection, now - PLOTTED)
        sources = growth.sources(connection, now - RECENT)
    names = [month.name for month in months]
    joined, left = [month.joined for month in months], [month.left for month in months]
    label = f"Joined and left by month: {sum(joined):,} joined, {sum(left):,} left"
    drawn = plot.columns(label, names, joined, left) if months else None
    return _page(asked, "growth.html", months=months[::-1], sources=sources, plot=drawn)


def _page(asked: Asked, template: str, **values: Any) -> Response:
    config = asked.installation.config

    def went(one: became.Became) -> Destination:
        return Destination.of_edition(config.delivery, one.provider, begun=True)

    def day(moment: datetime) -> str:
        return times.moment(moment, config.newsletter.zone)

    return render.page(asked, template, PAGE.path, day=day, went=went, **values)
