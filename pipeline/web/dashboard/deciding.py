"""What staff decide about an edition on its page, and what the page offers them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipeline.core.errors import RapportError
from pipeline.editions import approval, find, states
from pipeline.editions.approval import ApprovalResult
from pipeline.editions.edition import EditionStatus
from pipeline.editions.lock import lock
from subscribers.staff.roles import Right

if TYPE_CHECKING:
    from pipeline.core.app import Installation
    from pipeline.editions.edition import Edition
    from pipeline.web.dashboard.asked import Asked
    from pipeline.web.dashboard.letters import Preview

WRITE = "write"
"""Beside the verbs of states.py: an approved letter goes to the outbox now, for whoever is here."""

_READY = (EditionStatus.APPROVED, EditionStatus.SENDING)


def bar(asked: Asked, preview: Preview, edition: Edition) -> dict[str, Any]:
    """What can be decided, and what the buttons send along: what was seen, and the decision it stood by."""
    verbs = states.possible(edition) if asked.actor.may(Right.DECIDE) else []
    writes = asked.dashboard.local and not preview.config.mails and edition.status in _READY
    return {
        "verbs": [*verbs, *([WRITE] if verbs and writes else [])],
        "seen": edition.fingerprint().hex(),
        "mark": edition.mark.hex(),
    }


def decide(asked: Asked) -> str:
    """Do what a button of the bar asks for; why it could not be done, empty if it was."""
    installation = asked.dashboard.installation
    if installation is None:
        return "There is no configuration to work with."
    try:
        seen, mark = (bytes.fromhex(asked.form.text(name)) for name in ("seen", "mark"))
        return _decide(installation, asked, seen, mark)
    except ValueError:
        return "The form was not complete. Look at the letter again."
    except RapportError as error:
        return f"{error.message} {error.remedy}".rstrip()
    finally:
        asked.dashboard.letters.editions_changed()


def _decide(installation: Installation, asked: Asked, seen: bytes, mark: bytes) -> str:
    slug, verb = asked.form.text("edition"), asked.form.text("verb")
    with installation.database.read() as connection:
        edition = find.by_slug(connection, slug)
    if verb == WRITE and asked.dashboard.local and not installation.config.mails:
        _write(installation, edition)
        return ""
    outcome, _ = approval.decide(installation, edition.id, verb, seen, mark=mark, actor=asked.actor.name)
    match outcome:
        case ApprovalResult.DONE:
            return ""
        case ApprovalResult.CHANGED:
            return f"{slug} has changed meanwhile: this is how it is now. Look at it again, then decide."
        case _:
            return f"Somebody has decided about {slug} meanwhile: this is how it stands now."


def _write(installation: Installation, edition: Edition) -> None:
    # Not above: the preview starts sooner without what sends.
    from pipeline.delivery.send import send

    with lock(installation.database, edition.digest):
        send(installation, edition.slug, lambda done, total: None)
