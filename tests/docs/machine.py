"""A folder that stands for the server that a guide is about, and what its blocks do there."""

from __future__ import annotations

import os
import re
import shutil
import signal
import site
import socket
import subprocess
import sys
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.core.cron import check_schedule
from pipeline.core.settings import load
from tests.docs.blocks import Block, changed, matches
from tests.docs.standin import PROGRAMS
from tests.waiting import LONGEST, until

if TYPE_CHECKING:
    from collections.abc import Mapping

SOURCE = Path(__file__).parents[2]
STANDIN = Path(__file__).with_name("standin.py")

# What the guides name of a machine; the rest of its folders they only run programs of.
_ROOTED = re.compile(r"(?<![\w/.-])/(?=(?:etc|opt|root|usr/local|var)/)")


@dataclass
class Machine:
    """``hosts`` is what stands on this machine for the rest of the world: an address in the guides, and ours.

    ``deploy`` are changes of the files in docs/deploy/, which must fit: a file, and there what for what.
    """

    root: Path
    hosts: Mapping[str, str]
    deploy: tuple[tuple[str, str, str], ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    nginx: str = ""
    """Where nginx answers, which has no address of the guides to itself."""
    listening: Mapping[str, str] = field(default_factory=dict)
    """Where each web server listens, once `systemctl reload` has started it."""

    def __post_init__(self) -> None:
        for folder in (
            "bin", "root", "run", "usr/local/src", "usr/local/sbin", "opt", "etc/systemd/system", "etc/caddy",
            "etc/nginx/sites-enabled", "var/lib", "var/backups", "var/log/journal", "var/log/nginx",
        ):  # fmt: skip
            (self.root / folder).mkdir(parents=True)
        for name in PROGRAMS:
            self._program(name, f'exec "{sys.executable}" "{STANDIN}" {name} "$@"')
        source = self.root / "usr/local/src/rapport"
        source.mkdir()
        for name in ("pipeline", "subscribers", "templates", "docs/deploy"):
            shutil.copytree(SOURCE / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "requirements.txt", "README.md", "LICENSE"):
            shutil.copyfile(SOURCE / name, source / name)
        deploy = source / "docs/deploy"
        for name, old, new in self.deploy:
            text = (deploy / name).read_text()
            assert old in text, f"deploy/{name} has no {old}"
            (deploy / name).write_text(text.replace(old, new))
        for file in deploy.rglob("*"):
            if file.is_file():
                file.write_text(self.here(file.read_text()))

    def here(self, text: str) -> str:
        """A text of a guide, with what stands here for its hosts and folders."""
        for theirs, ours in self.hosts.items():
            text = text.replace(theirs, ours)
        return _ROOTED.sub(f"{self.root}/", text)

    def there(self, text: str) -> str:
        """What was printed here, as it would be there."""
        text = text.replace(str(self.root), "")
        for theirs, ours in self.hosts.items():
            text = text.replace(ours, theirs)
        return text

    def do(self, block: Block) -> None:
        """What the block says. Raises AssertionError where that fails or prints something else."""
        match block.kind, block.mark:
            case "sh", "until Ctrl-C":
                self._serve(block)
            case "sh", "elsewhere":
                self._elsewhere(block)
            case "sh", "engine":
                pass  # test_deploy.py looks at them
            case "sh", mark:
                self._run(block, mark)
            case "toml", mark:
                self._configure(block, keep=not mark)
            case "ini", file:
                with Path(self.here(file)).open("a") as lines:
                    lines.write(self.here(block.text))
            case "crontab", _:
                self._cron(block)

    def file(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def systemctl(self, *words: str) -> None:
        self._run(Block("", 0, "sh", "machine", f"systemctl {' '.join(words)}"), "machine")

    def end(self) -> None:
        """End what the stand-ins started, each by its own number."""
        for file in (self.root / "run").iterdir():
            with suppress(ProcessLookupError):
                os.kill(int(file.read_text()), signal.SIGTERM)

    def logs(self) -> str:
        """The last that services and web servers wrote."""
        files = sorted(file for file in self.file("/var/log").rglob("*") if file.is_file())
        return "\n".join(f"{file.name}:\n{file.read_text(errors='replace')[-2000:]}" for file in files)

    def _program(self, name: str, script: str) -> None:
        file = self.root / "bin" / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)

    def _environment(self, mark: str = "") -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TZ") if name in os.environ}
        return kept | {
            "MACHINE": str(self.root),
            "BLOCK": mark,
            "HOME": str(self.root / "root"),
            "PATH": f"{self.root}/bin:{self.root}/usr/local/sbin:/usr/bin:/bin",
            # What pip would fetch is there already, and nothing else may be.
            "PYTHONPATH": os.pathsep.join(site.getsitepackages()),
            "PIP_NO_INDEX": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            **self.environment,
        }  # fmt: skip

    def _run(self, block: Block, mark: str) -> None:
        ran = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self.here(block.text)],
            cwd=self.root / "root",
            env=self._environment(mark),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        printed = self.there(ran.stdout)
        for name, address in self.listening.items():
            if f"systemctl reload {name}" in block.text:
                until(lambda address=address: answers(address))
        status = 1 if mark == "exits 1" else 0
        assert ran.returncode == status, f"{block.where}: exit status {ran.returncode}\n{printed}"
        if block.prints is not None:
            assert matches(printed, block.prints), f"{block.where} prints\n{printed}and not\n{block.prints}"

    def _serve(self, block: Block) -> None:
        (command,) = block.text.splitlines()
        # Any port: somebody may have the one that it takes by itself.
        process = subprocess.Popen(
            ["bash", "-c", f"exec {self.here(command)} --port 0"],
            cwd=self.root / "root",
            env=self._environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        told = process.stdout.readline()
        address = re.search(r"http://\S+", told)
        assert address, told
        with urllib.request.urlopen(address[0], timeout=LONGEST) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=LONGEST)
        assert process.returncode == 0, block.where

    def _elsewhere(self, block: Block) -> None:
        for line in block.text.splitlines():
            program, *arguments = line.split()
            assert program == "ssh"
            # -G: understand it all, say what would be done, and connect nowhere.
            told = subprocess.run(
                ["ssh", "-G", *arguments], capture_output=True, text=True, check=True
            ).stdout
            assert "localforward 8001 [127.0.0.1]:8001" in told

    def _configure(self, block: Block, *, keep: bool) -> None:
        file = self.file("/var/lib/rapport/rapport.toml")
        text = changed(file.read_text(), self.here(block.text))
        trial = file if keep else file.with_name("trial.toml")
        trial.write_text(text)
        load(trial, {})
        if not keep:
            trial.unlink()

    def _cron(self, block: Block) -> None:
        for line in block.text.splitlines():
            *times, user, command = line.split(None, 6)
            check_schedule(" ".join(times))
            assert user == "root"
            ran = subprocess.run(
                ["/bin/sh", "-c", self.here(command)],  # as cron does
                cwd=self.root / "root",
                env=self._environment(),
                capture_output=True,
                text=True,
                check=False,
            )
            assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", ""), block.where


def answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), LONGEST).close()
    except ConnectionRefusedError:
        return False
    return True
