"""Reading an SPF record (RFC 7208, 4.6 and 12)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

_MARK = re.compile(r"v=spf1(?= |$)", re.IGNORECASE)
_MODIFIER = re.compile(r"([a-z][a-z0-9_.-]*)=(.*)", re.IGNORECASE)
_MECHANISM = re.compile(r"([-+?~]?)([a-z][a-z0-9_.-]*)(?::([^/]*|.*:.*))?((?:/[0-9/]*)?)", re.IGNORECASE)

ASKS = frozenset(("include", "a", "mx", "ptr", "exists", "redirect"))
"""Terms that cost one of the ten lookups (4.6.4)."""


class Broken(ValueError):
    """A record for which receivers say "permerror": then SPF passes for nobody."""


@dataclass(frozen=True, slots=True)
class Term:
    """One mechanism, or the modifier ``redirect``. ``value`` is a domain, a network, or empty."""

    qualifier: str
    name: str
    value: str

    @property
    def has_macro(self) -> bool:
        return "%" in self.value


def is_spf(record: str) -> bool:
    return _MARK.match(record) is not None


def read(record: str) -> list[Term]:
    """The terms in the order in which receivers evaluate them. Raises Broken."""
    terms: list[Term] = []
    once: set[str] = set()
    redirect: Term | None = None
    for written in record.split(" ")[1:]:
        if not written:
            continue
        if modifier := _MODIFIER.fullmatch(written):
            name = modifier[1].lower()
            if name in ("redirect", "exp") and name in once:
                raise Broken(f"{name} stands there twice")
            once.add(name)
            if name == "redirect":
                redirect = Term("", name, modifier[2])
            continue  # unknown modifiers are ignored (6)
        terms.append(_mechanism(written))
    # A redirect counts only where there is no "all", wherever the two are in the record (6.1).
    if redirect and not any(term.name == "all" for term in terms):
        terms.append(redirect)
    return terms


def _mechanism(written: str) -> Term:
    match = _MECHANISM.fullmatch(written)
    if not match:
        raise Broken(f'"{written}" is no term of SPF')
    name, value, cut = match[2].lower(), match[3], match[4]
    term = Term(match[1] or "+", name, value or "")
    if name in ("ip4", "ip6"):
        _network(written, name, (value or "") + cut)
    elif name in ("include", "exists"):
        if not value or cut:
            raise Broken(f'"{written}" names no domain')
    elif name in ("all", "ptr", "a", "mx"):
        if (name == "all" and (value is not None or cut)) or value == "" or (name == "ptr" and cut):
            raise Broken(f'"{written}" is no term of SPF')
    else:
        raise Broken(f'"{written}" is no term of SPF')
    return term


def _network(written: str, name: str, value: str) -> None:
    kind = IPv4Network if name == "ip4" else IPv6Network
    try:
        kind(value, strict=False)
    except ValueError:
        raise Broken(f'"{written}" holds no network') from None
