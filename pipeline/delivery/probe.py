"""Checks, before a letter leaves, that its unsubscribe page answers.

The links of an edition cannot be mended after it was handed over. So the page is opened as a reader would
open it: over the public address, with a token that is signed like theirs and belongs to nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.core.errors import ProviderError
from pipeline.core.words import sentence
from subscribers.tokens import Purpose

if TYPE_CHECKING:
    from pipeline.core.app import Installation
    from pipeline.editions.edition import Edition

TIMEOUT = 10.0
"""Seconds to connect, and seconds until the answer begins."""

NOBODY = 0

_OF_ANOTHER = (
    "Let `rapport serve` run with the same $RAPPORT_SECRET and database as whoever sends this letter, and "
    "newsletter.public_url lead there"
)
_SERVED = "Let `rapport serve` run, and your web server pass newsletter.public_url on to it"


def must_answer(installation: Installation, edition: Edition) -> None:
    """Open the unsubscribe page of an edition right before its delivery. The GET changes nothing. That page
    answers where links of the offer do that are counted.

    It does nothing when the letter has no link to our pages, or `delivery.probe_public_url` is off. Raises
    ProviderError when anything but the page answers; the edition then stays as it was.
    """
    config = installation.config
    delivery = config.delivery
    real = delivery.provider in ("sendgrid", "smtp")
    if not (real and delivery.probe_public_url) or (delivery.hosted_unsubscribe and not edition.links):
        return
    token = installation.tokens.sign(Purpose.LETTER, NOBODY, edition.id)
    if found := fault(f"{config.newsletter.pages}/unsubscribe/{token}"):
        what, remedy = found
        could_not = "follow its offer" if delivery.hosted_unsubscribe else "unsubscribe"
        raise ProviderError(
            f"{edition.slug} stays here: readers could not {could_not}: {config.newsletter.pages} {what}.",
            f"{sentence(remedy)} (To send without asking: delivery.probe_public_url = false.)",
        )


class Silent(Exception):
    """No answer came. ``what`` continues a sentence that begins with the address."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy


def ask(method: str, url: str, **more: Any) -> int:
    """The HTTP status of one of our pages. Raises Silent, whose words do not hold the address."""
    import httpx

    try:
        # No redirect is followed: mail programs that POST to the link follow none (RFC 8058, 3.2).
        with httpx.stream(method, url, timeout=TIMEOUT, follow_redirects=False, **more) as response:
            return response.status_code
    except httpx.TimeoutException:
        raise Silent(f"did not answer within {TIMEOUT:.0f} seconds", _SERVED) from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        if "CERTIFICATE" in str(error).upper():
            what = "has no valid TLS certificate for its name"
            raise Silent(what, "Mend the certificate of your web server") from None
        raise Silent("cannot be reached", _SERVED) from None


def fault(url: str, method: str = "GET", **more: Any) -> tuple[str, str] | None:
    """What is wrong with the answer to an unsubscribe link, and the remedy; None for a 200."""
    try:
        status = ask(method, url, **more)
    except Silent as silent:
        return silent.what, silent.remedy
    if status == 200:
        return None
    if status == 404:
        return (
            "does not know the page: it answered 404, as for a link signed with another secret",
            _OF_ANOTHER,
        )
    if 300 <= status < 400:
        return f"answered {status}, a redirect", "Write the address it leads to into newsletter.public_url"
    return f"answered {status}", _SERVED
