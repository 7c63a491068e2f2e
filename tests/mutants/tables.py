"""Which tests mirror which module, and which faults are known to change nothing."""

from __future__ import annotations

import tomllib
from pathlib import Path

_LEDGER = (
    "editions/ledger/test_claims.py",
    "editions/ledger/test_doubt.py",
    "editions/ledger/test_outcomes.py",
    "editions/ledger/test_recipients.py",
    "editions/ledger/test_reasons.py",
    "editions/ledger/test_rate.py",
)
_SMTP = (
    "providers/test_smtp.py",
    "providers/test_smtp_login.py",
    "providers/test_smtp_connection.py",
    "providers/test_smtp_refusals.py",
)
_SENDING = ("delivery/test_batch_sender.py", "delivery/test_edition.py", "delivery/test_by_smtp.py")


def _importing(*names: str) -> tuple[str, ...]:
    return tuple(f"subscribers/importing/test_{name}.py" for name in names)


def _channels(*names: str) -> tuple[str, ...]:
    return tuple(f"delivery/channels/test_{name}.py" for name in names)


def _staff(*names: str) -> tuple[str, ...]:
    return tuple(f"subscribers/staff/test_{name}.py" for name in names)


TESTS: dict[str, tuple[str, ...]] = {
    "pipeline/editions/plan.py": ("editions/test_plan.py",),
    "pipeline/editions/send_time.py": ("editions/test_plan.py",),
    "pipeline/editions/selection.py": ("editions/test_selection.py",),
    "pipeline/editions/eligibility.py": ("editions/test_eligibility.py", "editions/test_selection.py"),
    "pipeline/editions/course.py": ("editions/test_states.py",),
    "pipeline/editions/became.py": ("editions/test_became.py",),
    "pipeline/editions/undo.py": ("editions/test_steps.py",),
    "pipeline/editions/decided.py": ("editions/test_decided.py",),
    "pipeline/editions/approval.py": ("editions/test_approval.py",),
    "pipeline/editions/after_restore.py": ("editions/test_after_restore.py", "editions/test_approval.py"),
    "pipeline/editions/numbers.py": ("editions/test_after_restore.py", "backup/test_restored_ids.py"),
    "pipeline/editions/ledger/claims.py": _LEDGER,
    "pipeline/editions/ledger/members.py": _LEDGER,
    "pipeline/editions/ledger/doubt.py": _LEDGER,
    "pipeline/editions/ledger/batches.py": _LEDGER,
    "pipeline/editions/ledger/recipients.py": _LEDGER,
    "pipeline/editions/ledger/outcomes.py": _LEDGER,
    "pipeline/editions/ledger/rate.py": (*_LEDGER, "delivery/test_batch_sender.py"),
    "pipeline/editions/ledger/batch_states.py": _LEDGER,
    "pipeline/editions/ledger/again.py": ("editions/ledger/test_again.py",),
    "pipeline/editions/ledger/signing_keys.py": ("editions/ledger/test_signing_keys.py",),
    "pipeline/delivery/edition.py": _SENDING,
    "pipeline/delivery/batch_sender.py": ("delivery/test_batch_sender.py", "delivery/test_requests.py"),
    "pipeline/delivery/requests.py": ("delivery/test_requests.py", *_SENDING),
    "pipeline/delivery/refusals.py": ("delivery/test_refusals.py", "delivery/test_by_smtp.py"),
    "pipeline/delivery/again.py": ("delivery/test_again.py",),
    "pipeline/delivery/send.py": ("delivery/test_send.py", "delivery/test_meanwhile.py"),
    "pipeline/delivery/breaker.py": ("delivery/test_breaker.py",),
    "pipeline/delivery/events.py": ("delivery/test_events.py", "delivery/test_breaker.py"),
    "pipeline/delivery/probe.py": ("delivery/test_probe.py",),
    "pipeline/delivery/channels/announce.py": _channels("announce"),
    "pipeline/delivery/channels/attempt.py": _channels("announce"),
    "pipeline/delivery/channels/ledger.py": _channels("ledger"),
    "pipeline/delivery/channels/keys.py": _channels("keys"),
    "pipeline/delivery/channels/mastodon.py": _channels("answers"),
    "pipeline/delivery/channels/bluesky.py": _channels("answers"),
    "pipeline/delivery/channels/webhook.py": _channels("answers"),
    "pipeline/subscriptions/prepare_welcome.py": ("subscriptions/test_prepare_welcome.py",),
    "pipeline/subscriptions/welcome.py": ("subscriptions/test_welcome_steps.py",),
    "pipeline/providers/sendgrid/answer.py": (
        "providers/test_sendgrid.py",
        "providers/test_sendgrid_answer.py",
    ),
    "pipeline/providers/smtp/transaction.py": _SMTP,
    "pipeline/providers/smtp/batch.py": ("providers/test_smtp_batch.py",),
    "pipeline/providers/smtp/connection.py": _SMTP,
    "pipeline/providers/smtp/refusals.py": ("providers/test_smtp_refusals.py",),
    "subscribers/tokens.py": ("subscribers/test_tokens.py",),
    "subscribers/signing_secrets.py": ("subscribers/test_signing_secrets.py",),
    "subscribers/audience.py": ("subscribers/test_audience.py",),
    "subscribers/hashes.py": ("subscribers/test_hashes.py", "subscribers/test_suppression.py"),
    "subscribers/suppression.py": ("subscribers/test_suppression.py",),
    "subscribers/staff/accounts.py": _staff("accounts"),
    "subscribers/staff/links.py": _staff("accounts", "signing_in"),
    "subscribers/staff/sessions.py": _staff("signing_in", "accounts"),
    "subscribers/staff/attempts.py": _staff("signing_in"),
    "subscribers/staff/roles.py": _staff("roles"),
    "subscribers/importing/answers.py": _importing("header", "survey"),
    "subscribers/importing/columns.py": _importing("columns"),
    "subscribers/importing/csv_reader.py": _importing("csv_reader"),
    "subscribers/importing/dry_run.py": _importing("run"),
    "subscribers/importing/finding.py": _importing("columns", "survey", "fail_closed"),
    "subscribers/importing/judge.py": _importing("judge", "run"),
    "subscribers/importing/lines.py": _importing("lines"),
    "subscribers/importing/mailboxes.py": _importing("table"),
    "subscribers/importing/moments.py": _importing("table"),
    "subscribers/importing/other_lists.py": _importing("tools"),
    "subscribers/importing/rejects.py": _importing("rejects"),
    "subscribers/importing/rows.py": _importing("rows"),
    "subscribers/importing/run.py": _importing("run"),
    "subscribers/importing/signs.py": _importing("signs", "tools"),
    "subscribers/importing/survey.py": _importing("survey", "fail_closed"),
    "subscribers/importing/table.py": _importing("header", "table"),
    "subscribers/importing/tool_words.py": _importing("tools"),
    "subscribers/importing/tools.py": _importing("tools"),
    "subscribers/importing/words.py": _importing("words", "tools"),
    "subscribers/importing/write.py": _importing("write"),
}
"""By module its mirrored tests, and those alone: a rule is to be described where one looks for it."""

_FILE = Path(__file__).with_name("equivalent.toml")


def mirrored(module: str) -> list[str]:
    """The files and folders of a module's tests that exist."""
    return [f"tests/{name}" for name in TESTS[module] if (_FILE.parents[1] / name).exists()]


def equivalent(module: str) -> frozenset[str]:
    """The faults of a module that nobody could see, each with its reason in ``equivalent.toml``."""
    known = tomllib.loads(_FILE.read_text()).get("mutant", []) if _FILE.exists() else []
    assert all(entry["reason"] for entry in known)
    return frozenset(fault for entry in known if entry["module"] == module for fault in entry["faults"])
