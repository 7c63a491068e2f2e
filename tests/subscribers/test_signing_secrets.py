"""The secrets that sign links: where they come from, and who may read them."""

from __future__ import annotations

import multiprocessing
import stat
from typing import TYPE_CHECKING

import pytest

from subscribers.errors import SubscriberError
from subscribers.signing_secrets import VARIABLE, load_secrets

if TYPE_CHECKING:
    from pathlib import Path


def test_secrets_come_from_the_environment_newest_first() -> None:
    environment = {VARIABLE: " the newer of the two ,the older of the two\n"}
    assert load_secrets(environment, None) == [
        b"the newer of the two",
        b"the older of the two",
    ]


def test_a_short_secret_is_refused_and_not_printed() -> None:
    with pytest.raises(SubscriberError) as refused:
        load_secrets({VARIABLE: "long enough to be taken,hunter2"}, None)
    assert "number 2" in refused.value.message
    assert "hunter2" not in refused.value.message + refused.value.remedy


@pytest.mark.parametrize("environment", [{}, {VARIABLE: ""}, {VARIABLE: " , "}])
def test_without_a_secret_the_remedy_is_told(environment: dict[str, str]) -> None:
    with pytest.raises(SubscriberError, match="not set") as refused:
        load_secrets(environment, None)
    assert "token_urlsafe" in refused.value.remedy


def test_the_embedded_default_makes_one_secret_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "rapport.secret"
    made = load_secrets({}, file)
    assert load_secrets({}, file) == made
    assert len(made[0]) >= 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_a_secret_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    file = tmp_path / "rapport.secret"
    made = load_secrets({}, file)
    file.chmod(0o644)
    assert load_secrets({}, file) == made
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_links_signed_with_the_file_outlive_a_secret_in_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "rapport.secret"
    made = load_secrets({}, file)
    named = {VARIABLE: "a secret in the environment"}
    assert load_secrets(named, file) == [b"a secret in the environment", *made]
    assert load_secrets(named, tmp_path / "none") == [b"a secret in the environment"]
    assert not (tmp_path / "none").exists()


def test_an_emptied_secret_is_not_quietly_replaced(tmp_path: Path) -> None:
    file = tmp_path / "rapport.secret"
    file.touch(0o600)
    with pytest.raises(SubscriberError, match="is empty"):
        load_secrets({}, file)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SubscriberError, match="cannot be read or made"):
        load_secrets({}, tmp_path / "nowhere" / "rapport.secret")


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "rapport.secret").mkdir(0o700)
    for named in ({}, {VARIABLE: "a secret in the environment"}):
        with pytest.raises(SubscriberError, match="cannot be read or made") as told:
            load_secrets(named, tmp_path / "rapport.secret")
        assert (told.value.code, "$RAPPORT_SECRET" in told.value.remedy) == ("secret", True)


def test_processes_that_start_at_once_have_the_same_secret(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    with context.Pool(4) as pool:
        found = pool.starmap(load_secrets, [({}, tmp_path / "rapport.secret")] * 16, chunksize=1)
    assert len({tuple(secrets) for secrets in found}) == 1
