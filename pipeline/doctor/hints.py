"""The DNS records to set, as lines of a zone file: for `rapport doctor --fix-hints`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.core.finding import quoted
from pipeline.doctor.sendgrid import authenticated
from pipeline.providers.sendgrid.account import Hidden

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.doctor.context import Context


def hints(context: Context) -> list[str]:
    """Lines of a zone file; those that begin with a semicolon are comments. Raises nothing."""
    if not context.mails:
        return ["; Letters go to the outbox: no DNS record is needed."]
    provider = context.config.delivery.provider
    return [*(_sendgrid(context) if provider == "sendgrid" else _smtp(context)), *_dmarc(context)]


def _sendgrid(context: Context) -> Iterator[str]:
    try:
        found = authenticated(context.domains(), context.domain)
        why = f"{context.domain} is not yet among the account's domains"
    except Hidden:
        found, why = None, "this key may not see the account's domains"
    except Exception:
        found, why = None, "SendGrid could not be asked"
    records = _records(found)
    if records:
        yield f"; From SendGrid's account, for {quoted(str(found and found.get('domain')))}"
        yield from (_line(host, kind, data) for host, kind, data in records)
        return
    yield f"; {why[0].upper()}{why[1:]}: take what stands in <> from SendGrid,"
    yield "; Settings, Sender Authentication, Authenticate Your Domain."
    yield _line(f"em<NUMBER>.{context.domain}", "CNAME", "u<ACCOUNT>.wl.sendgrid.net")
    for selector in ("s1", "s2"):
        host = f"{selector}._domainkey.{context.domain}"
        yield _line(host, "CNAME", f"{selector}.domainkey.u<ACCOUNT>.wl.sendgrid.net")


def _records(domain: dict[str, Any] | None) -> list[tuple[str, str, str]]:
    dns = domain.get("dns") if domain else None
    if not isinstance(dns, dict):
        return []
    return [
        (quoted(str(one["host"]), 255), quoted(str(one["type"]).upper(), 10), quoted(str(one["data"]), 1000))
        for one in dns.values()
        if isinstance(one, dict) and {"host", "type", "data"} <= one.keys()
    ]


def _smtp(context: Context) -> Iterator[str]:
    yield "; SPF: name what your mail server sends from, if that is neither the domain's own host nor its MX."
    yield _line(context.domain, "TXT", "v=spf1 a mx ~all")
    yield "; DKIM: your mail server's tool prints it (opendkim-genkey, rspamadm dkim_keygen)."
    selector = next(iter(context.config.doctor.dkim_selectors), "s1")
    yield _line(f"{selector}._domainkey.{context.domain}", "TXT", "v=DKIM1; k=rsa; p=<PUBLIC KEY>")


def _dmarc(context: Context) -> Iterator[str]:
    # An address at the same domain: another domain would have to agree to get reports (RFC 9990, 4).
    answers = context.config.newsletter.reply_to or context.config.newsletter.from_email
    mine = answers.rpartition("@")[2].lower() == context.domain
    to = answers if mine else f"<AN ADDRESS>@{context.domain}"
    yield "; DMARC: watch the reports for some weeks, then p=quarantine, then p=reject."
    yield _line(f"_dmarc.{context.domain}", "TXT", f"v=DMARC1; p=none; rua=mailto:{to}")


def _line(host: str, kind: str, data: str) -> str:
    host = host.rstrip(".")
    if kind == "TXT":
        escaped = data.replace("\\", "\\\\").replace('"', '\\"')
        # A string of a TXT record holds 255 bytes (RFC 1035, 3.3).
        parts = [escaped[start : start + 250] for start in range(0, len(escaped), 250)]
        strings = " ".join(f'"{part}"' for part in parts)
        return f"{host}. 3600 IN TXT {strings}"
    if kind == "MX":
        return f"{host}. 3600 IN MX 10 {data.rstrip('.')}."
    return f"{host}. 3600 IN {kind} {data.rstrip('.')}."
