"""How other newsletter tools write their lists: a table of their columns, by name and meaning.

Where several columns of a tool say whether someone may be mailed, the strictest one counts. A row with an
unknown word is refused and never guessed: to mail one person who left costs more than to ask about a hundred.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from subscribers.people import Status
from subscribers.suppression import Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

Standing = Status | Reason
"""A person's standing by a list: a status, or the reason why they must get no mail."""

ACTIVE, LEFT, PENDING = Status.ACTIVE, Status.UNSUBSCRIBED, Status.PENDING
BOUNCED, COMPLAINED, MANUAL = Reason.BOUNCED, Reason.COMPLAINED, Reason.MANUAL


@dataclass(frozen=True, slots=True)
class Sign:
    """A column that tells a person's standing: its words, in lower case, and what any other word means (None:
    it is unknown).
    """

    column: str
    words: Mapping[str, Standing]
    otherwise: Standing | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """One kind of file that a tool writes. Columns are named as `plain` writes them.

    ``marks`` are the columns by which it is recognised, ``lacks`` those that it never has. ``moments`` are
    columns of times that prove consent, each with a word for what happened then. ``origin`` is the column
    that says how someone came. Network addresses are not read.
    """

    name: str
    marks: frozenset[str]
    signs: tuple[Sign, ...]
    moments: tuple[tuple[str, str], ...] = ()
    origin: str | None = None
    lacks: frozenset[str] = frozenset()

    def fits(self, columns: frozenset[str]) -> bool:
        return self.marks <= columns and not self.lacks & columns


def plain(column: str) -> str:
    """A column's name without differences of spelling: Email Address and email_address are the same."""
    return re.sub(r"[\s_-]", "", column).casefold()


def _filled(column: str, standing: Standing) -> Sign:
    """A column, mostly of a time, that is empty until something happened."""
    return Sign(column, {"": ACTIVE}, otherwise=standing)


_NO = ("false", "no", "0", "f")
_YES = ("true", "yes", "1", "t")

_MAILCHIMP_MOMENTS = (("optintime", "opted in"), ("confirmtime", "confirmed"))

_KIT_STATES: dict[str, Standing] = {
    **dict.fromkeys(("active", "confirmed", "subscribed", "cold"), ACTIVE),
    **dict.fromkeys(("inactive", "unconfirmed", "pending"), PENDING),
    **dict.fromkeys(("cancelled", "canceled", "unsubscribed"), LEFT),
    "bounced": BOUNCED,
    "complained": COMPLAINED,
    "blocked": MANUAL,
}

_BUTTONDOWN_TYPES: dict[str, Standing] = {
    **dict.fromkeys(("regular", "premium", "trialed", "gifted", "unpaid"), ACTIVE),
    **dict.fromkeys(("churning", "churned", "past_due"), ACTIVE),
    "unactivated": PENDING,
    "unsubscribed": LEFT,
    **dict.fromkeys(("removed", "blocked", "spammy", "disabled"), MANUAL),
    "undeliverable": BOUNCED,
    "complained": COMPLAINED,
}

_BEEHIIV_STATUSES: dict[str, Standing] = {
    "active": ACTIVE,
    **dict.fromkeys(("pending", "validating", "needs_attention"), PENDING),
    **dict.fromkeys(("inactive", "unsubscribed"), LEFT),
    "invalid": BOUNCED,
}

_OUR_STATUSES: dict[str, Standing] = {
    "": ACTIVE,
    "active": ACTIVE,
    "subscribed": ACTIVE,
    "pending": PENDING,
    "unsubscribed": LEFT,
}

TOOLS = (
    # Mailchimp's export of an audience is a ZIP of three files; only their last columns differ.
    # TryGhost/migrate, packages/mg-mailchimp-members/src/test/fixtures/{subscribed,unsubscribed,cleaned}.csv.
    # A list that was merged or copied can have UNSUB_TIME as a field beside LAST_CHANGED.
    Tool(
        "Mailchimp",
        frozenset({"emailaddress", "leid", "lastchanged"}),
        (_filled("unsubtime", LEFT), _filled("cleantime", BOUNCED)),
        _MAILCHIMP_MOMENTS,
    ),
    Tool(
        "Mailchimp",
        frozenset({"emailaddress", "leid", "unsubtime"}),
        (Sign("unsubtime", {}, otherwise=LEFT),),
        _MAILCHIMP_MOMENTS,
        lacks=frozenset({"lastchanged", "cleantime"}),
    ),
    Tool(
        "Mailchimp",
        frozenset({"emailaddress", "leid", "cleantime"}),
        (Sign("cleantime", {}, otherwise=BOUNCED), _filled("unsubtime", LEFT)),
        _MAILCHIMP_MOMENTS,
        lacks=frozenset({"lastchanged"}),
    ),
    # email_list.*.csv of Substack's export, and the older files of signups and paying subscribers:
    # TryGhost/migrate, packages/mg-substack-members-csv/test/fixtures/. `active_subscription` says who pays,
    # `email_disabled` who gets no mail.
    Tool(
        "Substack",
        frozenset({"email", "emaildisabled", "expiry"}),
        (Sign("emaildisabled", dict.fromkeys(_NO, ACTIVE) | dict.fromkeys(_YES, LEFT)),),
        (("createdat", "signed up"),),
    ),
    # TryGhost's members-csv package, whose unparse() names the columns of the export.
    Tool(
        "Ghost",
        frozenset({"email", "subscribedtoemails", "complimentaryplan"}),
        (
            Sign("subscribedtoemails", dict.fromkeys(_YES, ACTIVE) | dict.fromkeys(_NO, LEFT)),
            _filled("deletedat", LEFT),
        ),
        (("createdat", "signed up"),),
    ),
    # Kit, once ConvertKit: files with the API's names (developers.kit.com/api-reference/subscribers: `state`
    # is active, cancelled, bounced, complained or inactive, which is "not confirmed"), and those with `email`
    # and `status`. The words of its pages are those of help.convertkit.com/article/12-convertkit-subscribers.
    Tool(
        "Kit",
        frozenset({"firstname", "emailaddress", "state", "createdat"}),
        (Sign("state", _KIT_STATES),),
        (("createdat", "signed up"),),
        "referrer",
        lacks=frozenset({"status"}),
    ),
    Tool(
        "Kit",
        frozenset({"firstname", "email", "status", "createdat"}),
        (Sign("status", _KIT_STATES),),
        (("createdat", "signed up"),),
        "referrer",
        lacks=frozenset(
            {"tier", "subscriptiontier", "uuid", "digest", "subscribedtoemails", "emaildisabled"}
        ),
    ),
    # Buttondown writes the fields of its API: docs.buttondown.com/api-subscribers-introduction, with the
    # types of docs.buttondown.email/api-reference/subscribers (before 2024: `subscriber_type` and `email`).
    *(
        Tool(
            "Buttondown",
            frozenset({email, kind, "creationdate"}),
            (
                Sign(kind, _BUTTONDOWN_TYPES),
                _filled("unsubscriptiondate", LEFT),
                _filled("undeliverabilitydate", BOUNCED),
            ),
            (("creationdate", "signed up"),),
            "source",
        )
        for email, kind in (("emailaddress", "type"), ("email", "subscribertype"))
    ),
    # TryGhost/migrate, packages/mg-beehiiv-members/src/test/fixtures/members.csv; the short form has
    # `Subscription Tier`. Someone active with a date of unsubscribing counts as gone.
    *(
        Tool(
            "beehiiv",
            frozenset({"email", "status", "createdat", tier}),
            (
                Sign("status", _BEEHIIV_STATUSES),
                _filled("unsubscribedat", LEFT),
            ),
            (("createdat", "signed up"),),
            "utmsource",
            lacks=frozenset({"uuid"}) | lacks,
        )
        for tier, lacks in (("tier", frozenset[str]()), ("subscriptiontier", frozenset({"tier"})))
    ),
    # knadh/listmonk, cmd/subscribers.go, ExportSubscribers; the words of models.SubscriberStatus… and
    # SubscriptionStatus….
    Tool(
        "listmonk",
        frozenset({"uuid", "email", "attributes", "status"}),
        (
            Sign("status", {"enabled": ACTIVE, "disabled": LEFT, "blocklisted": MANUAL}),
            Sign(
                "subscriptionstatus",
                {"": ACTIVE, "confirmed": ACTIVE, "unconfirmed": PENDING, "unsubscribed": LEFT},
            ),
        ),
        (("createdat", "signed up"),),
    ),
    # What `export_csv` wrote. An address without a status agreed to nothing. No export holds `forgotten`:
    # written by hand, it is refused.
    Tool(
        "",
        frozenset({"email", "digest", "status", "suppression"}),
        (
            Sign("status", _OUR_STATUSES | {"": PENDING}),
            Sign("suppression", {"": ACTIVE} | {r.value: r for r in Reason if r is not Reason.FORGOTTEN}),
        ),
        lacks=frozenset({"uuid", "tier", "subscriptiontier"}),
    ),
)

_WORDED = {"status", "state", "type"}
"""Columns that many lists have, each with its own meaning."""

UNKNOWN = Tool(
    "",
    frozenset(),
    (
        Sign("status", _OUR_STATUSES),
        *(Sign(s.column, s.words, ACTIVE) for t in TOOLS for s in t.signs if s.column in ("state", "type")),
        *{s.column: s for t in reversed(TOOLS) for s in t.signs if s.column not in _WORDED}.values(),
    ),
)
"""Any other file. A column that only one tool has counts also where the tool's other columns were removed."""
