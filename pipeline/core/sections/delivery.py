"""[delivery]: how letters leave, and when sending stops itself."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pipeline.core.fields import Host, SecretAddress, Section


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
