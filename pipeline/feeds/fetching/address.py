"""Web addresses as feeds give them: relative, on somebody's laptop, with a secret in the query."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import parse_qsl, quote, urljoin, urlsplit, urlunsplit

LONGEST = 2_000
"""Characters. Mail clients and proxies cut or refuse longer addresses; real posts stay far below."""

_BARE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SECRET = re.compile(r"(?i)key|token|secret|pass|pwd|auth|sig|session|code|hash|user|login|mail")


def web(address: str) -> str | None:
    """The address if it is absolute http(s) with a host and no userinfo, made safe to print; else None."""
    address = re.sub(r"[\t\r\n]", "", address).strip()
    if len(address) > LONGEST:
        return None
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme.lower() not in ("http", "https") or not host or re.search(r"[\s<>\"'\\]", parts.netloc):
        return None
    # What is escaped already stays as it is. A bare % or brace does not: "%%" and "{{" are how letters name
    # what is personal, and a stranger's address must not come to name it.
    rest = [
        quote(_BARE_PERCENT.sub("%25", part), safe="%/:?#[]@!$&'()*+,;=~|^")
        for part in (parts.path, parts.query, parts.fragment)
    ]
    return urlunsplit((parts.scheme.lower(), parts.netloc.rpartition("@")[2], *rest))


def absolute(address: str, *bases: str) -> str | None:
    """``address`` resolved against the bases, nearest first; None when no http(s) address comes of it."""
    address = address.strip()
    if not address or address.startswith("#"):
        return None
    try:
        for base in bases:
            address = urljoin(base, address)
    except ValueError:
        return None
    return web(address)


def at_home(address: str | None, feed_url: str) -> str | None:
    """An address on localhost moved to the feed's own scheme and host.

    Static exports of Ghost and WordPress keep the address of the machine they were made on. When the feed
    itself is on localhost nothing is moved: there it is the true address.
    """
    if not address or not _is_local(address) or _is_local(feed_url):
        return address
    home, stray = urlsplit(feed_url), urlsplit(address)
    if home.scheme not in ("http", "https"):
        return address
    return urlunsplit((home.scheme, home.netloc.rpartition("@")[2], *stray[2:]))


def shown(address: str) -> str:
    """The address as it may stand in a message or a log: no userinfo, no secret in the query."""
    try:
        parts = urlsplit(address)
        query = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return "(an address that cannot be read)"
    safe = "&".join(f"{name}={'…' if _SECRET.search(name) else value}" for name, value in query)
    text = safe if any(_SECRET.search(name) for name, _ in query) else parts.query
    host = parts.netloc.rpartition("@")[2]
    return re.sub(r"[\x00-\x20\x7f]", "", urlunsplit((parts.scheme, host, parts.path, text, "")))[:300]


def _is_local(address: str) -> bool:
    try:
        host = (urlsplit(address).hostname or "").rstrip(".")
    except ValueError:
        return False
    if host in ("localhost", "localhost.localdomain") or host.endswith(".localhost"):
        return True
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return False
    return ip.is_loopback or ip.is_unspecified
