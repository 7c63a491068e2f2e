"""SendGrid's account, as far as the key may see it. That it may not see more is no error: good keys see
little."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pipeline.core.errors import ConfigError, ProviderError
from pipeline.core.finding import error, ok, quoted, warning
from pipeline.providers.sendgrid.account import Account, Hidden, Shut

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from typing import Any

    from pipeline.core.finding import Finding
    from pipeline.doctor.context import Context

T = TypeVar("T")

_CHANGES = (".create", ".update", ".delete")


def key(context: Context) -> Iterator[Finding]:
    if context.config.delivery.provider != "sendgrid":
        return
    with context.account() as account:
        scopes = account.scopes()
    needed = ["mail.send"]
    if context.config.delivery.hosted_unsubscribe:
        needed.append("suppression.read")
    missing = [scope for scope in needed if scope not in scopes]
    if missing:
        yield error(
            "sendgrid.key",
            f"The API key lacks {' and '.join(missing)}.",
            "Give it that at SendGrid (Settings, API Keys), or make a new one.",
        )
    powers = [scope for scope in scopes if scope.endswith(_CHANGES) and not scope.startswith("mail.")]
    if powers:
        yield warning(
            "sendgrid.key",
            f"The API key may do far more than send ({quoted(', '.join(sorted(powers)[:3]))}, …): who steals "
            "it has the account.",
            f"Make one with restricted access to {' and '.join(needed)} alone.",
        )
    if not missing and not powers:
        yield ok("sendgrid.key", f"The API key has {' and '.join(needed)}, and may change nothing.")


def tracking(context: Context) -> Iterator[Finding]:
    """Rapport turns tracking off in each request. The account's settings hold for whatever else sends by
    it."""
    name = "sendgrid.tracking"
    tracked = yield from _seen(
        context, name, "what the account tracks (tracking_settings.read)", Account.tracking
    )
    if tracked is None:
        return
    tracked = [kind for kind in tracked if kind in ("open", "click", "subscription", "google_analytics")]
    if context.config.delivery.hosted_unsubscribe:
        tracked = [kind for kind in tracked if kind != "subscription"]
    if tracked:
        yield warning(
            name,
            f"The account tracks by default: {', '.join(tracked)}. Each of Rapport's letters turns it off; "
            "other mail of the account does not.",
            "Turn it off at SendGrid: Settings, Tracking.",
        )
    else:
        yield ok(name, "The account tracks nobody by default.")


def domain(context: Context) -> Iterator[Finding]:
    name, what = "sendgrid.domain", "the account's domains (whitelabel.read)"
    known = yield from _seen(context, name, what, lambda _: context.domains())
    if known is None:
        return
    found = authenticated(known, context.domain)
    if found is None:
        yield error(
            name,
            f"{context.domain} is not authenticated at SendGrid: letters bear its signature and not yours.",
            "Settings, Sender Authentication, Authenticate Your Domain; then put the three CNAMEs into your "
            "DNS (`rapport doctor --fix-hints` prints them).",
        )
    elif found.get("valid") is not True:
        yield error(
            name,
            f"SendGrid has not yet seen the DNS records of {quoted(str(found.get('domain')))}.",
            "Set them (`rapport doctor --fix-hints` prints them), then press Verify at SendGrid.",
        )
    else:
        yield ok(name, f"{quoted(str(found.get('domain')))} is authenticated at SendGrid.")


def webhook(context: Context) -> Iterator[Finding]:
    """Whether SendGrid posts its events here, signed with the configured key."""
    if not context.serves:
        return
    name, what = "sendgrid.webhook", "its Event Webhooks (user.webhooks.event.settings.read)"
    hooks = yield from _seen(context, name, what, Account.webhooks)
    if hooks is None:
        return
    url = f"{context.config.newsletter.pages}/webhooks/sendgrid"
    ours = [hook for hook in hooks if str(hook.get("url")).rstrip("/") == url]
    if ours:
        yield from _ours(context, max(ours, key=lambda hook: hook.get("enabled") is True))
    else:
        yield warning(
            name,
            "SendGrid posts no events here: bounces and complaints suppress nobody.",
            f"Add an Event Webhook at SendGrid (Settings, Mail Settings) to {url}, signed.",
        )


def _seen(
    context: Context, name: str, what: str, ask: Callable[[Account], T]
) -> Generator[Finding, None, T | None]:
    """The account's answer; where it cannot be asked, a finding that says why, and None."""
    if context.config.delivery.provider != "sendgrid":
        return None
    try:
        with context.account() as account:
            return ask(account)
    except Hidden:
        yield ok(name, f"This key may not see {what}, which is no fault of it.")
    except (Shut, ConfigError):
        pass  # the check `key` tells of it
    except ProviderError as fault:
        yield warning(name, f"SendGrid does not tell {what}: {fault.message}", fault.remedy)
    return None


def _ours(context: Context, hook: dict[str, Any]) -> Iterator[Finding]:
    configured = "".join(context.config.delivery.sendgrid.webhook_public_key.split())
    theirs = "".join(str(hook.get("public_key") or "").split())
    unheard = [
        name
        for name in ("delivered", "bounce", "dropped", "spam_report", "unsubscribe")
        if hook.get(name) is False
    ]
    if hook.get("enabled") is not True:
        yield error(
            "sendgrid.webhook", "The Event Webhook is there and turned off.", "Turn it on at SendGrid."
        )
    elif not theirs:
        yield error(
            "sendgrid.webhook",
            "The Event Webhook is not signed: every post is refused here.",
            "Turn Signed Event Webhook on, and put its key into delivery.sendgrid.webhook_public_key.",
        )
    elif theirs != configured:
        said = "is empty" if not configured else "is not the key that SendGrid signs with"
        yield error(
            "sendgrid.webhook",
            f"delivery.sendgrid.webhook_public_key {said}: every post is refused here.",
            "Copy the Verification Key of the Event Webhook there, and start `rapport serve` again.",
        )
    elif unheard:
        yield warning(
            "sendgrid.webhook",
            f"The Event Webhook leaves out {', '.join(unheard)}.",
            "Tick all delivery events, spam reports and unsubscribes at SendGrid.",
        )
    else:
        yield ok("sendgrid.webhook", "SendGrid posts its events here, signed with the configured key.")


def authenticated(known: list[dict[str, Any]], sender: str) -> dict[str, Any] | None:
    """The domain of the account that signs for the sender's domain: the same one, or one above it."""
    fitting = [
        one
        for one in known
        if sender == str(one.get("domain")).lower() or sender.endswith(f".{str(one.get('domain')).lower()}")
    ]
    return max(fitting, key=lambda one: (one.get("valid") is True, len(str(one.get("domain")))), default=None)


CHECKS = (key, tracking, domain, webhook)
