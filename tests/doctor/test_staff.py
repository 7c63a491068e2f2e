"""Whether staff can sign in safely, and whether anybody may say who else may."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from pipeline.core.schema import open_database
from pipeline.doctor.staff import signing_in
from subscribers.staff import accounts
from subscribers.staff.roles import Role
from tests.doctor.conftest import found

if TYPE_CHECKING:
    from pathlib import Path

    from tests.doctor.conftest import Make


def said(make: Make, folder: Path, *who: tuple[str, Role], **sections: object) -> dict[str, str]:
    url = f"sqlite:///{folder / 'rapport.db'}"
    with closing(open_database(url)) as database, database.write() as connection:
        for email, role in who:
            accounts.join(connection, accounts.invite(connection, email, role))
        accounts.invite(connection, "invited@example.org", Role.ADMIN)
    findings = found(signing_in, make(database={"url": url}, **sections))
    assert all(bool(finding.remedy) == (finding.level != "ok") for finding in findings)
    return {finding.name: finding.level for finding in findings}


def test_with_an_admin_over_https_all_is_well(make: Make, tmp_path: Path) -> None:
    assert said(make, tmp_path, ("a@example.org", Role.ADMIN)) == {"staff.admin": "ok"}


def test_an_invitation_that_nobody_accepted_is_no_admin(make: Make, tmp_path: Path) -> None:
    assert said(make, tmp_path, ("a@example.org", Role.EDITOR)) == {"staff.admin": "warning"}


@pytest.mark.parametrize(
    ("address", "levels"),
    [
        ("http://letter.example.org", {"staff.admin": "ok", "staff.https": "warning"}),
        ("http://127.0.0.1:8000", {"staff.admin": "ok"}),
    ],
)
def test_without_https_nobody_signs_in_but_on_this_machine(
    make: Make, tmp_path: Path, address: str, levels: dict[str, str]
) -> None:
    newsletter = {"public_url": address}
    assert said(make, tmp_path, ("a@example.org", Role.ADMIN), newsletter=newsletter) == levels


def test_links_that_decide_though_staff_can_sign_in_are_told(make: Make, tmp_path: Path) -> None:
    levels = said(make, tmp_path, ("a@example.org", Role.ADMIN), staff={"links_decide": True})
    assert levels == {"staff.admin": "ok", "staff.links": "warning"}


def test_without_any_account_the_first_invitation_is_named(make: Make, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'rapport.db'}"
    open_database(url).close()
    (finding,) = found(signing_in, make(database={"url": url}))
    assert finding.level == "ok"
    assert "rapport staff invite ADDRESS --role admin" in finding.message
