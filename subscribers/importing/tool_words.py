"""The words of a status in the lists of other tools, as `words.fold` writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from subscribers.importing.signs import ACTIVE, BOUNCED, COMPLAINED, LEFT, MANUAL, PENDING

if TYPE_CHECKING:
    from subscribers.importing.signs import Standing

KIT_STATES: dict[str, Standing] = {
    **dict.fromkeys(("active", "confirmed", "subscribed", "cold"), ACTIVE),
    **dict.fromkeys(("inactive", "unconfirmed", "pending"), PENDING),
    **dict.fromkeys(("cancelled", "canceled", "unsubscribed"), LEFT),
    "bounced": BOUNCED,
    "complained": COMPLAINED,
    "blocked": MANUAL,
}

BUTTONDOWN_TYPES: dict[str, Standing] = {
    **dict.fromkeys(("regular", "premium", "trialed", "gifted", "unpaid"), ACTIVE),
    **dict.fromkeys(("churning", "churned", "past due"), ACTIVE),
    "unactivated": PENDING,
    "unsubscribed": LEFT,
    **dict.fromkeys(("removed", "blocked", "spammy", "disabled"), MANUAL),
    "undeliverable": BOUNCED,
    "complained": COMPLAINED,
}

BEEHIIV_STATUSES: dict[str, Standing] = {
    "active": ACTIVE,
    **dict.fromkeys(("pending", "validating", "needs attention"), PENDING),
    **dict.fromkeys(("inactive", "unsubscribed"), LEFT),
    "invalid": BOUNCED,
}

OUR_STATUSES: dict[str, Standing] = {
    "": ACTIVE,
    "active": ACTIVE,
    "subscribed": ACTIVE,
    "pending": PENDING,
    "unsubscribed": LEFT,
}
