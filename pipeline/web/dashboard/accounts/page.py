"""The page's place in the navigation, and all routes below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.web.dashboard.accounts import everybody, invite, log, one
from pipeline.web.dashboard.accounts.place import HERE
from pipeline.web.dashboard.dashboard import Page
from pipeline.web.dashboard.routing import get, post
from subscribers.staff.roles import Right

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.routing import BaseRoute

    from pipeline.web.dashboard.dashboard import Dashboard


def _routes(dashboard: Dashboard) -> Sequence[BaseRoute]:
    look, change = Right.LOOK_AT_ACCOUNTS, Right.ACCOUNTS
    return [
        get(dashboard, HERE, everybody.show, right=look),
        get(dashboard, f"{HERE}/log", log.show, right=look),
        get(dashboard, f"{HERE}/invite", invite.form, right=change),
        post(dashboard, f"{HERE}/invite", invite.work, right=change),
        get(dashboard, f"{HERE}/{{number:number}}", one.show, right=change),
        post(dashboard, f"{HERE}/{{number:number}}", one.work, right=change),
    ]


PAGE = Page("Staff", HERE, _routes, right=Right.LOOK_AT_ACCOUNTS)
