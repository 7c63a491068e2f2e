"""One subscriber as commands print it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pipeline.core.destination import Destination
from subscribers import times

if TYPE_CHECKING:
    from pipeline.cli.options import Options
    from pipeline.core.app import Installation
    from subscribers.people import Person


def print_person(
    options: Options, installation: Installation, person: Person, *said: str, **more: Any
) -> None:
    """Print what is known of somebody; ``said``: further lines, ``more``: further keys of the document."""
    zone = installation.config.newsletter.zone
    document = _document(installation, person)
    lines = [f"{person.email}{f' ({person.name})' if person.name else ''}"]
    if person.suppression:
        lines.append(f"  gets no mail: {person.suppression}")
    for one in person.subscriptions:
        paused = f", paused until {times.day(one.paused_until, zone)}" if one.paused_until else ""
        lines.append(f"  {one.digest}: {one.status} since {times.moment(one.since, zone)}{paused}")
    lines += [
        f"  {times.moment(one.at, zone)}: {one.action}{' ' + one.digest if one.digest else ''}"
        f" by {one.source}"
        f"{' from ' + one.network_address if one.network_address else ''}"
        f"{': ' + one.wording if one.wording else ''}"
        for one in person.consent
    ]
    for one in document["editions"]:
        went = Destination.of_edition(installation.config.delivery, one["provider"], begun=True)
        told = ", with the words of welcome" if one["welcome"] else ""
        lines.append(f"  {one['slug']}: {went.became(one['state'])}{told}")
    lines += [
        f"  welcome to {one['digest']}: {one['state']}{': ' + one['reason'] if one['reason'] else ''}"
        for one in document["welcomes"]
        if one["state"] != "handed"
    ]
    options.print({"subscriber": document} | more, *lines, *said)


def _document(installation: Installation, person: Person) -> dict[str, Any]:
    from pipeline.editions import find
    from pipeline.editions.ledger import readers
    from subscribers import welcomes

    with installation.database.read() as connection:
        held = readers.of_subscriber(connection, person.id) if person.id is not None else []
        greeted = welcomes.of_person(connection, person.id) if person.id is not None else []
        providers = find.providers(connection, [one["slug"] for one in held])
    return {
        "id": person.id,
        "email": person.email,
        "name": person.name,
        "suppression": person.suppression,
        "subscriptions": [
            {
                "digest": one.digest,
                "status": one.status,
                "since": times.iso(one.since),
                "paused_until": one.paused_until.isoformat() if one.paused_until else None,
            }
            for one in person.subscriptions
        ],
        "consent": [
            asdict(one) | {"version": one.version, "at": times.iso(one.at)} for one in person.consent
        ],
        "editions": [one | {"provider": providers[one["slug"]]} for one in held],
        "welcomes": [
            {"digest": one.digest, "state": one.state, "at": times.iso(one.at), "reason": one.reason}
            for one in greeted
        ],
    }
