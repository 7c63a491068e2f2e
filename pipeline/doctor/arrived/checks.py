"""The checks of a letter that arrived, each line with its remedy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pipeline.core.finding import error, ok, quoted, warning
from pipeline.doctor.arrived import results, signature
from pipeline.doctor.arrived.headers import all_of, read, without_comments

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from pipeline.core.finding import Finding
    from pipeline.doctor.arrived.headers import Headers
    from pipeline.doctor.arrived.results import AuthResult
    from pipeline.doctor.arrived.signature import Signature

LEAVE, POST, ONE_CLICK = "list-unsubscribe", "list-unsubscribe-post", "List-Unsubscribe=One-Click"

_OPENDKIM = "In OpenDKIM: `SignHeaders *,+list-unsubscribe-post,+message-id`, then restart it."
_SETTINGS = "Set newsletter.public_url to an https address, and let no relay or gateway change headers."
_ELSEWHERE = "Send a copy to a large provider (Gmail, Yahoo, Outlook), and look at what arrives there."

_LONGEST = 2000
"""Letters of a header that are read. RFC 5322, 2.1.1 allows 998 a line."""

_UNDECIDED = frozenset(("softfail", "neutral", "none", "temperror", "bestguesspass"))
"""Results (RFC 8601, 2.7) with which a letter arrives all the same, where another method passes."""

_LINKS = re.compile(r"<([^<>\s]{1,1000})>")


def examine(file: Path) -> list[Finding]:
    """What there is to say of a letter in a file. Raises UsageError when it cannot be read."""
    return list(look(read(file)))


def look(headers: Headers) -> Iterator[Finding]:
    sender = yield from _sender(headers)
    signatures = signature.read(all_of(headers, "dkim-signature"))
    ours = [one for one in signatures if sender and one.aligned_with(sender)]
    yield from _signed(signatures, ours, sender)
    yield from _covered(ours or signatures)
    yield from _leave(all_of(headers, LEAVE))
    yield from _post(all_of(headers, POST))
    found = results.read(all_of(headers, "authentication-results"))
    yield from _dkim(found, sender)
    yield from _passes(found, "spf", "Add the server that sends to the SPF record of the sender's domain.")
    yield from _passes(found, "dmarc", "Sign with the domain of From (d=), and publish a DMARC record.")


def _sender(headers: Headers) -> Generator[Finding, None, str]:
    """The domain of the one address in From; empty where there is not one."""
    written = all_of(headers, "from")
    addresses = [address for one in written for address in _addresses(one[:_LONGEST])]
    domain = signature.host(addresses[0].rpartition("@")[2]) if len(addresses) == 1 else ""
    if len(written) != 1 or "@" not in "".join(addresses) or not domain:
        yield error(
            "mail.from",
            f"It has {len(written)} From headers with {len(addresses)} addresses, and DMARC wants one.",
            "Look at a letter as Rapport sent it; something on its way changed From.",
        )
        return ""
    yield ok("mail.from", f"It is from {quoted(domain)}.")
    return domain


def _addresses(value: str) -> list[str]:
    """The addresses of a header; a quoted local part is left out of them, for only the domain matters."""
    parts = (part.rpartition("<")[2].partition(">")[0].strip() for part in without_comments(value).split(","))
    return [part for part in parts if part]


def _signed(signatures: list[Signature], ours: list[Signature], sender: str) -> Iterator[Finding]:
    if not signatures:
        yield error(
            "mail.signature",
            "It has no DKIM signature: receivers offer no one-click unsubscribe, and may refuse it.",
            "Have the mail server sign (OpenDKIM, or your provider's domain authentication).",
        )
    elif not ours:
        named = quoted(", ".join(sorted({one.domain for one in signatures})))
        yield error(
            "mail.signature",
            f"It is signed by {named}, and not by the domain of From ({quoted(sender)}), as DMARC wants it.",
            "Have the domain of newsletter.from_email sign: d= in the signature.",
        )
    elif any(one.partial for one in ours):
        yield warning(
            "mail.signature",
            "The signature covers only the beginning of the body (l=), which Gmail distrusts.",
            "Have the mail server sign without l= (in OpenDKIM: no BodyLengths).",
        )
    else:
        one = ours[0]
        yield ok("mail.signature", f"{quoted(one.domain)} signed it (selector {quoted(one.selector)}).")


def _covered(signatures: list[Signature]) -> Iterator[Finding]:
    """RFC 8058, 4: a signature must cover both list headers, or receivers need not offer one click."""
    if not signatures:
        return
    wanted = ("from", LEAVE, POST)
    best = max(signatures, key=lambda one: (len({*wanted} & one.covers), "message-id" in one.covers))
    missing = [name for name in wanted if name not in best.covers]
    if missing:
        yield error(
            "mail.signed_headers",
            f"The signature of {quoted(best.domain)} does not cover {' and '.join(missing)} (h=): receivers "
            "need not offer one-click unsubscribe.",
            _OPENDKIM,
        )
    elif "message-id" not in best.covers:
        yield warning(
            "mail.signed_headers",
            "The signature covers both list headers, and not Message-ID: a copy with another one passes.",
            _OPENDKIM,
        )
    else:
        yield ok("mail.signed_headers", "The signature covers both list headers.")


def _leave(values: list[str]) -> Iterator[Finding]:
    """RFC 8058, 3.1: one header, which holds one https URI. RFC 2369, 3.2: the first that can be used
    counts."""
    name = "mail.list_unsubscribe"
    if len(values) != 1:
        said = "no List-Unsubscribe header" if not values else f"{len(values)} List-Unsubscribe headers"
        remedy = _SETTINGS if not values else "Turn off what else adds one (a relay, subscription tracking)."
        yield error(name, f"It has {said}: one is wanted.", remedy)
        return
    links = [link.lower() for link in _LINKS.findall(values[0][:_LONGEST])]
    if not links or not links[0].startswith("https://"):
        yield error(name, "The first address in List-Unsubscribe is not https.", _SETTINGS)
    elif any(link.startswith(("https://", "http://")) for link in links[1:]):
        yield error(name, "List-Unsubscribe holds several web addresses: one is wanted.", _SETTINGS)
    else:
        yield ok(name, "List-Unsubscribe holds one https address, and it comes first.")


def _post(values: list[str]) -> Iterator[Finding]:
    name = "mail.list_unsubscribe_post"
    if values == [ONE_CLICK]:
        yield ok(name, f"List-Unsubscribe-Post is {ONE_CLICK}.")
    elif len(values) == 1:
        yield error(
            name, f"List-Unsubscribe-Post is {quoted(values[0])}, not exactly {ONE_CLICK}.", _SETTINGS
        )
    else:
        yield error(
            name, f"It has {len(values) or 'no'} List-Unsubscribe-Post headers: one is wanted.", _SETTINGS
        )


def _dkim(found: list[AuthResult], sender: str) -> Iterator[Finding]:
    """One signature of the sender's domain that passes is enough, whatever else a mail bears."""
    of = [one for one in found if one.method == "dkim"]
    ours = [one for one in of if not one.domain or (sender and _aligned(one.domain, sender))]
    if of and not ours:
        others = quoted(", ".join(sorted({f"{one.domain} ({one.result})" for one in of})))
        yield error(
            "mail.dkim",
            f"The receiver verified no signature of {quoted(sender)}, only {others}.",
            "Have the domain of newsletter.from_email sign, and publish its key (`rapport doctor`).",
        )
        return
    remedy = "Publish the key of that selector (`rapport doctor`), and change nothing after signing."
    yield from _passes(ours, "dkim", remedy)


def _aligned(domain: str, sender: str) -> bool:
    return signature.Signature(domain, "", frozenset(), partial=False).aligned_with(sender)


def _passes(found: list[AuthResult], method: str, remedy: str) -> Iterator[Finding]:
    said = [one.result for one in found if one.method == method]
    name, called = f"mail.{method}", method.upper()
    if not said:
        yield warning(name, f"The receiver wrote down nothing of {called}.", _ELSEWHERE)
    elif "pass" in said:
        yield ok(name, f"The receiver says: {method}=pass.")
    else:
        level = warning if method != "dkim" and _UNDECIDED.issuperset(said) else error
        yield level(name, f"The receiver says: {method}={quoted(said[0])}.", remedy)
