"""The pages "Letters": what became of each edition, and how the list grows. No figure is about one person."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from pipeline.core.destination import Destination
from pipeline.core.errors import RapportError
from pipeline.delivery.channels import ledger
from pipeline.editions import became, clicks, find, progress
from pipeline.editions.clicks import Count
from pipeline.editions.decided import stand
from pipeline.editions.ledger.reasons import NO_ANSWER
from pipeline.web.dashboard import bar, deciding, plot, render
from pipeline.web.dashboard.dashboard import Page
from pipeline.web.dashboard.routing import get, post
from subscribers import clock, growth, times
from subscribers.staff.roles import Right

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from pipeline.editions.clicks import OfDay
    from pipeline.editions.ledger.reasons import Reasons
    from pipeline.editions.progress import Progress
    from pipeline.web.dashboard.asked import Asked
    from pipeline.web.dashboard.dashboard import Dashboard

A_PAGE = 25
"""Editions on one page of the list."""

PLOTTED = timedelta(days=2 * 365)
CLICKS_PLOTTED = 28
"""Days from the first click on. After four weeks there are hardly any; the table has them all."""

RECENT = timedelta(days=365)


def _routes(dashboard: Dashboard) -> Sequence[BaseRoute]:
    return [
        get(dashboard, "/letters", _list),
        get(dashboard, "/letters/{slug}", _one),
        post(dashboard, "/letters/{slug}/decide", _decide, right=Right.DECIDE),
        get(dashboard, "/growth", _growth),
    ]


PAGE = Page("Letters", "/letters", _routes)


def _list(asked: Asked) -> Response:
    installation = asked.installation
    with installation.database.read() as connection:
        shown, more = became.listed(connection, asked.asked_number("before"), A_PAGE)
    return _page(asked, "letters.html", letters=shown, more=more)


def _one(asked: Asked, wrong: str = "") -> Response:
    """``wrong``: why what was just asked could not be done."""
    installation, version = asked.installation, asked.dashboard.letters.reload.version
    with installation.database.read() as connection:
        found = became.of(connection, asked.request.path_params["slug"])
        if found is None:
            raise HTTPException(404)
        edition = find.by_slug(connection, found.slug)
        far = progress.of(connection, found.slug, clock.now())
        announced = ledger.of_edition(connection, edition.id)
        counted = clicks.by_day(connection, edition.id)
        decided = stand(connection, edition)
    return _page(
        asked,
        "letter.html",
        409 if wrong else 200,
        letter=found,
        edition=edition,
        far=far,
        why=_why(found.why, far),
        announced=announced,
        stand=decided,
        verbs=bar.verbs(asked, edition),
        version=version,
        wrong=wrong,
        **_clicks(counted),
    )


def _why(why: Reasons, far: Progress) -> Reasons:
    """The reasons without that of whom the page shows as under way."""
    if not far.in_flight:
        return why
    shown = {state: {say: n for say, n in said.items() if say != NO_ANSWER} for state, said in why.items()}
    return {state: said for state, said in shown.items() if said}


def _decide(asked: Asked) -> Response:
    """A button beside the progress: pause, go on."""
    slug = asked.request.path_params["slug"]
    try:
        if asked.form.text("edition") != slug:
            raise RapportError("The form was not complete.", "Look at the letter again, then decide.")
        deciding.decide(asked, asked.installation)
    except RapportError as error:
        return _one(asked, f"{error.message} {error.remedy}".rstrip())
    finally:
        asked.dashboard.letters.editions_changed()
    return asked.back_to(f"/letters/{slug}")


def _growth(asked: Asked) -> Response:
    installation, now = asked.installation, clock.now()
    with installation.database.read() as connection:
        months = growth.months(connection, now - PLOTTED)
        sources = growth.sources(connection, now - RECENT)
    names = [month.name for month in months]
    joined, left = [month.joined for month in months], [month.left for month in months]
    counted = f"{sum(joined):,} joined, {sum(left):,} left"
    drawn = plot.columns(f"Joined and left by month: {counted}", names, joined, left) if months else None
    return _page(asked, "growth.html", months=months[::-1], sources=sources, plot=drawn, counted=counted)


def _clicks(counted: Sequence[OfDay]) -> dict[str, Any]:
    """What the page says of clicks. Drawn is, by day, what is taken for people's: beside scanners' it would
    often be too low to be seen."""
    about = {"clicks": counted, "clicked": clicks.total(counted), "scanned": clicks.SCANNED.seconds // 60}
    if not counted:
        return about
    by_day: dict[date, Count] = {}
    for one in counted:
        by_day[one.day] = by_day.get(one.day, Count()) + one.count
    first = min(by_day)
    days = [first + timedelta(days=n) for n in range(min((max(by_day) - first).days + 1, CLICKS_PLOTTED))]
    people = [by_day.get(day, Count()).people for day in days]
    label = f"Clicks by day without those taken for scanners: about {sum(people):,}"
    names = [day.isoformat() for day in days]
    return about | {"plot": plot.columns(label, names, people), "first": names[0], "last": names[-1]}


def _page(asked: Asked, template: str, status: int = 200, **values: Any) -> Response:
    config = asked.installation.config

    def went(provider: str | None) -> Destination:
        return Destination.of_edition(config.delivery, provider, begun=True)

    def moment(at: datetime) -> str:
        return times.moment(at, config.newsletter.zone)

    def day(at: datetime) -> str:
        return times.day(at, config.newsletter.zone)

    return render.page(asked, template, PAGE.path, status, moment=moment, day=day, went=went, **values)
