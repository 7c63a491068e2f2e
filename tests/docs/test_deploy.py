"""docs/deploy/: units that systemd knows and locks up, a container file and a CronJob that fit the guide."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import click
import pytest
import yaml

from pipeline.cli import cli
from pipeline.core.cron import check_schedule
from tests.docs.blocks import blocks
from tests.docs.conftest import HOSTS, INSTALL, lead_to_section_4
from tests.docs.machine import SOURCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.docs.machine import Machine

DEPLOY = SOURCE / "docs" / "deploy"
UNITS = sorted(file.name for file in (DEPLOY / "systemd").iterdir() if file.is_file())
SERVICES = [unit.replace("@", "@1") for unit in UNITS if unit.endswith(".service")]

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="no systemd-analyze: apt-get install systemd"
)


@pytest.fixture
def units(make_machine: Callable[..., Machine]) -> Path:
    """The units as they are installed, with the programs that they start."""
    machine = make_machine()
    lead_to_section_4(machine)
    return machine.file("/etc/systemd/system")


def analyze(units: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *arguments],
        env={"PATH": "/usr/bin:/bin", "SYSTEMD_UNIT_PATH": f"{units}:", "HOME": "/"},
        capture_output=True,
        text=True,
        check=False,
    )


@needs_systemd
def test_systemd_has_nothing_to_say_against_the_units(units: Path) -> None:
    files = [str(units / unit.replace("@", "@1")) for unit in UNITS]
    said = analyze(units, "verify", "--man=no", "--generators=no", *files)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


@needs_systemd
def test_every_service_is_locked_up(units: Path) -> None:
    """By systemd's own reckoning, from 0 (safe) to 10; below 2 it calls a service OK."""
    for service in SERVICES:
        told = analyze(
            units, "security", "--offline=yes", "--threshold=20", "--json=short", str(units / service)
        )
        assert told.returncode == 0, f"{service}: {told.stdout}{told.stderr}"
        open_to = {one["json_field"] for one in json.loads(told.stdout) if not one["set"]}
        assert not open_to & {
            "NoNewPrivileges", "ProtectSystem", "ProtectHome", "PrivateTmp", "PrivateDevices",
            "UserOrDynamicUser",
        }  # fmt: skip


def test_what_the_units_start_is_there_is_of_the_right_user_and_reads_the_keys(units: Path) -> None:
    shared = (units / "rapport-.service.d" / "common.conf").read_text()
    assert {"User=rapport", "NoNewPrivileges=yes", "ProtectSystem=strict", "StateDirectory=rapport"} <= set(
        shared.splitlines()
    )
    for unit in UNITS:
        for command in re.findall(r"(?m)^ExecStart=(.*)$", (units / unit).read_text()):
            program, *arguments = shlex.split(command)
            if program.endswith("/rapport"):
                known_to_rapport(arguments)
            else:
                assert program.endswith("/usr/local/sbin/rapport-backup")


def test_the_command_for_hands_and_cron_needs_no_more_than_crons_path() -> None:
    (program,) = re.findall(r"(?m)^exec (\S+)", (DEPLOY / "rapport").read_text())
    assert shutil.which(program, path="/usr/bin:/bin")


def test_the_container_file_installs_as_the_guide_does_and_ends_as_a_user_of_its_own() -> None:
    steps = [
        tuple(line.split(" ", 1))
        for line in (DEPLOY / "Containerfile").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    said = {name: [rest for known, rest in steps if known == name] for name, _ in steps}
    assert re.fullmatch(r"python:3\.1[1-9]-slim\S*", said["FROM"][0])
    for copied in said["COPY"]:
        *files, to = copied.split()
        assert all((SOURCE / file).exists() for file in files)
        assert to.startswith("/usr/local/src/rapport/")
    # All that the wheel is made of.
    built = {
        "pipeline",
        "subscribers",
        "templates",
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "requirements.txt",
    }
    assert {file for copied in said["COPY"] for file in copied.split()[:-1]} == built
    lines = blocks(INSTALL)[0].text.splitlines()
    guide = [
        line.removeprefix("/opt/rapport/bin/") for line in lines if line.startswith("/opt/rapport/bin/pip")
    ]
    assert [step.replace("--no-cache-dir ", "") for step in said["RUN"] if step.startswith("pip")] == guide
    (user,) = said["USER"]
    assert f" {user}" in said["RUN"][0]
    assert said["VOLUME"] == said["WORKDIR"] == ["/data"]
    assert json.loads(said["ENTRYPOINT"][0]) == ["rapport"]
    known_to_rapport(json.loads(said["CMD"][0]))


def test_the_cron_job_runs_what_is_due_with_the_names_that_the_guide_gives() -> None:
    job: dict[str, Any] = yaml.safe_load((DEPLOY / "cronjob.yaml").read_text())
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "CronJob")
    check_schedule(job["spec"]["schedule"])
    assert job["spec"]["concurrencyPolicy"] == "Forbid"
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    known_to_rapport(container["args"])
    kubectl = next(block.text for block in blocks(HOSTS) if "kubectl" in block.text)
    (secret,) = (one["secretRef"]["name"] for one in container["envFrom"])
    (volume,) = pod["volumes"]
    assert f"create secret generic {secret} " in kubectl
    assert f"create configmap {volume['configMap']['name']} " in kubectl
    assert [one["name"] for one in container["volumeMounts"]] == [volume["name"]]


def test_what_the_guide_has_a_container_do_rapport_can() -> None:
    lines = [line for block in blocks(HOSTS) if block.mark == "engine" for line in block.text.splitlines()]
    for line in lines:
        program, verb, *rest = shlex.split(line)
        assert (program, verb) in {
            ("podman", "build"), ("podman", "run"), ("kubectl", "create"), ("kubectl", "apply"),
        }, line  # fmt: skip
        for path in re.findall(r"/usr/local/src/rapport(/\S+)", line):
            assert (SOURCE / path.lstrip("/")).is_file(), path
        if verb == "run":
            assert "rapport:/data" in rest
            image = len(rest) - 1 - rest[::-1].index("rapport")
            known_to_rapport(rest[image + 1 :])


def known_to_rapport(arguments: list[str]) -> None:
    """Rapport has this command with these options; nothing is done."""
    if not arguments:
        return
    name, *rest = arguments
    with click.Context(cli) as context:
        command = cli.get_command(context, name)
        assert command is not None, name
        command.make_context(name, rest, parent=context)
