"""Asking, before a letter leaves, whether its readers could get off the list.

Once an edition is handed over its links cannot be mended. So the page of an unsubscribe link is opened the
way a reader would, over the public address, with a token that is signed as theirs are and stands for nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.errors import ProviderError
from subscribers.tokens import Purpose

if TYPE_CHECKING:
    from sqlalchemy import Row

    from pipeline.installation import Installation

TIMEOUT = 10.0
"""Seconds for the connection, and for the answer to begin."""

_NOBODY = 0

_OF_ANOTHER = (
    "Let `rapport serve` run with the same $RAPPORT_SECRET and database as whoever sends this letter, and "
    "newsletter.public_url lead there"
)
_SERVED = "Let `rapport serve` run, and your web server pass newsletter.public_url on to it"


def must_answer(installation: Installation, edition: Row[Any]) -> None:
    """Open the unsubscribe page of an edition that is about to be handed over. GET changes nothing.

    Does nothing where no page of ours is in the letter, or `delivery.probe_public_url` is off. Raises
    ProviderError when anything but the page answers; the edition stays as it was.
    """
    config = installation.config
    delivery = config.delivery
    real = delivery.provider in ("sendgrid", "smtp") and not delivery.hosted_unsubscribe
    if not (real and delivery.probe_public_url):
        return
    token = installation.tokens.sign(Purpose.UNSUBSCRIBE, _NOBODY, edition.id)
    if fault := _fault(f"{config.newsletter.pages}/unsubscribe/{token}"):
        what, remedy = fault
        raise ProviderError(
            f"{edition.slug} stays here: readers could not unsubscribe: {config.newsletter.pages} {what}.",
            f"{remedy}. (To send without asking: delivery.probe_public_url = false.)",
        )


def _fault(url: str) -> tuple[str, str] | None:
    """What is wrong and its remedy, without the address itself: it holds a token."""
    import httpx

    try:
        # No redirect is followed: mail programs that POST to the link follow none either (RFC 8058, 3.2).
        with httpx.stream("GET", url, timeout=TIMEOUT, follow_redirects=False) as response:
            status = response.status_code
    except httpx.TimeoutException:
        return f"did not answer within {TIMEOUT:.0f} seconds", _SERVED
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        if "CERTIFICATE" in str(error).upper():
            return "has no valid TLS certificate for its name", "Mend the certificate of your web server"
        return "cannot be reached", _SERVED
    if status == httpx.codes.OK:
        return None
    if status == httpx.codes.NOT_FOUND:
        return (
            "does not know the page: it answered 404, as for a link signed with another secret",
            _OF_ANOTHER,
        )
    if httpx.codes.is_redirect(status):
        return f"answered {status}, a redirect", "Write the address it leads to into newsletter.public_url"
    return f"answered {status}", _SERVED
