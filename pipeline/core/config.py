"""The whole configuration: its sections, and the rules between them. settings.py reads it."""

from __future__ import annotations

from typing import Any, Protocol

from pydantic import Field, PrivateAttr, ValidationInfo, field_validator, model_validator

from pipeline.core.destination import is_mail
from pipeline.core.environment import CONFIG_FILE
from pipeline.core.fields import Section
from pipeline.core.sections.channel import Channel
from pipeline.core.sections.delivery import Delivery
from pipeline.core.sections.digest import Digest, Feed
from pipeline.core.sections.installation import Archive, DatabaseSection, Doctor, Privacy, Server, Staff
from pipeline.core.sections.match import Match
from pipeline.core.sections.newsletter import Newsletter
from pipeline.core.theme import Theme

Keys = tuple[int | str, ...]
"""What leads to a value: ("feeds", 0, "url")."""


class Source(Protocol):
    """Where a configuration was read from."""

    def place(self, keys: Keys) -> str: ...


class Config(Section):
    """A whole `rapport.toml`. Paths in it are taken from the file's own folder (see settings.load)."""

    newsletter: Newsletter
    theme: Theme = Theme()
    feeds: list[Feed] = Field(min_length=1)
    digests: list[Digest] = Field(default=[Digest(name="weekly")], min_length=1)
    match: Match = Match()
    delivery: Delivery = Delivery()
    database: DatabaseSection = DatabaseSection()
    server: Server = Server()
    privacy: Privacy = Privacy()
    archive: Archive = Archive()
    channels: list[Channel] = Field(default=[])
    staff: Staff = Staff()
    doctor: Doctor = Doctor()

    _source: Source | None = PrivateAttr(default=None)

    def place(self, keys: Keys) -> str:
        """Where a value was written: file and line, or an environment variable; the file's usual name for a
        configuration that was not read by settings.load."""
        return self._source.place(keys) if self._source else CONFIG_FILE

    @property
    def mails(self) -> bool:
        """Whether letters leave this machine, to be read by people."""
        return is_mail(self.delivery.provider)

    @field_validator("digests", "channels")
    @classmethod
    def _distinct(cls, value: list[Any], info: ValidationInfo) -> list[Any]:
        names = [one.name for one in value]
        if len(set(names)) < len(names):
            raise ValueError(f"two {info.field_name} have the same name")
        return value

    @model_validator(mode="after")
    def _reachable(self) -> Config:
        ours = self.mails and not self.delivery.hosted_unsubscribe
        if ours and not self.newsletter.public_url:
            raise ValueError(
                "newsletter.public_url is missing: the unsubscribe links of real mail lead there; "
                "write the address where `rapport serve` is reached"
            )
        if self.match.count_clicks and not self.newsletter.public_url:
            raise ValueError(
                "match.count_clicks needs newsletter.public_url: the offer's links lead there, where "
                "`rapport serve` counts them and leads on; write its address, or set count_clicks to false"
            )
        return self
