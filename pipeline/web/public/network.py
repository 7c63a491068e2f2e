"""Where a request comes from, and how many requests one network may send."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.exceptions import HTTPException

from subscribers import clock, networks

if TYPE_CHECKING:
    from limits import RateLimitItem
    from starlette.types import Scope

REQUESTS = RateLimitItemPerMinute(3000, namespace="requests")


def address_of(scope: Scope) -> str | None:
    """The client's address: the peer's, or the one that a proxy of server.trusted_proxies names (by
    uvicorn)."""
    address = networks.client(scope["client"][0]) if scope.get("client") else None
    return str(address) if address else None


def network_of(scope: Scope) -> str:
    """What counts as one client: the /24 (IPv4) or /64 (IPv6) around its address."""
    return networks.around(address_of(scope), ipv6=64)


class Limits:
    """Counts the requests of each network, in this process.

    It uses a sliding counter, not a list of times: that takes two numbers a network, however much it sends,
    and both expire.
    """

    def __init__(self) -> None:
        self._counted = SlidingWindowCounterRateLimiter(MemoryStorage())

    def count(self, limit: RateLimitItem, scope: Scope) -> None:
        """Count a request. Raises HTTPException 429, which says when to try again, when there were too
        many."""
        if not self.admits(limit, scope):
            raise self._too_many(limit, scope)

    def admits(self, limit: RateLimitItem, scope: Scope) -> bool:
        """Count a request; whether there were not too many."""
        return self._counted.hit(limit, network_of(scope))

    def look(self, limit: RateLimitItem, scope: Scope) -> None:
        """Raise the same, without counting the request."""
        if not self._counted.test(limit, network_of(scope)):
            raise self._too_many(limit, scope)

    def _too_many(self, limit: RateLimitItem, scope: Scope) -> HTTPException:
        until = self._counted.get_window_stats(limit, network_of(scope)).reset_time
        seconds = max(1, math.ceil(until - clock.now().timestamp()))
        return HTTPException(429, headers={"Retry-After": str(seconds)})
