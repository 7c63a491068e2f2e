"""What the guides' commands find at the other end, and a server as section 4 of docs/install.md leaves it."""

from __future__ import annotations

import io
import shutil
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from ssl import SSLContext, create_default_context
from typing import TYPE_CHECKING

import pytest

from pipeline.cli import main
from pipeline.core.app import Installation
from tests import commands
from tests.certificate import write_certificate
from tests.docs.blocks import blocks
from tests.docs.machine import SOURCE, Machine
from tests.docs.standin import REAL
from tests.doubles.blog import Blog, Item
from tests.doubles.nobody import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

INSTALL, OPERATIONS, IMPORTING, HOSTS, SENDGRID = (
    SOURCE / "docs" / f"{name}.md" for name in ("install", "operations", "importing", "hosts", "sendgrid")
)


needs_web_servers = pytest.mark.skipif(
    not all(shutil.which(name, path=REAL) for name in ("caddy", "nginx")),
    reason="no Caddy or no nginx: apt-get install caddy nginx-light",
)


@pytest.fixture
def blog() -> Iterator[Blog]:
    with Blog([Item("What happens in a first session", datetime.now(UTC) - timedelta(days=1))]) as served:
        yield served


@pytest.fixture
def make_machine(tmp_path: Path, blog: Blog) -> Iterator[Callable[..., Machine]]:
    """Makes an empty server, with ``more`` hosts standing here."""
    made: list[Machine] = []

    def make(**more: str) -> Machine:
        certificate = write_certificate(tmp_path / "server.pem")
        rapport, caddy, nginx = (f"127.0.0.1:{free_port()}" for _ in range(3))
        # A command that meets a tick of the scheduler says "busy", which is right, and no use here.
        serve = f"rapport serve --port {rapport[10:]} --no-scheduler"
        site = f"https://{caddy} {{\n\ttls {certificate} {certificate}"
        machine = Machine(
            tmp_path / "server",
            hosts={
                "https://example.org/blog?format=rss": blog.url,
                "https://letter.example.org": f"https://{caddy}",
                "127.0.0.1:8000": rapport,
                "https://heartbeat.example.org/your-id": f"{blog.site}/",
                **more,
            },
            deploy=(
                ("systemd/rapport-serve.service", "rapport serve", serve),
                ("Caddyfile", "letter.example.org {", site),
                ("Caddyfile", "{\n\tlog", "{\n\tadmin off\n\tauto_https disable_redirects\n\tlog"),
                ("nginx.conf", "listen 443 ssl;\n    listen [::]:443 ssl;", f"listen {nginx} ssl;"),
            ),
            environment={
                "SSL_CERT_FILE": str(certificate),
                "CURL_CA_BUNDLE": str(certificate),
                # Whatever day it is, nothing comes due meanwhile.
                "RAPPORT_DIGESTS__0__SCHEDULE": f"0 9 * * {(datetime.now(UTC) + timedelta(days=3)):%w}",
            },
        )
        machine.nginx = f"https://{nginx}"
        machine.listening = {"caddy": caddy, "nginx": nginx}
        machine.file("/etc/nginx/nginx.conf").write_text(
            f"daemon off; pid {machine.root}/nginx.pid; error_log {machine.root}/var/log/nginx/error.log;\n"
            f"events {{}}\nhttp {{ include {machine.root}/etc/nginx/sites-enabled/*; }}\n"
        )
        made.append(machine)
        return machine

    yield make
    for machine in made:
        machine.end()
        print(machine.logs())  # is seen where the test failed


def lead_to_section_4(machine: Machine) -> None:
    """What sections 1 to 4 of docs/install.md leave, in a moment: they are run by a test of their own."""
    programs = machine.file("/opt/rapport/bin")
    programs.mkdir(parents=True)
    commands.rapport(programs / "rapport")
    (programs / "pip").symlink_to("/bin/true")  # it is run in section 1
    home = machine.file("/var/lib/rapport")
    for folder in (home, machine.file("/var/backups/rapport")):
        folder.mkdir()
    source = machine.file("/usr/local/src/rapport/docs/deploy")
    for name in ("rapport", "rapport-backup"):
        shutil.copy(source / name, machine.file("/usr/local/sbin"))
    shutil.copytree(source / "systemd", machine.file("/etc/systemd/system"), dirs_exist_ok=True)
    shutil.copy(source / "Caddyfile", machine.file("/etc/caddy"))
    machine.file("/etc/rapport.env").touch(mode=0o600)
    (machine.root / "users").write_text("rapport\n")
    shutil.copyfile(SOURCE / "templates" / "rapport.toml", home / "rapport.toml")
    for block in blocks(INSTALL):
        if block.section <= 4 and block.kind == "toml" and not block.mark:
            machine.do(block)
    with Installation.open(home / "rapport.toml", {}) as installation:
        assert installation.tokens.fingerprints  # the trial letter made the secret


def at_once(machine: Machine, *commands: tuple[str, ...]) -> None:
    """Commands of ours in this process, without the second that each takes to start."""
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()):
        patch.chdir(machine.file("/var/lib/rapport"))
        patch.delenv("RAPPORT_SECRET", raising=False)
        for name, value in machine.environment.items():
            patch.setenv(name, value)
        for command in commands:
            assert main(command) == 0, command


def trusted(machine: Machine) -> SSLContext:
    """How to ask the machine's web servers."""
    return create_default_context(cafile=machine.environment["SSL_CERT_FILE"])
