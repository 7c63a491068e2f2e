"""[newsletter]: who writes the letter, in which language, and where readers find them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationInfo, field_validator

from pipeline.core.fields import Address, Day, Language, Line, Section, WebAddress, Zone
from pipeline.core.places import known_country
from pipeline.core.private_networks import is_loopback
from subscribers import clock

if TYPE_CHECKING:
    from datetime import date

_USUAL_PORT = {"https": 443, "http": 80}
_NO_REPLY = re.compile(r"(?i)(?:no|do[._-]?not|dont)[._-]?(?:reply|answer)")


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
    def _as_browsers_write_it(cls, value: str) -> str:
        parts = urlsplit(value)
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError("write it without a user name, ? or #: readers' links begin with it")
        if parts.scheme in _USUAL_PORT and parts.netloc.endswith(f":{_USUAL_PORT[parts.scheme]}"):
            # Browsers leave it out: with it no Origin would be ours, and the staff pages would take no form.
            value = parts._replace(netloc=parts.netloc.rpartition(":")[0]).geturl()
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
    def takes_replies(self) -> bool:
        """Whether somebody reads what is sent to reply_to: it is set, and does not say that nobody does."""
        return bool(self.reply_to) and not _NO_REPLY.match(self.reply_to)

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
