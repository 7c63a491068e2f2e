"""The configuration: every key with its type and default. settings.py reads it."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Literal, Protocol
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    Field,
    PrivateAttr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from pipeline.core.destination import is_mail
from pipeline.core.environment import CONFIG_FILE
from pipeline.core.fields import (
    Address,
    Day,
    Duration,
    Host,
    Language,
    Line,
    Link,
    Listed,
    SecretAddress,
    Section,
    WebAddress,
    Zone,
    listed,
)
from pipeline.core.places import known_country
from pipeline.core.private_networks import is_loopback
from pipeline.core.theme import Theme
from subscribers import clock

Keys = tuple[int | str, ...]
"""What leads to a value: ("feeds", 0, "url")."""


class Source(Protocol):
    """Where a configuration was read from."""

    def place(self, keys: Keys) -> str: ...


class Newsletter(Section):
    name: Line = Field(min_length=1)
    from_email: Address = Field(min_length=3)
    from_name: Line = ""
    reply_to: Address = ""
    postal_address: str = ""
    notice: str = ""
    signed_by: Line = ""
    portrait: Line = ""
    public_url: WebAddress = ""
    unsubscribe_mailto: Address = ""
    timezone: Zone = "UTC"
    language: Language = "en"
    country: str = ""
    crisis_checked: Day = None

    @field_validator("country")
    @classmethod
    def _code(cls, value: str) -> str:
        return known_country(value) if value else value

    @field_validator("crisis_checked")
    @classmethod
    def _past(cls, value: date | None, info: ValidationInfo) -> date | None:
        today = clock.today(ZoneInfo(info.data.get("timezone", "UTC")))
        if value is not None and value > today:
            raise ValueError(f"{value} is still to come; write the day on which the numbers were confirmed")
        return value

    @field_validator("public_url")
    @classmethod
    def _without_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def sender(self) -> str:
        """The name that readers see: from_name, else the newsletter's name."""
        return self.from_name or self.name

    @property
    def reply_address(self) -> str:
        """Who gets the answers: reply_to, else the sender."""
        return self.reply_to or self.from_email

    @property
    def pages(self) -> str:
        """The address that the links of a letter begin with; by default that of `rapport serve` on this
        machine."""
        return self.public_url or "http://127.0.0.1:8000"

    @property
    def staff_pages(self) -> Literal["https", "loopback", "open"]:
        """How the staff pages are reached. ``open`` is by plain HTTP over a network, where anybody on the way
        reads the cookies: nobody can sign in there."""
        parts = urlsplit(self.pages)
        if parts.scheme == "https":
            return "https"
        return "loopback" if is_loopback(parts.hostname or "") else "open"


class Feed(Section):
    url: WebAddress = Field(min_length=1)
    every: Duration = timedelta(hours=1)


class Digest(Section):
    name: str = Field(pattern=r"^[a-z0-9](?:[a-z0-9_-]{0,47}[a-z0-9])?$")
    layout: Literal["digest", "plain"] = "digest"
    schedule: str = "0 9 * * thu"
    subject: Line = "{{ posts[0].title }}"
    max_posts: int = Field(default=6, ge=1, le=25)  # more would be clipped by Gmail
    min_posts: int = Field(default=1, ge=1)
    backlog: Duration = timedelta(days=7)
    include_categories: Listed = Field(default=[])
    exclude_categories: Listed = Field(default=["no-letter"])
    approval: Literal["auto", "required"] = "auto"
    hold_window: Duration = timedelta(0)

    @field_validator("name", mode="after")
    @classmethod
    def _no_slug(cls, value: str) -> str:
        if value == "confirmation":
            raise ValueError("this name is taken by the mails that ask to confirm")
        if re.search(r"-\d+$", value):
            raise ValueError("a name that ends in a number reads like an edition's; write it without")
        return value

    @field_validator("schedule")
    @classmethod
    def _cron(cls, value: str) -> str:
        from pipeline.core.cron import check_schedule

        check_schedule(value)
        return value

    @model_validator(mode="after")
    def _bounds(self) -> Digest:
        if self.min_posts > self.max_posts:
            raise ValueError(f"min_posts ({self.min_posts}) is more than max_posts ({self.max_posts})")
        return self


class Variant(Section):
    categories: Listed
    heading: str | None = None
    text: str | None = None
    button: str | None = None
    url: Link | None = None


class Match(Section):
    heading: str = "Looking for a therapist?"
    text: str = "Tell us what you need and we will personally match you."
    button: str = "Get matched"
    url: Link = ""
    place: Literal["end", "after_lead", "both"] = "end"
    count_clicks: bool = False
    variants: list[Variant] = Field(default=[])


class SendGrid(Section):
    api_url: SecretAddress = "https://api.sendgrid.com"
    webhook_public_key: str = ""
    timeout: float = Field(default=30, gt=0)
    unsubscribe: Literal["ours", "sendgrid"] = "ours"


class Smtp(Section):
    host: Host = "127.0.0.1"
    port: int = Field(default=25, ge=1, le=65535)
    security: Literal["none", "starttls", "tls"] = "none"
    username: str = ""
    connections: int = Field(default=4, ge=1)


class Delivery(Section):
    provider: Literal["outbox", "sendgrid", "smtp"] = "outbox"
    outbox: str = "outbox"
    batch_size: int = Field(default=1000, ge=1, le=1000)
    rate: float = Field(default=0, ge=0)
    connections: int = Field(default=4, ge=1, le=64)
    on_uncertain: Literal["hold", "resend"] = "hold"
    probe_public_url: bool = True
    bounce_limit: float = Field(default=0.05, ge=0, le=1)
    complaint_limit: float = Field(default=0.003, ge=0, le=1)
    sendgrid: SendGrid = SendGrid()
    smtp: Smtp = Smtp()

    @property
    def hosted_unsubscribe(self) -> bool:
        """Whether SendGrid hosts the unsubscribe page, for a practice that runs no web server."""
        return self.provider == "sendgrid" and self.sendgrid.unsubscribe == "sendgrid"


class DatabaseSection(Section):
    url: str = "sqlite:///rapport.db"


class Server(Section):
    trusted_proxies: Listed = Field(default=[])

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: list[str]) -> list[str]:
        from ipaddress import ip_network

        for written in value:
            try:
                ip_network(written)
            except ValueError as error:
                raise ValueError(
                    f'write addresses or networks, like "127.0.0.1" or "10.0.0.0/8" ({error})'
                ) from None
        return value


class Privacy(Section):
    network_address_days: int = Field(default=30, ge=0)
    pending_days: int = Field(default=30, ge=1)


class Archive(Section):
    public: bool = True
    robots: bool = True


class Staff(Section):
    emails: list[Address] = Field(default=[])
    links_decide: bool | None = None  # None: until somebody has an account (editions/approval.py)
    password_hash: str = ""
    heartbeat_url: WebAddress = ""

    _split = field_validator("emails", mode="before")(listed)

    @field_validator("password_hash")
    @classmethod
    def _personal(cls, value: str) -> str:
        if value:
            raise ValueError(
                "there is no password that staff share: leave this key out, and let each have an account by "
                "`rapport staff invite ADDRESS --role admin`"
            )
        return value


class Doctor(Section):
    dkim_selectors: Listed = Field(default=["s1", "s2"])
    resolver: str = ""


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

    @field_validator("digests")
    @classmethod
    def _distinct(cls, value: list[Digest]) -> list[Digest]:
        names = [digest.name for digest in value]
        if len(set(names)) < len(names):
            raise ValueError("two digests have the same name")
        return value

    @model_validator(mode="after")
    def _reachable(self) -> Config:
        ours = self.mails and not self.delivery.hosted_unsubscribe
        if ours and not self.newsletter.public_url:
            raise ValueError(
                "newsletter.public_url is missing: the unsubscribe links of real mail lead there; "
                "write the address where `rapport serve` is reached"
            )
        return self
