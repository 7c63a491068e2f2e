"""What stands in the guides' commands for programs that change a machine: `standin.py PROGRAM ARGUMENT...`.

Each does what can be done in a folder and refuses what it does not know: services are really started as their
units say, users and packages are only looked at. $MACHINE is the folder that stands for /.
"""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(os.environ.get("MACHINE", "/nowhere"))
UNITS, JOURNAL, RUNNING = ROOT / "etc/systemd/system", ROOT / "var/log/journal", ROOT / "run"
USERS = ROOT / "users"
REAL = "/usr/sbin:/usr/bin:/sbin:/bin"
WEB = {
    "caddy": ["caddy", "run", "--adapter", "caddyfile", "--config", f"{ROOT}/etc/caddy/Caddyfile"],
    "nginx": ["nginx", "-c", f"{ROOT}/etc/nginx/nginx.conf", "-e", f"{ROOT}/var/log/nginx/error.log"],
}


def apt_get(command: str, yes: str, *packages: str) -> None:
    assert (command, yes) == ("install", "-y")
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", package) for package in packages)


def useradd(*arguments: str) -> None:
    known = subprocess.run(["/usr/sbin/useradd", "--help"], capture_output=True, text=True, check=True).stdout
    assert {one for one in arguments if one.startswith("-")} <= set(re.findall(r"--[a-z-]+", known))
    with USERS.open("a") as file:
        file.write(f"{arguments[-1]}\n")


def install(*arguments: str) -> None:
    """The owner must have been made; whose the files are is left as it is."""
    left = list(arguments)
    for option in ("-o", "-g"):
        if option in left:
            place = left.index(option)
            assert left[place + 1] in USERS.read_text().split()
            del left[place : place + 2]
    subprocess.run(["/usr/bin/install", *left], check=True)


def runuser(u: str, user: str, dashes: str, *command: str) -> None:
    assert (u, user, dashes) == ("-u", "postgres", "--")
    assert command[0] in ("createuser", "createdb")  # the tests' server has a database ready


def setpriv(*arguments: str) -> None:
    """The user must have been made; the command runs as whoever runs the tests."""
    user, group, groups, dashes, *command = arguments
    made = USERS.read_text().split()
    assert user.removeprefix("--reuid=") in made
    assert group.removeprefix("--regid=") in made
    assert (groups, dashes) == ("--init-groups", "--")
    os.execvp(command[0], command)


def editor(file: str) -> None:
    assert Path(file).is_file(), f"there is no {file} to edit"


def python3(*arguments: str) -> None:
    """This one. A virtual environment gets the pip that is there: to unpack another takes it seconds."""
    if arguments[:2] == ("-m", "venv"):
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", *arguments[2:]], check=True)
        pip = Path(arguments[2]) / "bin/pip"
        pip.write_text('#!/bin/sh\nexec "${0%/*}/python" -m pip "$@"\n')
        pip.chmod(0o755)
    else:
        os.execv(sys.executable, [sys.executable, *arguments])


def certbot(only: str, way: str, d: str, host: str) -> None:
    assert (only, way, d) == ("certonly", "--nginx", "-d")
    folder = ROOT / "etc/letsencrypt/live" / host
    folder.mkdir(parents=True)
    for name in ("fullchain.pem", "privkey.pem"):
        shutil.copyfile(os.environ["SSL_CERT_FILE"], folder / name)


def nginx(t: str) -> None:
    assert t == "-t"
    os.execvp(*_real(*WEB["nginx"], t))


def caddy(*arguments: str) -> None:
    os.execvp(*_real("caddy", *arguments))


def journalctl(u: str, unit: str, *how: str) -> None:
    assert (u, how[0], how[2:]) == ("-u", "-n", ("-o", "cat"))
    print("\n".join((JOURNAL / _named(unit)).read_text().splitlines()[-int(how[1]) :]))


def systemctl(verb: str, *arguments: str) -> None:
    names = [argument for argument in arguments if argument != "--now"]
    for name in names:
        if name in WEB:
            assert verb == "reload"
            _serve(name, _real(*WEB[name])[1], dict(os.environ), wait=False)
        elif name.endswith(".timer"):
            assert verb == "enable"
            assert _unit(name.removesuffix(".timer"))["Service"]["ExecStart"]
        elif verb == "stop" or (verb == "disable" and "--now" in arguments):
            _stop(_named(name))
        else:
            assert verb in ("start", "restart") or (verb == "enable" and "--now" in arguments)
            _stop(_named(name))
            _start(_named(name))
    assert names or verb == "daemon-reload"


def _unit(name: str) -> configparser.RawConfigParser:
    """A unit with what all of Rapport's share; a setting that stands there twice is read once."""
    read = configparser.RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#",))
    read.optionxform = str  # type: ignore[assignment]
    file = re.sub(r"@.*", "@", name) + ".service"
    assert len(read.read([UNITS / "rapport-.service.d/common.conf", UNITS / file])) == 2, f"no unit {name}"
    return read


def _start(name: str) -> None:
    service = _unit(name)["Service"]
    environment = dict(os.environ)
    for line in Path(service["EnvironmentFile"]).read_text().splitlines():
        variable, _, value = line.partition("=")
        environment[variable] = value
    os.chdir(service["WorkingDirectory"])
    command = shlex.split(service["ExecStart"])
    if service["Type"] == "oneshot":
        with (JOURNAL / name).open("a") as journal:
            ended = subprocess.run(command, env=environment, stdout=journal, stderr=journal, check=False)
        assert ended.returncode == 0, (JOURNAL / name).read_text()
    else:
        _serve(name, command, environment, wait=True)


def _serve(name: str, command: list[str], environment: dict[str, str], *, wait: bool) -> None:
    with (JOURNAL / name).open("a") as journal:
        begun = journal.tell()
        process = subprocess.Popen(
            command, env=environment, stdout=journal, stderr=journal, start_new_session=True
        )
    (RUNNING / name).write_text(str(process.pid))
    while wait and (JOURNAL / name).stat().st_size == begun:
        assert process.poll() is None, (JOURNAL / name).read_text()
        time.sleep(0.02)


def _stop(name: str) -> None:
    if (RUNNING / name).exists():
        pid = int((RUNNING / name).read_text())
        (RUNNING / name).unlink()
        os.kill(pid, signal.SIGTERM)
        while _runs(pid):
            time.sleep(0.02)


def _runs(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]
    except (FileNotFoundError, ProcessLookupError):  # gone before it was opened, or before it was read
        return False


def _named(unit: str) -> str:
    return unit.removesuffix(".service")


def _real(program: str, *arguments: str) -> tuple[str, list[str]]:
    """The program itself, and how it is called."""
    found = shutil.which(program, path=REAL)
    assert found, f"{program} is not installed"
    return found, [found, *arguments]


PROGRAMS = {
    "apt-get": apt_get, "useradd": useradd, "install": install, "runuser": runuser, "setpriv": setpriv,
    "editor": editor,
    "python3": python3, "certbot": certbot, "nginx": nginx, "caddy": caddy, "journalctl": journalctl,
    "systemctl": systemctl,
}  # fmt: skip
HARMLESS = {"install", "setpriv", "editor", "python3"}

if __name__ == "__main__":
    program, *given = sys.argv[1:]
    if program not in HARMLESS and os.environ["BLOCK"] != "machine":
        sys.exit(f"{program} changes the machine: mark the block ```sh machine")
    PROGRAMS[program](*given)
