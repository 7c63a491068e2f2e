"""Files of no tool that Rapport knows, and its own file of refused rows."""

from __future__ import annotations

from subscribers.importing.signs import ACTIVE, LEFT, STATUSES, Sign, Tool, said_no
from subscribers.importing.tools import TOOLS
from subscribers.importing.words import NO, YES
from subscribers.suppression import Reason

_WORDED = frozenset({"status", "state", "type"})
"""Columns that many lists have, each with its own meaning."""

ANY = Tool(
    "",
    frozenset(),
    (
        Sign("status", STATUSES),
        *(
            Sign(column, {**STATUSES, **dict.fromkeys(YES, ACTIVE), **dict.fromkeys(NO, LEFT)})
            for column in ("subscribed", "issubscribed")
        ),
        said_no("unsubscribed"),
        *{s.column: s for t in reversed(TOOLS) for s in t.signs if s.column not in _WORDED}.values(),
    ),
)
"""Any other file. A column that only one tool has counts also where the tool's other columns were removed."""

WHY_REFUSED = Sign(
    "reason",
    {"unsubscribed": LEFT, **{f"suppressed {r.value}": r for r in Reason if r is not Reason.FORGOTTEN}},
    otherwise=ACTIVE,
)
"""Who was refused for good stays so, at another installation, too."""
