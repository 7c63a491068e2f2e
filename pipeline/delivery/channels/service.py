"""What every service can do, and how an attempt can end."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pipeline.delivery.channels.said import Said


class Ending(Enum):
    """How an attempt ended. Only NOT_NOW says that surely nothing was posted and that it may be later."""

    POSTED = auto()
    REFUSED = auto()
    NOT_NOW = auto()
    IN_DOUBT = auto()


class Answer(NamedTuple):
    """``text``: the post's address, else the reason for staff. ``wait``: seconds the service asked for."""

    ending: Ending
    text: str
    wait: float = 0.0


class Sight(Enum):
    """What a look for an earlier post found. BLIND: the service does not let us look."""

    THERE = auto()
    NOT_THERE = auto()
    BLIND = auto()
    UNREACHABLE = auto()


class Look(NamedTuple):
    """``text``: the post's address, or why nothing could be seen."""

    sight: Sight
    text: str = ""


class Post(NamedTuple):
    """What a service is asked to post. ``key`` is the same at every attempt; ``link`` is what an earlier one
    would be known by; ``content`` is what an earlier attempt froze, None before the first."""

    key: str
    link: str
    made_at: datetime
    content: Mapping[str, Any] | None


class Ready(NamedTuple):
    """A post about to be made public: what is frozen of it, and its picture as the service names it."""

    content: Mapping[str, Any]
    picture: Any = None


class Service(Protocol):
    """One account at one service. Nothing it says holds a secret. What asks it raises NotSent or NoAnswer."""

    def look(self, post: Post) -> Look:
        """Whether an earlier attempt posted it."""

    def may_repeat(self, first_try: datetime, now: datetime) -> bool:
        """Whether the service itself still keeps a repeat from becoming a second post."""

    def prepare(self, post: Post, said: Said) -> Ready | Answer:
        """All that must be there before it is posted; nothing public comes of it. An answer says why not."""

    def publish(self, post: Post, ready: Ready) -> Answer:
        """The one request that can make it public."""

    def test(self) -> str:
        """Try the account without posting anything publicly, where that can be done; what was tried. Raises
        ProviderError when it does not work."""

    def close(self) -> None:
        """Close the connection."""
