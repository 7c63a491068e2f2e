"""The configuration: every key with its type, default and meaning. How it is read stands in settings.py."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

_DURATION = re.compile(r"(\d+)\s*([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def _duration(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if not match:
        raise ValueError('write a number and a unit: "30m", "12h", "7d" or "2w"')
    try:
        return timedelta(**{_UNITS[match[2]]: int(match[1])})
    except OverflowError:
        raise ValueError("that is longer than any letter waits") from None


class FromEnvironment(str):
    """A value out of an environment variable: text that stands for whatever type its key has."""


def _listed(value: Any) -> Any:
    if isinstance(value, FromEnvironment):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _one_line(value: str) -> str:
    if any(ord(character) < 32 for character in value):
        raise ValueError("write it on one line, without control characters: it stands in a mail header")
    return value


def _address(value: str) -> str:
    from email_validator import EmailNotValidError, validate_email

    if value:
        try:
            valid = validate_email(value, check_deliverability=False, test_environment=True)
        except EmailNotValidError as error:
            raise ValueError(f"write an email address ({error})") from None
        if valid.ascii_email is None:
            raise ValueError("before the @ only unaccented letters will reach every mail server")
        return valid.ascii_email
    return value


def _web_address(value: str) -> str:
    if value and not re.match(r"https?://[^\s/]", value):
        raise ValueError("write a whole web address, beginning with https://")
    return _in_ascii(value)


def _in_ascii(address: str) -> str:
    """The address with its host as punycode: it stands in mail headers."""
    if address.isascii():
        return address
    from urllib.parse import quote, urlsplit, urlunsplit

    import idna

    parts = urlsplit(address)
    host = parts.hostname or ""
    try:
        netloc = parts.netloc.lower().replace(host, idna.encode(host, uts46=True).decode())
    except idna.IDNAError as error:
        raise ValueError(f"no such host name is possible ({error})") from None
    rest = [quote(part, safe="%/:?#[]@!$&'()*+,;=~") for part in parts[2:]]
    return urlunsplit((parts.scheme, netloc, *rest))


def _link(value: str) -> str:
    if value and not re.match(r"(https?://[^\s/]|mailto:\S+@)", value):
        raise ValueError("write a whole address, beginning with https:// (or mailto:)")
    return value


def _colour(value: str) -> str:
    from pipeline.core.colour import hex_colour

    return hex_colour(value) if value else value


def _fonts(value: str) -> str:
    # It stands in style attributes and in style sheets.
    if re.search(r"[{}<>;:\\]", value):
        raise ValueError('write names of fonts with commas between them, like "Georgia, serif"')
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Listed = Annotated[list[str], BeforeValidator(_listed)]
Line = Annotated[str, AfterValidator(_one_line)]
Address = Annotated[str, AfterValidator(_one_line), AfterValidator(_address)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
Link = Annotated[str, AfterValidator(_link)]
Colour = Annotated[str, AfterValidator(_colour)]
Fonts = Annotated[Line, AfterValidator(_fonts)]


class Section(BaseModel):
    """A table of the file; a key it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _as_written(cls, value: Any, info: ValidationInfo) -> Any:
        # pydantic would take "6" for 6 and true for 1: right for the environment, a slip in a file.
        wanted = cls.model_fields[info.field_name or ""].annotation
        if wanted in (int, float, bool) and isinstance(value, str) and not isinstance(value, FromEnvironment):
            raise ValueError("write it without quotes")
        if wanted in (int, float) and isinstance(value, bool):
            raise ValueError("write a number")
        return value


class Newsletter(Section):
    name: Line = Field(min_length=1)
    from_email: Address = Field(min_length=3)
    from_name: Line = ""
    reply_to: Address = ""
    postal_address: str = ""
    notice: str = ""
    public_url: WebAddress = ""
    unsubscribe_mailto: Address = ""
    timezone: str = "UTC"
    language: str = "en"

    @field_validator("timezone")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in available_timezones():
            from difflib import get_close_matches

            close = get_close_matches(value, available_timezones(), 1)
            raise ValueError(f"no such time zone{f'; did you mean {close[0]}?' if close else ''}")
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
        """The name readers see: from_name, else the newsletter's."""
        return self.from_name or self.name

    @property
    def pages(self) -> str:
        """Where the links of a letter lead; by default where `rapport serve` listens on this machine."""
        return self.public_url or "http://127.0.0.1:8000"


class Theme(Section):
    """What is empty here is the named theme's; letter/theme.py makes a whole look of both."""

    templates: str = ""
    images: Literal["host", "link"] = "host"
    name: Literal["harbour", "meadow", "dusk"] = "harbour"
    colour: Colour = ""
    colour_dark: Colour = ""
    background: Colour = ""
    background_dark: Colour = ""
    paper: Colour = ""
    paper_dark: Colour = ""
    text: Colour = ""
    text_dark: Colour = ""
    logo: WebAddress = ""
    logo_dark: WebAddress = ""
    font: Fonts = ""
    rounding: int | None = Field(default=None, ge=0, le=40)

    @model_validator(mode="after")
    def _readable(self) -> Theme:
        from pipeline.core.theme import unreadable

        if problem := unreadable(self):
            raise ValueError(problem)
        return self


class Feed(Section):
    url: WebAddress = Field(min_length=1)


class Digest(Section):
    name: str = Field(pattern=r"^[a-z0-9](?:[a-z0-9_-]{0,47}[a-z0-9])?$")
    layout: Literal["digest", "plain"] = "digest"
    schedule: str = "0 9 * * thu"
    subject: Line = "{{ posts[0].title }}"
    max_posts: int = Field(default=6, ge=1, le=25)  # more would be clipped by Gmail
    min_posts: int = Field(default=1, ge=1)
    backlog: Duration = timedelta(days=7)
    include_categories: Listed = []
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
    variants: list[Variant] = []


class SendGrid(Section):
    api_url: WebAddress = "https://api.sendgrid.com"
    webhook_public_key: str = ""
    timeout: float = Field(default=30, gt=0)
    unsubscribe: Literal["ours", "sendgrid"] = "ours"


class Smtp(Section):
    host: str = "127.0.0.1"
    port: int = Field(default=25, ge=1, le=65535)
    security: Literal["none", "starttls", "tls"] = "none"
    username: str = ""
    connections: int = Field(default=4, ge=1)


class Delivery(Section):
    provider: Literal["outbox", "sendgrid", "smtp"] = "outbox"
    outbox: str = "outbox"
    batch_size: int = Field(default=1000, ge=1, le=1000)
    rate: float = Field(default=0, ge=0)
    on_uncertain: Literal["hold", "resend"] = "hold"
    probe_public_url: bool = True
    bounce_limit: float = Field(default=0.05, ge=0, le=1)
    complaint_limit: float = Field(default=0.003, ge=0, le=1)
    sendgrid: SendGrid = SendGrid()
    smtp: Smtp = Smtp()

    @property
    def hosted_unsubscribe(self) -> bool:
        """Whether SendGrid hosts the page behind the letter's one link, for who serves no pages."""
        return self.provider == "sendgrid" and self.sendgrid.unsubscribe == "sendgrid"


class DatabaseSection(Section):
    url: str = "sqlite:///rapport.db"


class Server(Section):
    trusted_proxies: Listed = []

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


class Staff(Section):
    emails: list[Address] = []
    password_hash: str = ""
    heartbeat_url: WebAddress = ""

    _split = field_validator("emails", mode="before")(_listed)


class Doctor(Section):
    dkim_selectors: Listed = ["s1", "s2"]
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
    staff: Staff = Staff()
    doctor: Doctor = Doctor()

    @field_validator("digests")
    @classmethod
    def _distinct(cls, value: list[Digest]) -> list[Digest]:
        names = [digest.name for digest in value]
        if len(set(names)) < len(names):
            raise ValueError("two digests have the same name")
        return value

    @model_validator(mode="after")
    def _reachable(self) -> Config:
        ours = self.delivery.provider != "outbox" and not self.delivery.hosted_unsubscribe
        if ours and not self.newsletter.public_url:
            raise ValueError(
                "newsletter.public_url is missing: the unsubscribe links of real mail lead there; "
                "write the address where `rapport serve` is reached"
            )
        return self
