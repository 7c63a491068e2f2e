"""Where a stranger may not send us: from the public net into a private one.

An operator may well read a feed of their own network. A stranger's redirect, or image in a public feed, may
not lead there: the answer of a metadata service or a router page would end in a letter.
"""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def addresses(host: str, port: int) -> tuple[str, ...]:
    """Every address the name resolves to; none when it does not resolve."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public net's hosts; IPv4 wrapped in IPv6 is looked into."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is not None:
            return is_public(str(inner))
    # is_global alone calls 224.0.1.1 global.
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def leads_outside(host: str, port: int) -> bool:
    """Whether a stranger may own what answers there. A name that does not resolve here may be resolved by a
    proxy, so it counts as a stranger's."""
    found = addresses(host, port)
    return not found or any(is_public(address) for address in found)


def is_outside(url: str) -> bool:
    """Whether a stranger may own the server of a web address."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return True
    return not host or leads_outside(host, port or {"http": 80}.get(parts.scheme, 443))


def leads_inside(host: str, port: int) -> bool:
    """Whether any address of the host is private, loopback, link-local or reserved."""
    return any(not is_public(address) for address in addresses(host, port))
