"""Passkeys (WebAuthn level 3): keys of one site, kept by a device or password manager, used by finger or PIN.

What is checked stands in section 7 there, and py_webauthn does it: a challenge of ours, made for this browser
and used once; our origin and name; that somebody was present and verified; the signature, and that its
counter went on. Who made the device (attestation) is not asked.
"""

from __future__ import annotations

import json
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import delete, func, select, update

from subscribers import clock
from subscribers.staff import accounts, secret_values
from subscribers.staff.tables import challenges, passkeys

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from subscribers.staff.accounts import Account

GOOD_FOR = timedelta(minutes=5)
"""How long somebody has for finger or PIN."""

MOST = 10
"""Passkeys of one account."""


class RelyingParty(NamedTuple):
    """Whom a key is for, as WebAuthn calls it: the host's name, and the origin of the pages."""

    name: str
    origin: str


class Passkey(NamedTuple):
    id: str
    made_at: datetime
    used_at: datetime | None


def ready() -> None:
    """Load what checks them. It takes half a second, which must not be within a transaction."""
    import webauthn  # noqa: F401


def of_account(connection: Connection, account: int) -> list[Passkey]:
    query = (
        select(passkeys.c.id, passkeys.c.made_at, passkeys.c.used_at)
        .where(passkeys.c.account_id == account)
        .order_by(passkeys.c.made_at)
    )
    return [Passkey(*row) for row in connection.execute(query)]


def counted(connection: Connection) -> dict[int, int]:
    """How many each account has that has any."""
    query = select(passkeys.c.account_id, func.count()).group_by(passkeys.c.account_id)
    return {row[0]: row[1] for row in connection.execute(query)}


def challenge(connection: Connection, bearer: str) -> bytes:
    """A new challenge, for the bearer of this cookie."""
    made = secrets.token_bytes(32)
    until = clock.now() + GOOD_FOR
    values = {"hash": _hashed(made), "bearer": secret_values.hashed(bearer), "until": until}
    connection.execute(challenges.insert().values(values))
    return made


def options_to_add(
    party: RelyingParty, made: bytes, account: Account, there: list[Passkey], shown: str
) -> str:
    """What a browser is asked, in JSON, to make a key for an account. ``shown``: what the site is called."""
    import webauthn
    from webauthn.helpers import base64url_to_bytes, structs

    asked = webauthn.generate_registration_options(
        rp_id=party.name,
        rp_name=shown,
        user_name=account.email,
        user_id=account.id.to_bytes(8, "big"),
        challenge=made,
        exclude_credentials=[
            structs.PublicKeyCredentialDescriptor(id=base64url_to_bytes(one.id)) for one in there
        ],
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
    )
    return webauthn.options_to_json(asked)


def options_to_sign_in(party: RelyingParty, made: bytes) -> str:
    """What a browser is asked, in JSON, to sign in: no account is named, so none is told."""
    import webauthn
    from webauthn.helpers.structs import UserVerificationRequirement

    return webauthn.options_to_json(
        webauthn.generate_authentication_options(
            rp_id=party.name, challenge=made, user_verification=UserVerificationRequirement.REQUIRED
        )
    )


def add(connection: Connection, account: int, party: RelyingParty, answer: str, bearer: str) -> bool:
    """Keep the key that a browser made; whether it is one, for a challenge of this bearer's."""
    import webauthn
    from webauthn.helpers import bytes_to_base64url

    found = _challenge_of(connection, answer, bearer)
    number = select(func.count()).where(passkeys.c.account_id == account)
    if found is None or (connection.scalar(number) or 0) >= MOST:
        return False
    try:
        made = webauthn.verify_registration_response(
            credential=found.answer,
            expected_challenge=found.challenge,
            expected_rp_id=party.name,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except Exception:  # whatever the bytes of a stranger's device do to a parser: it is no key
        return False
    name = bytes_to_base64url(made.credential_id)
    if connection.execute(select(passkeys.c.id).where(passkeys.c.id == name)).first() is not None:
        return False
    connection.execute(
        passkeys.insert().values(
            id=name,
            account_id=account,
            public_key=bytes_to_base64url(made.credential_public_key),
            sign_count=made.sign_count,
            made_at=clock.now(),
        )
    )
    return True


def remove(connection: Connection, account: int, name: str) -> bool:
    gone = delete(passkeys).where(passkeys.c.id == name, passkeys.c.account_id == account)
    return connection.execute(gone).rowcount > 0


def used(connection: Connection, party: RelyingParty, answer: str, bearer: str) -> Account | None:
    """Whose key signed a challenge of this bearer's."""
    import webauthn
    from webauthn.helpers import base64url_to_bytes

    found = _challenge_of(connection, answer, bearer)
    if found is None:
        return None
    name = found.answer.get("id")
    if not isinstance(name, str) or not name.isascii() or not name.isprintable():
        return None  # what no database can even be asked for
    key = connection.execute(select(passkeys).where(passkeys.c.id == name)).first()
    if key is None:
        return None
    try:
        signed = webauthn.verify_authentication_response(
            credential=found.answer,
            expected_challenge=found.challenge,
            expected_rp_id=party.name,
            expected_origin=party.origin,
            credential_public_key=base64url_to_bytes(key.public_key),
            credential_current_sign_count=key.sign_count,
            require_user_verification=True,
        )
    except Exception:  # as above
        return None
    values = {"sign_count": signed.new_sign_count, "used_at": clock.now()}
    noted = connection.execute(update(passkeys).where(passkeys.c.id == key.id).values(values))
    if noted.rowcount == 0:  # it was removed at this moment
        return None
    return accounts.by_id(connection, key.account_id)


class _Answer(NamedTuple):
    answer: dict[str, Any]
    challenge: bytes


def _challenge_of(connection: Connection, answer: str, bearer: str) -> _Answer | None:
    """A browser's answer with the challenge that it names, if that is good for this bearer. It is used up."""
    from webauthn.helpers import base64url_to_bytes

    try:
        read = json.loads(answer)
        client = json.loads(base64url_to_bytes(read["response"]["clientDataJSON"]))
        made = base64url_to_bytes(client["challenge"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    gone = (
        delete(challenges)
        .where(
            challenges.c.hash == _hashed(made),
            challenges.c.bearer == secret_values.hashed(bearer),
            challenges.c.until > clock.now(),
        )
        .returning(challenges.c.hash)
    )
    return _Answer(read, made) if bearer and connection.execute(gone).first() is not None else None


def _hashed(made: bytes) -> str:
    return secret_values.hashed(made.hex())
