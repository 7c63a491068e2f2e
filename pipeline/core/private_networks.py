"""Which addresses are private: where a stranger may not send us from the public net.

An operator may well read a feed of their own network. A stranger's redirect, or image in a public feed, may
not lead there: the answer of a metadata service or a router page would end in a letter.
"""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

_NAT64 = ipaddress.ip_network("64:ff9b::/96")

# What `is_global` of some Python calls global (it follows IANA's special-purpose registries of its time), and
# what clouds use as if it were private.
_PRIVATE = tuple(
    map(
        ipaddress.ip_network,
        (
            "100.64.0.0/10",  # shared by carriers (RFC 6598); Alibaba's metadata at 100.100.100.200
            "168.63.129.16/32",  # Azure's platform address
            "192.0.0.0/24",  # IETF protocol assignments (RFC 6890); Oracle's metadata at 192.0.0.192
            "192.88.99.0/24",  # 6to4 relays, deprecated (RFC 7526)
            "198.18.0.0/15",  # benchmarks (RFC 2544)
            "64:ff9b:1::/48",  # NAT64 of one's own (RFC 8215)
            "100:0:0:1::/64",  # dummy prefix (RFC 9780)
            "2001::/23",  # IETF protocol assignments (RFC 2928), Teredo aside, which is looked into
            "3fff::/20",  # documentation (RFC 9637)
            "5f00::/16",  # segment routing (RFC 9602)
            "fec0::/10",  # site-local, deprecated (RFC 3879)
        ),
    )
)

_ISATAP = (0x00005EFE, 0x02005EFE)
"""The upper half of an interface's part that has an IPv4 address as its lower half (RFC 5214, 6.1)."""


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
        if ip.teredo:  # the server that it goes by, and who is behind it
            return all(is_public(str(inner)) for inner in ip.teredo)
        if (inner := ip.ipv4_mapped or ip.sixtofour) is not None:
            return is_public(str(inner))
        isatap = (int(ip) >> 32) & 0xFFFFFFFF in _ISATAP
        if isatap and not is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))):
            return False
    if any(ip in network for network in _PRIVATE):
        return False
    # is_global alone calls 224.0.1.1 global.
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def is_loopback(host: str) -> bool:
    """Whether a host, by its name or address, is this machine itself. Nothing is looked up."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


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
