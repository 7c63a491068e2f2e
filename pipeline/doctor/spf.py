"""SPF (RFC 7208): one record, with at most ten lookups, that does not allow everybody to send.

Whether it includes the operator's own mail server is not checked: a relay may send from any address.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipeline.core.finding import error, ok, quoted, warning
from pipeline.doctor.records.spf import ASKS, Broken, is_spf, read
from pipeline.doctor.sendgrid import authenticated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.core.finding import Finding
    from pipeline.doctor.context import Context
    from pipeline.doctor.dns import Resolver
    from pipeline.doctor.records.spf import Term

MOST_LOOKUPS, MOST_VOID = 10, 2
"""RFC 7208, 4.6.4."""

_ONE = "Join them into one: receivers take two for none (RFC 7208, 4.5)."


@dataclass
class Count:
    """What it costs receivers to evaluate a record with all it includes."""

    lookups: int = 0
    void: list[str] = field(default_factory=list)


def spf(context: Context) -> Iterator[Finding]:
    if not context.mails:
        return
    domain, resolver = context.domain, context.resolver
    if context.config.delivery.provider == "sendgrid" and (path := return_path(context)):
        yield from _return_path(resolver, path)
    records = [text for text in resolver.texts(domain) if is_spf(text)]
    if len(records) > 1:
        yield error("dns.spf", f"{domain} has {len(records)} SPF records.", _ONE)
    elif records:
        yield from _record(resolver, domain, records[0])
    elif context.config.delivery.provider == "smtp":
        yield error(
            "dns.spf",
            f"{domain} has no SPF record: Gmail and Outlook refuse mail without from who sends many.",
            f'Add TXT at {domain}: "v=spf1 a mx -all", with what your mail server sends from.',
        )
    else:
        yield ok(
            "dns.spf",
            f"{domain} has no SPF record, and needs none for SendGrid: its return path has one of its own.",
        )


def return_path(context: Context) -> str:
    """The host that SendGrid's bounces go to, like em1234.example.org; empty where it is not known."""
    try:
        found = authenticated(context.domains(), context.domain)
    except Exception:  # the check of the account tells of the error
        return ""
    records = found.get("dns") if found else None
    record = records.get("mail_cname") if isinstance(records, dict) else None
    host = record.get("host") if isinstance(record, dict) else None
    return host.lower().rstrip(".") if isinstance(host, str) else ""


def _return_path(resolver: Resolver, path: str) -> Iterator[Finding]:
    if any(is_spf(text) for text in resolver.texts(path)):
        yield ok("dns.return_path", f"{quoted(path)} leads to an SPF record of SendGrid's.")
    else:
        yield error(
            "dns.return_path",
            f"{quoted(path)}, where SendGrid's bounces go, has no SPF record.",
            "Set the CNAME that SendGrid names (`rapport doctor --fix-hints` prints it), without a proxy.",
        )


def _record(resolver: Resolver, domain: str, record: str) -> Iterator[Finding]:
    count = Count()
    try:
        terms = read(record)
        _follow(resolver, domain, terms, count)
    except Broken as broken:
        yield error(
            "dns.spf",
            f"The SPF record of {domain} is broken, so it passes for nobody: {quoted(str(broken))}.",
            "Correct that part of the TXT record.",
        )
        return
    if count.lookups > MOST_LOOKUPS:
        yield error(
            "dns.spf",
            f"The SPF record of {domain} takes more than {MOST_LOOKUPS} lookups, so it passes for nobody.",
            "Take out includes of services that no longer send for you.",
        )
        return
    if len(count.void) > MOST_VOID:
        names = quoted(", ".join(count.void[:3]))
        yield error(
            "dns.spf",
            f"The SPF record of {domain} names hosts that do not exist ({names}); after {MOST_VOID} of them "
            "it passes for nobody.",
            "Take them out of the TXT record.",
        )
        return
    yield from _ending(domain, terms, count)


def _follow(resolver: Resolver, of: str, terms: list[Term], count: Count) -> None:
    """Count the lookups of the record ``of`` a domain. It ends after the tenth, for a record may include
    itself."""
    for term in terms:
        if term.name not in ASKS:
            continue
        count.lookups += 1
        if count.lookups > MOST_LOOKUPS:
            return
        if term.has_macro or term.name == "ptr":
            continue  # it depends on who sends
        domain = term.value.lower().rstrip(".") or of
        if term.name in ("include", "redirect"):
            _follow(resolver, domain, _included(resolver, term, domain), count)
        elif not (resolver.mail_hosts(domain) if term.name == "mx" else resolver.is_host(domain)):
            count.void.append(domain)


def _included(resolver: Resolver, term: Term, domain: str) -> list[Term]:
    records = [text for text in resolver.texts(domain) if is_spf(text)]
    if len(records) != 1:
        raise Broken(f"{term.name} of {domain}, which has {'no' if not records else 'several'} SPF records")
    return read(records[0])


def _ending(domain: str, terms: list[Term], count: Count) -> Iterator[Finding]:
    everybody = next((term for term in terms if term.name == "all"), None)
    name, said = "dns.spf", f"The SPF record of {domain}"
    if everybody and everybody.qualifier == "+":
        yield error(name, f"{said} lets everybody send for it (+all).", 'End it with "~all" or "-all".')
    elif everybody and everybody.qualifier == "?":
        yield warning(name, f"{said} decides nothing (?all).", 'End it with "~all" or "-all".')
    elif not everybody and not any(term.name == "redirect" for term in terms):
        yield warning(name, f"{said} has no end.", 'End it with "~all" or "-all".')
    elif any(term.name == "ptr" for term in terms):
        yield warning(
            name,
            f"{said} uses ptr, which receivers may ignore (RFC 7208, 5.5).",
            "Take it out of the TXT record.",
        )
    else:
        yield ok(name, f"{said} takes {count.lookups} of {MOST_LOOKUPS} lookups.")


CHECKS = (spf,)
