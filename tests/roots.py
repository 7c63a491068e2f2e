"""The trusted roots are read once a process, as by a program that keeps its HTTP client.

Each client of httpx reads all of them anew, which takes it longer than to fetch a page of loopback.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any

from httpx._transports import default

from pipeline.feeds.fetching import http

if TYPE_CHECKING:
    import ssl


def read_roots_once() -> None:
    """Give all clients of this process that trust the same roots, and ask for no more, one context."""
    read = default.create_ssl_context

    @cache
    def usual(*named: str | None) -> ssl.SSLContext:
        return read(trust_env=bool(named))

    def context(verify: Any = True, cert: Any = None, trust_env: bool = True) -> ssl.SSLContext:
        names = ("SSL_CERT_FILE", "SSL_CERT_DIR") if trust_env else ()
        usually = verify is True and not cert
        return usual(*map(os.environ.get, names)) if usually else read(verify, cert, trust_env)

    default.create_ssl_context = context
    http._certificates = context  # which a process keeps for itself: its forks may have others
