"""What staff change in the letter on its page: the words, the offer, the posts and their order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.core.errors import RapportError
from pipeline.editions import undo
from pipeline.editions.edit import Wish, edit, take_back
from pipeline.editions.edition import BEFORE_SENDING, TYPED
from pipeline.editions.lock import PATIENCE, lock
from pipeline.editions.order import Move
from pipeline.letter.check.calmer import calmer
from pipeline.letter.check.reading import CheckedLetter, folded
from pipeline.letter.cta import offers
from pipeline.letter.edits import Edits
from pipeline.web.dashboard.deciding import named
from subscribers.staff.roles import Right

if TYPE_CHECKING:
    from pipeline.core.app import Installation
    from pipeline.core.config import Config
    from pipeline.core.sections.digest import Digest
    from pipeline.editions.edition import Edition
    from pipeline.web.dashboard.asked import Asked
    from pipeline.web.public.form import Form

WORDS = ("subject", "preheader", "intro")
OFFER = ("heading", "text", "button", "url")
FIELDS = (*WORDS, "offer", *OFFER)
BY_ITSELF, OWN_WORDS = "", "own"
"""Of the offer: as Rapport chooses it; in words of this edition alone."""


class Offer(NamedTuple):
    value: str
    of: str
    heading: str


def panel(asked: Asked, installation: Installation, edition: Edition) -> dict[str, Any]:
    """What the panel beside the letter shows, and whether it can be changed."""
    config, edits = installation.config, Edits.of(edition.edits)
    with installation.database.read() as connection:
        step = undo.last(connection, edition.id)
    changes = edition.status in BEFORE_SENDING and asked.actor.may(Right.WRITE)
    chosen, words = _offer(config, edition)
    return {
        "editable": changes and not edition.is_note,
        "typed": changes and edition.note.get("file") == TYPED,
        "said": {
            # As staff wrote it, and without the joiners that keep a stranger's braces from being tags.
            "subject": edits.subject or folded(edition.subject),
            "preheader": edits.preheader or folded(edition.preheader),
            "intro": edition.intro,
        },
        "subjects": calmer(CheckedLetter(config, installation.templates, edition), "subject"),
        "offers": [Offer(str(n), of, said["heading"]) for n, (of, said) in enumerate(offers(config))],
        "offer": chosen,
        "offer_words": words,
        "undo": step,
    }


def change(asked: Asked, installation: Installation) -> None:
    """What a form of the panel asks for. Raises RapportError with why it could not be done."""
    form = asked.form
    edition, digest = _edition(installation, form)
    wish = _wish(form)
    if wish == Wish():
        return
    with lock(installation.database, digest.name, PATIENCE):
        edit(installation, digest, edition.slug, wish, asked.actor.name)


def undo_last(asked: Asked, installation: Installation) -> None:
    """The edition as it was before its last change."""
    edition, digest = _edition(installation, asked.form)
    with lock(installation.database, digest.name, PATIENCE):
        take_back(installation, digest, edition.slug, asked.actor.name)


def _wish(form: Form) -> Wish:
    """Of the fields those that say something else than they did when the page was made: so nobody takes back
    what another has changed meanwhile."""
    subject, preheader, intro, offer = (_changed(form, name) for name in (*WORDS, "offer"))
    words = {name: said for name in OFFER if (said := _changed(form, name)) is not None}
    move = None
    if form.text("post"):
        to, _, before = form.text("to").partition("-")
        move = Move(_number(form.text("post")), to, _number(before or "0"))
    # Another offer has its own words.
    return Wish(subject, preheader, intro, offer=offer, words={} if offer is not None else words, move=move)


def _changed(form: Form, name: str) -> str | None:
    """What a field says, if that is something else than before."""
    said = _plain(form.text(name))
    return said if form.all(name) and said != _plain(form.text(f"was-{name}")) else None


def _plain(text: str) -> str:
    # A form sends line breaks as CRLF, a field's value in the page has LF.
    return "\n".join(text.splitlines()).strip()


def _number(text: str) -> int:
    try:
        return int(text[:18])
    except ValueError:
        raise RapportError("The form was not complete.", "Look at the letter again.") from None


def _offer(config: Config, edition: Edition) -> tuple[str, dict[str, str]]:
    """Which of the offers the edition has, and staff's own words where it has some."""
    own = dict(edition.edits.get("cta", {}))
    if not own:
        return BY_ITSELF, {}
    for number, (_, said) in enumerate(offers(config)):
        if own == said:
            return str(number), {}
    return OWN_WORDS, own


def _edition(installation: Installation, form: Form) -> tuple[Edition, Digest]:
    edition = named(installation, form.text("edition"))
    for digest in installation.config.digests:
        if digest.name == edition.digest:
            return edition, digest
    raise RapportError(
        f"{edition.digest} is no digest of the configuration any more.", "Put it back to change its letters."
    )
