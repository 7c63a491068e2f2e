"""One subscriber as commands print it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.cli.options import Options
    from pipeline.core.app import Installation
    from subscribers.people import Person


def print_person(options: Options, installation: Installation, person: Person) -> None:
    """Print what is known of somebody."""
    document = _document(installation, person)
    lines = [f"{person.email}{f' ({person.name})' if person.name else ''}"]
    if person.suppression:
        lines.append(f"  gets no mail: {person.suppression}")
    for one in document["subscriptions"]:
        paused = f", paused until {one['paused_until']}" if one["paused_until"] else ""
        lines.append(f"  {one['digest']}: {one['status']} since {one['since']}{paused}")
    lines += [
        f"  {one['at']} {one['action']}{' ' + one['digest'] if one['digest'] else ''} by {one['source']}"
        f"{' from ' + one['network_address'] if one['network_address'] else ''}"
        f"{': ' + one['wording'] if one['wording'] else ''}"
        for one in document["consent"]
    ]
    lines += [f"  {one['slug']}: {one['state']}" for one in document["editions"]]
    options.print({"subscriber": document}, *lines)


def _document(installation: Installation, person: Person) -> dict[str, Any]:
    from pipeline.editions.ledger import outcomes

    with installation.database.read() as connection:
        editions = outcomes.of_subscriber(connection, person.id) if person.id is not None else []
    return {
        "id": person.id,
        "email": person.email,
        "name": person.name,
        "suppression": person.suppression,
        "subscriptions": [
            {
                "digest": one.digest,
                "status": one.status,
                "since": one.since.isoformat(timespec="seconds"),
                "paused_until": one.paused_until.isoformat() if one.paused_until else None,
            }
            for one in person.subscriptions
        ],
        "consent": [
            asdict(one) | {"version": one.version, "at": one.at.isoformat(timespec="seconds")}
            for one in person.consent
        ],
        "editions": editions,
    }
