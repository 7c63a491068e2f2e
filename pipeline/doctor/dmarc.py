"""DMARC (RFC 9989): what receivers shall do with mail that falsely claims to be from the practice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.finding import error, ok, quoted, warning
from pipeline.doctor.dkim import signing_domain
from pipeline.doctor.records import dmarc as records
from pipeline.doctor.records.spf import is_spf
from pipeline.doctor.records.tree_walk import tree_walk
from pipeline.doctor.spf import return_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.core.finding import Finding
    from pipeline.doctor.context import Context
    from pipeline.doctor.records.tree_walk import TreeWalk

_MANY = (
    "Gmail, Yahoo and Outlook refuse mail without it from who sends over 5,000 a day, Apple from everybody"
)


def dmarc(context: Context) -> Iterator[Finding]:
    if not context.mails:
        return
    found = tree_walk(context.resolver, context.domain)
    for name in found.doubled:
        yield error(
            "dns.dmarc",
            f"_dmarc.{name} has several DMARC records: receivers discard them all.",
            "Keep one of those TXT records (RFC 9989, 4.10).",
        )
    if found.policy is None:
        if not found.doubled:
            yield error(
                "dns.dmarc",
                f"{context.domain} has no DMARC record: {_MANY}.",
                f'Add TXT at _dmarc.{context.domain}: "v=DMARC1; p=none; rua=mailto:<an address of yours>".',
            )
        return
    yield from _record(found)
    yield from _reports(context, found)


def alignment(context: Context) -> Iterator[Finding]:
    """Whether the verified domain belongs to the one that readers see. If not, DMARC fails for all mail."""
    if not context.mails:
        return
    found = tree_walk(context.resolver, context.domain)
    if found.policy is None:
        return
    signed = signing_domain(context)
    sent = return_path(context) if context.config.delivery.provider == "sendgrid" else context.domain
    if sent and not any(is_spf(text) for text in context.resolver.texts(sent)):
        sent = ""
    ways = []
    if signed and _aligned(context, found, signed, strict=found.policy.strict("adkim")):
        ways.append(f"DKIM by {signed}")
    if sent and _aligned(context, found, sent, strict=found.policy.strict("aspf")):
        ways.append(f"SPF by {quoted(sent)}")
    if ways:
        yield ok("dns.alignment", f"{context.domain} passes DMARC: {', '.join(ways)}.")
    else:
        yield error(
            "dns.alignment",
            f"Nothing that receivers could verify belongs to {context.domain}, as DMARC wants it.",
            "Authenticate that very domain at your provider, or relax adkim and aspf in the DMARC record.",
        )


def _aligned(context: Context, found: TreeWalk, domain: str, *, strict: bool) -> bool:
    if domain == context.domain:
        return True
    return not strict and tree_walk(context.resolver, domain).organisation == found.organisation


def _record(found: TreeWalk) -> Iterator[Finding]:
    policy = found.policy
    assert policy is not None
    where = f"_dmarc.{found.at}"
    for wrong in policy.wrong:
        yield warning(
            "dns.dmarc",
            f"{where}: {quoted(wrong)}.",
            "Correct that TXT record; receivers ignore it as it is.",
        )
    if policy.value("t") == "y":
        yield warning(
            "dns.dmarc", f"{where} says that it is a test (t=y).", "Take t=y out once reports are good."
        )
    if policy.value("psd") == "y":
        yield warning(
            "dns.dmarc",
            f"{where} says that it is a registry's (psd=y), under which others have their domains.",
            "Take psd=y out of that TXT record.",
        )
    yield ok("dns.dmarc", f"{where} asks for {policy.policy}.")


def _reports(context: Context, found: TreeWalk) -> Iterator[Finding]:
    policy = found.policy
    assert policy is not None
    if not policy.tags.get("rua"):
        yield warning(
            "dns.dmarc_reports",
            "The DMARC record names nobody for reports: nobody learns which mail fails.",
            "Add rua=mailto:<an address of yours>.",
        )
    for host in dict.fromkeys(policy.report_hosts):
        if (
            tree_walk(context.resolver, host).organisation
            == tree_walk(context.resolver, found.at).organisation
        ):
            continue
        # Reports go to another domain only if that domain agrees (RFC 9990, 4).
        name = f"{found.at}._report._dmarc.{host}"
        if not any(records.is_dmarc(text) for text in context.resolver.texts(name)):
            yield warning(
                "dns.dmarc_reports",
                f"{quoted(host)} does not say that it takes reports about {found.at}, so none are sent.",
                f'Whoever runs it must add TXT at {quoted(name, 200)}: "v=DMARC1".',
            )


CHECKS = (dmarc, alignment)
