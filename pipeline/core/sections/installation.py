"""What is about the installation: database, web server, how long what is kept, archive, staff, doctor."""

from __future__ import annotations

from pydantic import Field, field_validator

from pipeline.core.fields import Address, Listed, Section, WebAddress, listed


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
    alarms: Listed = Field(default=[])
    day_after: bool = False
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
