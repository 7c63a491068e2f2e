"""Whether the domains of the letter's addresses take mail: receivers check it, and readers answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.finding import error, ok

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.core.finding import Finding
    from pipeline.doctor.context import Context


def mail_hosts(context: Context) -> Iterator[Finding]:
    if not context.mails:
        return
    newsletter = context.config.newsletter
    domains: dict[str, str] = {}
    for key in ("from_email", "reply_to", "unsubscribe_mailto"):
        address: str = getattr(newsletter, key)
        if address:
            domains.setdefault(address.rpartition("@")[2].lower(), f"newsletter.{key}")
    for domain, key in domains.items():
        hosts = context.resolver.mail_hosts(domain)
        if hosts == [""]:
            yield error(
                "dns.mx",
                f"{domain} says that it takes no mail (a null MX), and {key} is there.",
                "Use an address that takes mail: receivers refuse what cannot be answered (RFC 7505, 4.2).",
            )
        elif hosts or context.resolver.is_host(domain):
            yield ok("dns.mx", f"{domain} takes mail.")
        else:
            yield error(
                "dns.mx",
                f"{domain} has neither an MX nor an address: nothing sent to {key} arrives.",
                "Add an MX record, or use another address.",
            )


CHECKS = (mail_hosts,)
