"""What of a network address counts as one client."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

_NAT64 = IPv6Network("64:ff9b::/96")
"""Translators put the IPv4 address of a client behind this prefix (RFC 6052, section 2.1). Otherwise all of
IPv4 would be one network."""


def client(address: str) -> IPv4Address | IPv6Address | None:
    """The address, an IPv4 one also where it is written inside an IPv6 one; None for what is none."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        if found in _NAT64:
            return IPv4Address(found.packed[-4:])
        return found.ipv4_mapped or found
    return found


def around(address: str | None, *, ipv6: int) -> str:
    """The network around an address: its /24, or the one of IPv6 with a prefix of so many bits. All that is
    no address is `unknown`."""
    found = client(address or "")
    if found is None:
        return "unknown"
    return str(ip_network((found, ipv6 if found.version == 6 else 24), strict=False))
