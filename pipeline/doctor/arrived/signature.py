"""Reading a DKIM-Signature header: who signed, and what the signature covers (RFC 6376, 3.5)."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.doctor.records import tags

_MOST = 20
"""Signatures that are looked at. Mail that went through many hands has five."""


_LONGEST = 255
"""Letters of a domain (RFC 1035, 2.3.4)."""


@dataclass(frozen=True, slots=True)
class Signature:
    """``covers`` are header names in lower case; ``partial``: it covers the beginning of the body only."""

    domain: str
    selector: str
    covers: frozenset[str]
    partial: bool

    def aligned_with(self, domain: str) -> bool:
        """Whether it is the domain's, or that of one above or below it.

        DMARC asks for one organizational domain (RFC 9989, 4.10), which takes the DNS to know; nearly always
        it is this.
        """
        return (
            self.domain == domain
            or domain.endswith(f".{self.domain}")
            or (self.domain.endswith(f".{domain}"))
        )


def read(values: list[str]) -> list[Signature]:
    """The signatures of a mail, from the top. One that names no domain verifies nothing, and is left out."""
    found = []
    for value in values[:_MOST]:
        of, _ = tags.read(value)
        plain = {name: "".join(said.split()) for name, said in of.items()}
        domain = host(plain.get("d", ""))
        if domain and "." in domain:
            covers = frozenset(name.lower() for name in plain.get("h", "").split(":") if name)
            found.append(Signature(domain, plain.get("s", ""), covers, "l" in plain))
    return found


def host(name: str) -> str:
    """A domain in lower case and as the DNS has it."""
    name = name.strip()[:_LONGEST].rstrip(".").lower()
    try:
        return name if name.isascii() else name.encode("idna").decode("ascii")
    except UnicodeError:
        return name
