"""The public address, requested as readers and mailbox providers request it.

The link has a token that is signed like a reader's, for subscriber 0, who does not exist. A POST with it is
answered like any other and unsubscribes nobody. So it proves that POSTs arrive, and not only GETs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pipeline.core.finding import error, ok, warning
from pipeline.core.private_networks import is_loopback
from pipeline.core.schema import schema_state
from pipeline.delivery import probe
from pipeline.editions import clicks as counted
from pipeline.editions import public_names
from pipeline.letter.clicks import can_be_counted
from subscribers import times
from subscribers.tokens import Purpose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.core.finding import Finding
    from pipeline.doctor.context import Context

_SERVE = "Let `rapport serve` run, and your web server pass newsletter.public_url on to it."

# As Gmail posts it (RFC 8058, 3.2): form-urlencoded, without a cookie or the name of a browser.
_ONE_CLICK = {
    "content": b"List-Unsubscribe=One-Click",
    "headers": {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "rapport-doctor"},
}


def https(context: Context) -> Iterator[Finding]:
    if not context.serves:
        if not context.mails:
            yield ok("pages.https", "newsletter.public_url is not set: letters to the outbox need none.")
        return
    parts = urlsplit(context.config.newsletter.public_url)
    if is_loopback(parts.hostname or ""):
        yield warning(
            "pages.https",
            "newsletter.public_url leads to this machine itself: no reader's device gets there.",
            "Set public_url under [newsletter] in rapport.toml to your web server's address on the internet.",
        )
    elif parts.scheme != "https":
        yield error(
            "pages.https",
            "newsletter.public_url is not https: Gmail, Yahoo and Outlook take no other for one-click.",
            "Give your web server a certificate, and write https:// there.",
        )
    else:
        yield ok("pages.https", "newsletter.public_url is https.")


def unsubscribe(context: Context) -> Iterator[Finding]:
    """GET and one-click POST of the link for nobody. A forged link must be refused."""
    if not context.serves:
        return
    level = error if context.mails else warning
    if context.tokens is None:
        yield level("pages.unsubscribe", "There is no secret yet, so no link could be tried.", _SERVE)
        return
    pages = context.config.newsletter.pages
    token = context.tokens.sign(Purpose.LETTER, probe.NOBODY, 0)
    link = f"{pages}/unsubscribe/{token}"
    if fault := probe.fault(link):
        yield level(
            "pages.unsubscribe", f"The unsubscribe page is not there: {pages} {fault[0]}.", f"{fault[1]}."
        )
        return
    forged = token[:-1] + ("A" if token[-1] != "A" else "B")
    if probe.fault(f"{pages}/unsubscribe/{forged}") is None:
        yield level(
            "pages.unsubscribe",
            f"{pages} answers 200 to a link that nobody signed: these are not Rapport's pages.",
            _SERVE,
        )
        return
    yield ok("pages.unsubscribe", "The unsubscribe page answers over the public address.")
    if fault := probe.fault(link, "POST", **_ONE_CLICK):
        yield level(
            "pages.one_click",
            f"A one-click unsubscribe by a mail program does not arrive: {pages} {fault[0]}.",
            "Let your web server, and a CDN before it, pass on POSTs to /unsubscribe/ from anybody, without "
            "a redirect, a challenge or a cookie.",
        )
    else:
        yield ok(
            "pages.one_click", "A one-click POST arrives without a redirect, as Gmail and Yahoo want it."
        )


def webhook(context: Context) -> Iterator[Finding]:
    """Whether SendGrid's posts would arrive, and whether a post without a signature is refused."""
    if not context.serves or context.config.delivery.provider != "sendgrid":
        return
    url = f"{context.config.newsletter.pages}/webhooks/sendgrid"
    try:
        status = probe.ask("POST", url, content=b"[]", headers={"Content-Type": "application/json"})
    except probe.Silent as silent:
        yield error("pages.webhook", f"SendGrid's posts would not arrive: {url} {silent.what}.", _SERVE)
        return
    configured = bool(context.config.delivery.sendgrid.webhook_public_key.strip())
    match status, configured:
        case (401, True):
            yield ok("pages.webhook", "The webhook's address refuses what SendGrid did not sign.")
        case (503, False):
            yield warning(
                "pages.webhook",
                "No key is configured for SendGrid's Event Webhook: bounces and complaints suppress nobody.",
                "Turn the signature on at SendGrid (Settings, Mail Settings, Event Webhook) and put its key "
                "into delivery.sendgrid.webhook_public_key.",
            )
        case (503 | 401, _):
            yield error(
                "pages.webhook",
                f"`rapport serve` answered {status}, as with another delivery.sendgrid.webhook_public_key "
                "than the one here.",
                "Start `rapport serve` again with this configuration.",
            )
        case (429, _):
            yield warning(
                "pages.webhook",
                "Too much was asked of it lately (429).",
                "Run `rapport doctor` again in a while.",
            )
        case _:
            yield error(
                "pages.webhook",
                f"SendGrid's posts would not arrive: {url} answered {status}.",
                "Let your web server, and a CDN before it, pass on POSTs to /webhooks/ from anybody.",
            )


def clicks(context: Context) -> Iterator[Finding]:
    """Whether clicks can be counted, and the offer is reached by the newest letter whose links count them."""
    offer = context.config.match
    if not offer.count_clicks:
        return
    possible = can_be_counted(context.config, offer.url)
    if offer.url and not possible:  # without one configuration.match is told
        yield warning(
            "pages.clicks",
            f"Clicks on the offer are to be counted, but no redirect can lead to match.url, {offer.url}.",
            "Write the address of a page there, or count_clicks = false.",
        )
    database = context.database
    if database is None or context.database_fault or not schema_state(database).is_current:
        return
    with database.read() as connection:
        link = counted.newest_link(connection)
    level = error
    if link is not None:
        fault = _other_than(302, "HEAD", link)  # which is not counted
        told = f"Nobody gets to the offer of a letter that is out: {link} {fault}."
        well = "The offer's links, whose clicks are counted, lead on."
    elif possible:
        # There is no such link yet. Rapport refuses the method; whoever else answers knows no such page. It
        # is only a warning: a web server that refuses POSTs by itself may pass on what readers ask for.
        level = warning
        link = f"{context.config.newsletter.pages}/go/{probe.NOBODY}/{probe.NOBODY}"
        fault = _other_than(405, "POST", link)
        told = f"Nobody would get to the offer of the next letter: {link} {fault}."
        well = "Clicks on the offer are counted from the next letter on."
    else:
        return
    yield level("pages.clicks", told, _SERVE) if fault else ok("pages.clicks", well)


def _other_than(status: int, method: str, link: str) -> str:
    """What came in place of an answer with this status; empty if that came."""
    try:
        answered = probe.ask(method, link)
    except probe.Silent as silent:
        return silent.what
    return "" if answered == status else f"answered {answered}"


def former(context: Context) -> Iterator[Finding]:
    """The addresses that links in letters name, where newsletter.public_url is another one by now."""
    database = context.database
    if database is None or context.database_fault or not schema_state(database).is_current:
        return
    with database.read() as connection:
        known = public_names.addresses(connection)
    pages, zone = context.config.newsletter.public_url, context.config.newsletter.zone
    old = [one for one in known if one.url != pages]
    for one in old:
        yield warning(
            "pages.former",
            f"Letters that went out until {times.day(one.last, zone)} link to {one.url}; "
            "newsletter.public_url is another by now.",
            f"Let {one.url} go on answering for years, with the same `rapport serve`: GET and POST under "
            "/unsubscribe/, /preferences/ and /confirm/, GET under /images/ and /go/, without a redirect of "
            "POSTs.",
        )
    if known and not old:
        yield ok("pages.former", "All letters that are out link to newsletter.public_url.")


CHECKS = (https, unsubscribe, webhook, clicks, former)
