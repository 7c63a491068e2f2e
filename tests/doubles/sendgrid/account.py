"""What SendGrid says of an account, to a key with the scope: tracking, domains and webhooks.

After twilio/sendgrid-oai: tsg_tracking_settings_v3, tsg_domain_authentication_v3, tsg_webhooks_v3.
"""

from __future__ import annotations

from typing import Any

PATHS = {
    "/v3/tracking_settings": "tracking_settings.read",
    "/v3/whitelabel/domains": "whitelabel.read",
    "/v3/user/webhooks/event/settings/all": "user.webhooks.event.settings.read",
}
"""Each question and the scope it takes."""


class Account:
    """``tracked``: what is tracked by default. ``domains`` and ``webhooks`` as the API gives them."""

    def __init__(self) -> None:
        self.tracked: set[str] = set()
        self.domains: list[dict[str, Any]] = []
        self.webhooks: list[dict[str, Any]] = []

    def authenticate(self, domain: str, *, valid: bool = True, number: int = 1234) -> None:
        """A domain with automatic security: three CNAMEs."""
        targets = {
            "mail_cname": (f"em{number}.{domain}", "u1.wl.sendgrid.net"),
            "dkim1": (f"s1._domainkey.{domain}", "s1.domainkey.u1.wl.sendgrid.net"),
            "dkim2": (f"s2._domainkey.{domain}", "s2.domainkey.u1.wl.sendgrid.net"),
        }
        dns = {
            name: {"valid": valid, "type": "cname", "host": host, "data": data}
            for name, (host, data) in targets.items()
        }
        self.domains.append(
            {
                "id": number, "user_id": 1, "subdomain": f"em{number}", "domain": domain, "ips": [],
                "username": "practice", "custom_spf": False, "default": True, "legacy": False,
                "automatic_security": True, "valid": valid, "dns": dns,
            }
        )  # fmt: skip

    def post_events(self, url: str, **settings: Any) -> None:
        """An Event Webhook; it signs where ``public_key`` is given."""
        kinds = ("delivered", "bounce", "dropped", "deferred", "processed", "spam_report", "unsubscribe")
        self.webhooks.append({"enabled": True, "url": url, **dict.fromkeys(kinds, True), **settings})

    def said(self, path: str) -> Any:
        if path == "/v3/tracking_settings":
            kinds = ("google_analytics", "open", "click", "subscription")
            return {
                "result": [
                    {"name": kind, "title": kind, "description": "", "enabled": kind in self.tracked}
                    for kind in kinds
                ]
            }
        if path == "/v3/whitelabel/domains":
            return self.domains
        return {"max_allowed": 1, "webhooks": self.webhooks}
