"""Pages from templates/dashboard/, in the frame that all of them share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from starlette.responses import HTMLResponse

from pipeline.core.templates import PACKAGED
from subscribers.staff.roles import Right

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.responses import Response

    from pipeline.core.errors import RapportError
    from pipeline.web.dashboard.asked import Asked

FLUSH = "\0flush\0"
"""Marks in a template where the part that is ready is sent, ahead of what takes longer."""

_ENVIRONMENT = ImmutableSandboxedEnvironment(
    loader=FileSystemLoader(PACKAGED),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(asked: Asked, template: str, here: str, status: int = 200, **values: Any) -> Response:
    """The named page. ``here`` is its place in the navigation."""
    shown = _ENVIRONMENT.get_template(f"dashboard/{template}").render(frame(asked, here) | values)
    return HTMLResponse(shown, status)


def part(template: str, **values: Any) -> str:
    """What a page shows at one place of it, without the frame. It is the same for all of staff."""
    return _ENVIRONMENT.get_template(f"dashboard/{template}").render(values)


def pieces(asked: Asked, template: str, here: str, **values: Any) -> Iterator[str]:
    """The same in pieces, one for each FLUSH in the template."""
    ready: list[str] = []
    context = frame(asked, here) | values
    for piece in _ENVIRONMENT.get_template(f"dashboard/{template}").generate(context):
        if piece == FLUSH:
            yield "".join(ready)
            ready.clear()
        else:
            ready.append(piece)
    yield "".join(ready)


def failure(asked: Asked, error: RapportError) -> Response:
    """Why something could not be done, on a page of its own."""
    status = 500 if asked.request.method == "GET" else 409
    return page(asked, "failure.html", "", status, message=error.message, remedy=error.remedy)


def frame(asked: Asked, here: str) -> dict[str, Any]:
    """What the frame of every page shows."""
    dashboard, actor = asked.dashboard, asked.actor
    installation = dashboard.installation
    return {
        "root": dashboard.root,
        "csrf": actor.csrf,
        "actor": actor,
        "writes": actor.may(Right.WRITE),
        "decides": actor.may(Right.DECIDE),
        "local": dashboard.local,
        "here": here,
        "navigation": [page for page in dashboard.pages if actor.may(page.right)],
        "newsletter": installation.config.newsletter if installation else None,
        "flush": FLUSH,
    }
