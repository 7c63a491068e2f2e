"""Encryption and login against aiosmtpd, and what a configuration may not ask for."""

from __future__ import annotations

import datetime
import ipaddress
import os
import shutil
import socket
import ssl
import subprocess
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pipeline.core.config import Config
from pipeline.core.errors import ConfigError
from pipeline.providers import Batch, BatchResult, Result
from pipeline.providers.choice import provider
from pipeline.providers.smtp import Smtp
from pipeline.providers.smtp.connection import Server
from tests.doubles.nobody import free_port
from tests.providers.test_outbox import MESSAGE, batch, reader
from tests.waiting import LONGEST, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# Without encryption a login is for loopback alone, which aiosmtpd cannot know.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")

PASSWORD = "a password of the mail server"
SINK = shutil.which("smtp-sink", path="/usr/sbin:/usr/bin:/sbin:/usr/local/sbin")


class Kept:
    """What aiosmtpd was handed."""

    def __init__(self) -> None:
        self.addresses: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.addresses += envelope.rcpt_tos
        return "250 Kept"


def authenticate(
    server: object, session: object, envelope: object, mechanism: str, data: object
) -> AuthResult:
    assert isinstance(data, LoginPassword)
    good = (data.login, data.password) == (b"practice", PASSWORD.encode())
    return AuthResult(success=good, handled=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate and its key for 127.0.0.1, signed by nobody else."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.example")])
    now, here = datetime.datetime.now(datetime.UTC), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([here]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file = tmp_path_factory.mktemp("mail") / "server.pem"
    file.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


@pytest.fixture
def started(certificate: Path) -> Iterator[Callable[..., tuple[Kept, int]]]:
    """Starts aiosmtpd: with ``starttls`` or ``tls`` or neither, wanting a login or not."""
    running: list[Controller] = []

    def start(security: str, *, login: bool = False) -> tuple[Kept, int]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        settings: dict[str, Any] = {}
        if security == "tls":
            settings["ssl_context"] = context
        if security == "starttls":
            settings |= {"tls_context": context, "require_starttls": True}
        if login:
            settings |= {
                "authenticator": authenticate,
                "auth_required": True,
                "auth_require_tls": security == "starttls",
            }
        kept, port = Kept(), free_port()
        controller = Controller(kept, hostname="127.0.0.1", port=port, ready_timeout=LONGEST, **settings)
        controller.start()
        running.append(controller)
        return kept, port

    yield start
    for controller in running:
        controller.stop()


def send(
    port: int, security: Any, username: str = "", password: str = PASSWORD, people: int = 3
) -> BatchResult:
    chosen = Smtp(Server("127.0.0.1", port, security, username, password, timeout=LONGEST), 2)
    try:
        return chosen.send(MESSAGE, batch(*range(1, people + 1)))
    finally:
        chosen.close()


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
@pytest.mark.parametrize("username", ["", "practice"])
@pytest.mark.usefixtures("trusted")
def test_letters_go_out_by_every_kind_of_connection(
    started: Callable[..., tuple[Kept, int]], security: str, username: str
) -> None:
    kept, port = started(security, login=bool(username))
    assert send(port, security, username, people=30) == BatchResult(Result.ACCEPTED)
    assert sorted(kept.addresses) == sorted(f"reader{n}@example.net" for n in range(1, 31))


@pytest.mark.usefixtures("trusted")
def test_a_refused_login_stops_everything_and_says_where_the_password_stands(
    started: Callable[..., tuple[Kept, int]],
) -> None:
    _, port = started("starttls", login=True)
    outcome = send(port, "starttls", "practice", "another password")
    assert outcome.result is Result.STOP
    assert "RAPPORT_SMTP_PASSWORD" in outcome.reason
    assert "delivery.smtp.username" in outcome.reason
    assert "another" not in outcome.reason


def test_a_server_without_a_login_stops_everything(started: Callable[..., tuple[Kept, int]]) -> None:
    _, port = started("none")
    outcome = send(port, "none", "practice")
    assert (outcome.result, "offers no login" in outcome.reason) == (Result.STOP, True)


def test_a_server_without_starttls_is_told_nothing(started: Callable[..., tuple[Kept, int]]) -> None:
    kept, port = started("none")
    outcome = send(port, "starttls")
    assert (outcome.result, "STARTTLS" in outcome.reason) == (Result.STOP, True)
    assert kept.addresses == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_nobody_vouches_for_is_told_nothing(
    started: Callable[..., tuple[Kept, int]], security: str
) -> None:
    kept, port = started(security)
    outcome = send(port, security)
    assert (outcome.result, "certificate" in outcome.reason) == (Result.STOP, True)
    assert kept.addresses == []


def test_a_server_that_wants_encryption_stops_who_has_none(
    started: Callable[..., tuple[Kept, int]],
) -> None:
    _, port = started("starttls")
    outcome = send(port, "none")
    assert (outcome.result, "530" in outcome.reason) == (Result.STOP, True)


def config(**smtp: Any) -> Config:
    return Config.model_validate(
        {
            "newsletter": {
                "name": "The Weekly Letter",
                "from_email": "letter@example.org",
                "public_url": "https://letter.example.org",
            },
            "feeds": [{"url": "https://example.org/feed"}],
            "delivery": {"provider": "smtp", "smtp": smtp},
        }
    )


def test_the_configuration_and_the_environment_make_the_provider(
    started: Callable[..., tuple[Kept, int]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept, port = started("none", login=True)
    monkeypatch.setenv("RAPPORT_SMTP_PASSWORD", PASSWORD)
    chosen = provider(config(port=port, username="practice", connections=3), tmp_path)
    assert chosen.max_batch == 60
    assert chosen.send(MESSAGE, batch(1)) == BatchResult(Result.ACCEPTED)
    chosen.close()
    assert kept.addresses == ["reader1@example.net"]


@pytest.mark.parametrize(
    ("settings", "password", "said"),
    [
        ({"host": "mail.example.org", "username": "practice"}, PASSWORD, "unencrypted"),
        ({"host": "192.0.2.1", "username": "practice"}, PASSWORD, "unencrypted"),
        ({"username": "practice"}, "pässword", "ASCII"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_sent(
    settings: dict[str, Any], password: str, said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RAPPORT_SMTP_PASSWORD", password)
    with pytest.raises(ConfigError) as raised:
        provider(config(**settings), tmp_path)
    told = f"{raised.value.message} {raised.value.remedy}"
    assert said in told
    assert password not in told


def test_a_login_without_a_password_says_where_to_put_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RAPPORT_SMTP_PASSWORD", "")
    with pytest.raises(ConfigError) as raised:
        provider(config(security="tls", username="practice"), tmp_path)
    assert "RAPPORT_SMTP_PASSWORD" in raised.value.remedy


def test_the_password_is_in_no_text_of_the_server() -> None:
    assert PASSWORD not in repr(Server("127.0.0.1", 25, "none", "practice", PASSWORD))


def test_what_is_in_doubt_is_not_sent_again_by_smtp(tmp_path: Path) -> None:
    settings = config()
    delivery = settings.delivery.model_copy(update={"on_uncertain": "resend"})
    with pytest.raises(ConfigError, match="tells of none"):
        provider(settings.model_copy(update={"delivery": delivery}), tmp_path)


@pytest.mark.skipif(SINK is None, reason="smtp-sink of Debian's postfix is not installed")
def test_postfix_takes_two_hundred_letters_of_real_length(tmp_path: Path) -> None:
    assert SINK is not None
    port = free_port()
    user = ["-u", "root"] if os.geteuid() == 0 else []
    command = [SINK, *user, "-D", str(tmp_path / "mail"), f"127.0.0.1:{port}", "100"]
    with subprocess.Popen(command) as sink:
        try:
            answers_at(port)
            chosen = Smtp(Server("127.0.0.1", port), 4)
            for first in range(1, 201, chosen.max_batch):
                people = [reader(n) for n in range(first, min(first + chosen.max_batch, 201))]
                assert chosen.send(MESSAGE, Batch("attempt", people)) == BatchResult(Result.ACCEPTED)
            chosen.close()
        finally:
            sink.terminate()
    dumped = "".join(file.read_text() for file in tmp_path.glob("mail*"))
    told = [line for line in dumped.splitlines() if line.startswith("To: ")]
    assert sorted(told) == sorted(f"To: reader{n}@example.net" for n in range(1, 201))


def answers_at(port: int) -> None:
    def answers() -> bool:
        with suppress(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), LONGEST).close()
            return True
        return False

    until(answers)


@contextmanager
def answering(offers: str, verb: bytes, reply: bytes) -> Iterator[int]:
    """A server that offers an extension, and answers ``verb`` with ``reply`` or (none) hangs up; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            sock, _ = listener.accept()
            with sock, sock.makefile("rwb") as lines:
                lines.write(b"220 mail.example\r\n")
                lines.flush()
                while line := lines.readline():
                    said = (
                        reply if line.startswith(verb) else f"250-mail.example\r\n250 {offers}\r\n".encode()
                    )
                    if not said:
                        return
                    lines.write(said)
                    lines.flush()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)


@pytest.mark.parametrize(
    ("security", "reply", "result", "said"),
    [
        ("starttls", b"454 4.7.0 not now\r\n", Result.REFUSED, "refused STARTTLS (454)"),
        ("starttls", b"500 5.5.1 no\r\n", Result.STOP, "refused STARTTLS (500)"),
        ("none", b"454 4.7.0 not now\r\n", Result.REFUSED, "cannot log in now (454)"),
        ("none", b"500 5.5.1 no\r\n", Result.STOP, "refused the login (500)"),
        ("none", b"", Result.REFUSED, "closed the connection at the login"),
    ],
)
def test_a_server_that_cannot_for_now_is_tried_again_and_one_that_will_not_is_not(
    security: str, reply: bytes, result: Result, said: str
) -> None:
    offers, verb = ("STARTTLS", b"STARTTLS") if security == "starttls" else ("AUTH PLAIN", b"AUTH")
    username = "" if security == "starttls" else "practice"
    with answering(offers, verb, reply) as port:
        outcome = send(port, security, username)
    assert outcome.result is result
    assert said in outcome.reason


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_on_this_machine_a_password_may_go_unencrypted(host: str) -> None:
    assert Server(host, 25, username="practice", password=PASSWORD).host == host


@pytest.mark.parametrize("host", ["localhost.example.org", "192.0.2.1", "127.0.0.1.example.org"])
def test_to_any_other_it_may_not(host: str) -> None:
    with pytest.raises(ConfigError, match="unencrypted"):
        Server(host, 25, username="practice", password=PASSWORD)
