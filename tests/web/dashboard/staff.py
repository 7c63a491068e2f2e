"""Somebody of staff at the dashboard's pages under /staff of `rapport serve`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.web.dashboard.actor import Actor, Role

if TYPE_CHECKING:
    import httpx

    from tests.web.public.visitor import Visitor

OURS = {"origin": "https://letter.example.org"}
ME = "admin@example.org"


@dataclass
class Staff:
    """Who is signed in, in what role, and whether lately."""

    role: Role = Role.ADMIN
    recent: bool = True

    def actor(self) -> Actor:
        return Actor(ME, self.role, "a-token", ME, self.recent)


def send(visitor: Visitor, path: str, **fields: str) -> httpx.Response:
    return visitor.post(f"/staff/people{path}", {"csrf": "a-token", **fields}, headers=OURS)


def look(visitor: Visitor, path: str = "") -> str:
    answer = visitor.get(f"/staff/people{path}")
    assert answer.status_code == 200
    return answer.text


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())
