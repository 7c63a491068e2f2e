"""[[channels]] of the configuration: a place beside mail where editions are announced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from pipeline.core.environment import CHANNEL
from pipeline.core.fields import SecretAddress, Section
from pipeline.core.private_networks import is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["mastodon", "bluesky", "webhook"]


class Channel(Section):
    """``url``: the server's address; of a webhook the whole address of its receiver."""

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=32)
    kind: Kind
    url: SecretAddress = Field(min_length=1)
    account: str = ""
    text: str = ""

    @model_validator(mode="after")
    def _whole(self) -> Channel:
        if self.kind == "bluesky" and not self.account:
            raise ValueError("account is missing: write the handle, such as practice.bsky.social")
        if self.kind != "bluesky" and self.account:
            raise ValueError(f"a {self.kind} channel has no account: its secret says whose it is")
        if self.kind == "webhook" and self.text:
            raise ValueError("a webhook has no text: its receiver gets JSON")
        return self

    @property
    def variable(self) -> str:
        """The environment variable that holds its secret: Mastodon's token, Bluesky's app password, the
        webhook's key."""
        return CHANNEL + self.name.upper().replace("-", "_")

    def secret(self, environment: Mapping[str, str]) -> str:
        """Its secret; empty where there is none."""
        return environment.get(self.variable, "").strip()

    @property
    def host(self) -> str:
        """What may be shown of its address: the path of a webhook can be a secret."""
        return urlsplit(self.url).hostname or ""

    @property
    def local(self) -> bool:
        """Whether it is on this machine, so that what is announced there does not leave it."""
        return is_loopback(self.host)
