"""A domain as SendGrid's domain authentication wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.doctor.keys import record

if TYPE_CHECKING:
    from tests.doubles.names import NameServer


def publish(names: NameServer, *, reports: str = "reports@example.org") -> None:
    """What domain authentication wants, and DMARC with its reports to that address."""
    names.add("example.org", "MX", "10 mx.example.org.")
    names.text("_dmarc.example.org", f"v=DMARC1; p=none; rua=mailto:{reports}")
    names.add("em1234.example.org", "CNAME", "u1.wl.sendgrid.net.")
    names.text("u1.wl.sendgrid.net", "v=spf1 ip4:192.0.2.0/24 -all")
    for selector in ("s1", "s2"):
        target = f"{selector}.domainkey.u1.wl.sendgrid.net"
        names.add(f"{selector}._domainkey.example.org", "CNAME", f"{target}.")
        names.text(target, record(2048))
