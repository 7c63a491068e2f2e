"""What staff do by the bar's buttons: decide about the edition, send a test, make the draft."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.core.errors import RapportError
from pipeline.editions import approval, find
from pipeline.editions.approval import ApprovalResult
from pipeline.editions.compose import compose
from pipeline.editions.lock import PATIENCE, lock
from pipeline.web.dashboard.bar import WRITE

if TYPE_CHECKING:
    from pipeline.core.app import Installation
    from pipeline.core.sections.digest import Digest
    from pipeline.editions.edition import Edition
    from pipeline.web.dashboard.asked import Asked


def decide(asked: Asked, installation: Installation) -> None:
    """What a button asks for. Raises RapportError with why it could not be done."""
    slug, verb = asked.form.text("edition"), asked.form.text("verb")
    try:
        seen, mark = (bytes.fromhex(asked.form.text(name)) for name in ("seen", "mark"))
    except ValueError:
        raise RapportError("The form was not complete.", "Look at the letter again, then decide.") from None
    edition = named(installation, slug)
    if verb == WRITE and asked.dashboard.local and not installation.config.mails:
        _write(installation, edition)
        return
    outcome, _ = approval.decide(installation, edition.id, verb, seen, mark=mark, actor=asked.actor.name)
    if outcome is ApprovalResult.CHANGED:
        raise RapportError(
            f"{slug} has changed meanwhile: this is how it is now.", "Look at it again, then decide."
        )
    if outcome is not ApprovalResult.DONE:
        raise RapportError(f"Somebody has decided about {slug} meanwhile.", "This is how it stands now.")


def send_test(asked: Asked, installation: Installation) -> None:
    """A marked copy to who asks. Whoever is at this machine names an address."""
    # Not above: the preview starts sooner without what sends.
    from pipeline.delivery.send import send_test as send_copy

    address = asked.form.text("address") if asked.dashboard.local else asked.actor.address
    if not address:
        raise RapportError("A test needs an address.", "Write yours beside the button.")
    send_copy(installation, named(installation, asked.form.text("edition")), address, asked.actor.name)


def make_draft(asked: Asked, installation: Installation, digest: Digest) -> None:
    """Make the digest's draft now, from the feeds as they are. Raises RapportError when none comes of it."""
    asked.dashboard.letters.pull()
    with lock(installation.database, digest.name, PATIENCE):
        made = compose(installation, digest, looking=True)
    if made.edition is None:
        raise RapportError(f"There is no letter to make: {made.reason}.")


def named(installation: Installation, slug: str) -> Edition:
    with installation.database.read() as connection:
        return find.by_slug(connection, slug)


def _write(installation: Installation, edition: Edition) -> None:
    from pipeline.delivery.send import send

    with lock(installation.database, edition.digest, PATIENCE):
        send(installation, edition.slug, lambda done, total: None)
