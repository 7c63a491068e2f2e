"""What POST /subscribe takes for a known, an unknown and a suppressed address: nobody is to be told apart.

`python -m tests.bench.signing_up [TIMES]`. The three kinds come mixed, so that whatever else the machine does
falls on all alike. Each request comes from a network of its own, by way of a trusted proxy, and leaves the
limits of production as they are. The mails go to the outbox meanwhile, as they would.
"""

from __future__ import annotations

import http.client
import itertools
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from pipeline.core.app import Installation
from subscribers import directory

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMES = 200

CONFIG = """
[newsletter]
name = "Bench"
from_email = "letter@example.org"
postal_address = "1 Main Street"
public_url = "https://letter.example.org"

[[feeds]]
url = "http://127.0.0.1:1/feed"

[[digests]]
name = "weekly"

[server]
trusted_proxies = ["127.0.0.1"]
"""


def main(times: int = TIMES) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "rapport.toml").write_text(CONFIG)
        addresses = _addresses(Path(folder), times)
        command = [Path(sys.executable).with_name("rapport"), "serve", "--no-scheduler"]
        command += ["--port", "0", "--json"]
        with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as serving:
            assert serving.stdout
            host = urlsplit(json.loads(serving.stdout.readline())["address"]).netloc
            taken = _taken(host, addresses)
            serving.terminate()
    print(f"\nPOST /subscribe, {times:,} of each kind mixed; then the next request: median (p95) in ms")
    for kind, (own, behind) in taken.items():
        print(f"{kind:<44}{_shown(own):>20}{_shown(behind):>20}")


def _shown(milliseconds: list[float]) -> str:
    return f"{statistics.median(milliseconds):.1f} ({statistics.quantiles(milliseconds, n=20)[-1]:.1f})"


def _addresses(folder: Path, times: int) -> dict[str, list[str]]:
    """Addresses of each kind, as many as are asked for: one asked about often would be another case."""
    kinds = ("known", "unknown", "suppressed")
    made = {kind: [f"reader{number}@{kind}.example" for number in range(times)] for kind in kinds}
    with Installation.open(folder / "rapport.toml", {}) as opened, opened.database.write() as connection:
        for kind in ("known", "suppressed"):
            for email in made[kind]:
                directory.add(connection, email, digests=["weekly"], wording="Bench", source="bench")
        for email in made["suppressed"]:
            directory.suppress(connection, email, reason="bench", source="bench")
    return made


def _taken(host: str, addresses: dict[str, list[str]]) -> dict[str, tuple[list[float], list[float]]]:
    """Milliseconds of each request, and of one for another page right behind it: a mail may be made then."""
    networks = _networks()
    taken: dict[str, tuple[list[float], list[float]]] = {kind: ([], []) for kind in addresses}
    asked = [(kind, email) for kind, emails in addresses.items() for email in emails]
    # By chance, but the same in every run: in turn each kind would always follow on the same other.
    random.Random(4).shuffle(asked)
    connection = http.client.HTTPConnection(host, timeout=30)
    for kind, email in asked:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Forwarded-For": next(networks)}
        form = urlencode({"email": email})
        own, behind = taken[kind]
        own.append(_timed(connection, "POST", "/subscribe", form, headers))
        behind.append(_timed(connection, "GET", "/pages.css", None, headers))
    connection.close()
    return taken


def _timed(
    connection: http.client.HTTPConnection, method: str, path: str, body: str | None, headers: dict[str, str]
) -> float:
    before = time.perf_counter()
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200
    return (time.perf_counter() - before) * 1000


def _networks() -> Iterator[str]:
    for a, b in itertools.product(range(256), repeat=2):
        yield f"10.{a}.{b}.1"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else TIMES)
