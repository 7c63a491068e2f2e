"""DKIM: the keys with which receivers verify the letter's signature (doctor.dkim_selectors)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pipeline.core.finding import error, ok, quoted, warning
from pipeline.doctor.records.dkim import Broken, read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.core.finding import Finding
    from pipeline.doctor.context import Context
    from pipeline.doctor.dns import Resolver

LEAST_BITS, GOOD_BITS = 1024, 2048
"""Gmail accepts no RSA key below 1024 bits and advises 2048, as RFC 8301, 3.2 does."""

_SET = "Set the records that your provider names (`rapport doctor --fix-hints` prints them)."


class Selected(NamedTuple):
    """The records of one selector; ``cname`` is the name that a CNAME led to."""

    selector: str
    records: list[str]
    cname: str


def dkim(context: Context) -> Iterator[Finding]:
    if not context.mails:
        return
    if not context.config.doctor.dkim_selectors:
        yield warning(
            "dns.dkim",
            "doctor.dkim_selectors is empty, so no key was looked at.",
            "Set dkim_selectors under [doctor] in rapport.toml to those of your mail server "
            "(s= in its DKIM-Signature).",
        )
        return
    domain = signing_domain(context)
    if not domain:
        yield from _none(context)
        return
    for one in _selected(context, domain):
        yield from _key(one, f"{one.selector}._domainkey.{domain}")


def signing_domain(context: Context) -> str:
    """The sender's domain, or the one above it, where a selector has a key; empty where none has."""
    for domain in _upwards(context.domain):
        if any(one.records for one in _selected(context, domain)):
            return domain
    return ""


def _upwards(domain: str) -> Iterator[str]:
    labels = domain.split(".")
    for place in range(max(1, len(labels) - 1)):
        yield ".".join(labels[place:])


def _selected(context: Context, domain: str) -> list[Selected]:
    return [_at(context.resolver, one, domain) for one in context.config.doctor.dkim_selectors]


def _at(resolver: Resolver, selector: str, domain: str) -> Selected:
    name = f"{selector}._domainkey.{domain}"
    return Selected(selector, resolver.texts(name), resolver.ask(name, "TXT").cname)


def _none(context: Context) -> Iterator[Finding]:
    selectors = ", ".join(context.config.doctor.dkim_selectors)
    said = f"{context.domain} has no DKIM key at {selectors}"
    astray = [one for one in _selected(context, context.domain) if one.cname]
    if astray:
        said += f" ({astray[0].selector} leads to {quoted(astray[0].cname)}, where none is)"
    level = error if context.config.delivery.provider == "sendgrid" else warning
    yield level(
        "dns.dkim",
        f"{said}: Gmail, Yahoo and Outlook refuse unsigned mail of who sends many.",
        f"{_SET} Other selectors go into doctor.dkim_selectors.",
    )


def _key(one: Selected, name: str) -> Iterator[Finding]:
    if not one.records:
        led = f" ({quoted(one.cname)}, where its CNAME leads, has none)" if one.cname else ""
        yield warning("dns.dkim", f"There is no key at {name}{led}.", _SET)
        return
    if len(one.records) > 1:
        yield error(
            "dns.dkim", f"{name} has {len(one.records)} records: which one counts is undefined.", _SET
        )
        return
    try:
        key = read(one.records[0])
    except Broken as broken:
        yield error("dns.dkim", f"The key at {name} verifies nothing: {quoted(str(broken))}.", _SET)
        return
    if key.kind == "rsa" and key.bits < LEAST_BITS:
        yield error(
            "dns.dkim",
            f"The key at {name} has {key.bits} bits: Gmail ignores it.",
            "Make one of 2048 bits where the key was made: at the provider, or with opendkim-genkey.",
        )
    elif key.kind == "rsa" and key.bits < GOOD_BITS:
        yield warning(
            "dns.dkim",
            f"The key at {name} has {key.bits} bits.",
            "Make one of 2048 bits where the key was made: at the provider, or with opendkim-genkey.",
        )
    elif key.testing:
        yield warning(
            "dns.dkim", f"The key at {name} says that it is a test (t=y).", "Take t=y out of that TXT record."
        )
    else:
        size = f"RSA, {key.bits} bits" if key.bits else key.kind
        yield ok("dns.dkim", f"There is a key at {name} ({size}).")


CHECKS = (dkim,)
