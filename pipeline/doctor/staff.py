"""Who looks after the letter: whether they can sign in safely, and whether anybody may say who else may."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.finding import ok, warning
from pipeline.core.schema import schema_state
from subscribers.staff import accounts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.core.finding import Finding
    from pipeline.doctor.context import Context

_INVITE = "rapport staff invite ADDRESS --role admin"


def signing_in(context: Context) -> Iterator[Finding]:
    if context.database is None or not schema_state(context.database).is_current:
        return  # another check says so
    with context.database.read() as connection:
        anybody, admins = accounts.all_of_them(connection), accounts.admins(connection)
        links = context.config.staff.links_decide
    if not anybody:
        yield ok("staff.admin", f"Nobody has an account for the dashboard yet: `{_INVITE}` gives one.")
        return
    if admins:
        yield ok("staff.admin", f"{admins:,} can say who else may sign in.")
    else:
        yield warning(
            "staff.admin",
            "No admin can sign in: nobody can look after readers and accounts at the dashboard.",
            f"Run `{_INVITE}`, and let them accept the invitation.",
        )
    if context.config.newsletter.staff_pages == "open":
        yield warning(
            "staff.https",
            "The staff pages are served without https, so nobody is let in: anybody on the way could follow.",
            "Give your web server a certificate, and write https:// in newsletter.public_url.",
        )
    if links:
        yield warning(
            "staff.links",
            "staff.links_decide is true: whoever holds a draft's mail decides, and the log says who got it.",
            "Leave the key out: then one must be signed in.",
        )


CHECKS = (signing_in,)
