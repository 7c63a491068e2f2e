"""The HTTP proxy that the environment names, by the rules of urllib."""

from __future__ import annotations

import urllib.request
from base64 import b64encode
from urllib.parse import SplitResult, unquote, urlsplit

from pipeline.core.errors import ProviderError


def for_server(url: SplitResult) -> SplitResult | None:
    """The proxy for this server, if there is one. A server on this machine itself needs none."""
    host = url.hostname or ""
    if host in ("localhost", "::1") or host.startswith("127.") or urllib.request.proxy_bypass(url.netloc):
        return None
    named = urllib.request.getproxies().get(url.scheme)
    if not named:
        return None
    try:
        proxy = urlsplit(named if "://" in named else f"http://{named}")
        usable = proxy.scheme == "http" and proxy.hostname and proxy.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ProviderError(
            f"The proxy that the environment names for {url.scheme} is not one that Rapport can use.",
            f"Set {url.scheme}_proxy to http://host:port, or name the server in no_proxy.",
        )
    return proxy


def login(proxy: SplitResult) -> dict[str, str]:
    """The header that logs in at the proxy, if its address holds a username."""
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}".encode()
    return {"Proxy-Authorization": f"Basic {b64encode(pair).decode()}"}
