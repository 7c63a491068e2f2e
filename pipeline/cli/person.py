"""One subscriber as commands print it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from subscribers import times

if TYPE_CHECKING:
    from pipeline.cli.options import Options
    from pipeline.core.app import Installation
    from subscribers.people import Person


def print_person(
    options: Options, installation: Installation, person: Person, *said: str, **more: Any
) -> None:
    """Print what is known of somebody; ``said``: further lines, ``more``: further keys of the document."""
    from pipeline.subscriptions.letters_of import became

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
        told = ", with the words of welcome" if one["welcome"] else ""
        lines.append(f"  {one['slug']}: {became(installation.config.delivery, one)}{told}")
    lines += [
        f"  welcome to {one['digest']}: {one['state']}{': ' + one['reason'] if one['reason'] else ''}"
        for one in document["welcomes"]
        if one["state"] != "handed"
    ]
    options.print({"subscriber": document} | more, *lines, *said)


def _document(installation: Installation, person: Person) -> dict[str, Any]:
    from pipeline.subscriptions.letters_of import letters_of

    with installation.database.read() as connection:
        had = letters_of(connection, person.id)
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
        "editions": had.editions,
        "welcomes": [
            {"digest": one.digest, "state": one.state, "at": times.iso(one.at), "reason": one.reason}
            for one in had.welcomes
        ],
    }
