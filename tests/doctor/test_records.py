"""Reading SPF, DKIM and DMARC: by the RFCs, and whatever bytes a stranger puts there."""

from __future__ import annotations

from base64 import b64encode
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from pipeline.doctor.records import dkim, dmarc, spf
from tests.doctor.keys import ED25519, record, rsa_key

MARKS = st.sampled_from([b"", b"v=spf1 ", b"v=DKIM1; k=rsa; p=", b"v=DKIM1; k=ed25519; p=", b"v=DMARC1; "])
PIECES = st.lists(
    st.sampled_from(
        [b"ip4:", b"include:", b"a/", b"redirect=", b"all", b"rua=mailto:", b"p=", b"t=y", b";", b" "]
    )
    | st.binary(max_size=40),
    max_size=8,
).map(b"".join)


@given(MARKS, PIECES)
def test_no_bytes_break_a_reader(mark: bytes, rest: bytes) -> None:
    text = (mark + rest).decode("latin-1")
    if spf.is_spf(text):
        with suppress(spf.Broken):
            assert all(term.name for term in spf.read(text))
    with suppress(dkim.Broken):
        assert dkim.read(text).kind in ("rsa", "ed25519")
    if dmarc.is_dmarc(text):
        policy = dmarc.read(text)
        assert policy.policy in dmarc.POLICIES
        assert all(host for host in policy.report_hosts)


@pytest.mark.parametrize("text", ["v=spf1", "v=spf1 -all", "V=SPF1 a"])
def test_an_spf_record_is_known_by_its_mark(text: str) -> None:
    assert spf.is_spf(text)


@pytest.mark.parametrize("text", ["v=spf10 a", "v=spf1;", " v=spf1", "spf2.0/pra"])
def test_what_only_looks_like_spf_is_none(text: str) -> None:
    assert not spf.is_spf(text)


def test_the_terms_of_spf_are_read_as_receivers_read_them() -> None:
    text = "v=spf1 a mx:other.example/24//64 ip4:192.0.2.0/24 ip6:2001:db8::/32 ~include:a.example x=1 -all"
    read = [(term.qualifier, term.name, term.value) for term in spf.read(text)]
    assert read == [
        ("+", "a", ""),
        ("+", "mx", "other.example"),
        ("+", "ip4", "192.0.2.0"),
        ("+", "ip6", "2001:db8::"),
        ("~", "include", "a.example"),
        ("-", "all", ""),
    ]


def test_a_redirect_counts_only_without_all() -> None:
    assert [term.name for term in spf.read("v=spf1 redirect=a.example mx")] == ["mx", "redirect"]
    assert [term.name for term in spf.read("v=spf1 redirect=a.example -all")] == ["all"]


@pytest.mark.parametrize(
    "terms",
    [
        "ip4:192.0.2",
        "ip4",
        "ip6:192.0.2.1",
        "include",
        "include:",
        "al",
        "-all:x",
        "redirect=a redirect=b",
        "a:",
    ],
)
def test_broken_terms_break_the_record(terms: str) -> None:
    with pytest.raises(spf.Broken):
        spf.read(f"v=spf1 {terms} -all")


def test_keys_are_read_whatever_spaces_stand_in_them() -> None:
    spaced = rsa_key(1024)[:30] + " \t" + rsa_key(1024)[30:]
    assert dkim.read(f"p={spaced}") == dkim.Key("rsa", 1024, testing=False)
    assert dkim.read(record(1024, "t=y:s; ")).testing
    assert dkim.read(f"v=DKIM1; k=ed25519; p={ED25519}") == dkim.Key("ed25519", 0, testing=False)


def _elliptic() -> str:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("v=DKIM1; p=", "withdrawn"),
        ("v=DKIM1; k=rsa", "no p="),
        ("v=DKIM2; p=AAAA", "v="),
        ("p=AAAA", "no RSA key"),
        ("p=A!", "base64"),
        (f"k=rsa; p={_elliptic()}", "no RSA key"),
        ("k=ed25519; p=AAAA", "ed25519"),
        ("k=dsa; p=AAAA", "kind of key"),
        (f"h=sha1; p={ED25519}", "sha256"),
        (f"s=tlsrpt; p={ED25519}", "email"),
        ("v=spf1 -all", "no p="),
    ],
)
def test_a_key_that_verifies_nothing_says_why(text: str, why: str) -> None:
    with pytest.raises(dkim.Broken, match=why):
        dkim.read(text)


@pytest.mark.parametrize("text", ["v=DMARC1", "V = DMARC1 ; p=none", "v=DMARC1;p=none"])
def test_a_dmarc_record_is_known_by_its_mark(text: str) -> None:
    assert dmarc.is_dmarc(text)


@pytest.mark.parametrize("text", ["v=dmarc1; p=none", "v=DMARC12", " v=DMARC1", "p=none; v=DMARC1"])
def test_what_only_looks_like_dmarc_is_none(text: str) -> None:
    assert not dmarc.is_dmarc(text)


def test_what_rfc_9989_removed_or_does_not_know_is_named() -> None:
    policy = dmarc.read("v=DMARC1; p=Reject; np=none; psd=n; t=y; pct=50; rf=afrf; ri=1; foo=1; sp=maybe")
    assert policy.policy == "reject"
    assert [wrong.partition("=")[0] for wrong in policy.wrong] == ["pct", "rf", "ri", "foo", "sp"]


def test_a_policy_that_is_none_of_the_three_counts_as_none() -> None:
    assert dmarc.read("v=DMARC1").policy == dmarc.read("v=DMARC1; p=block").policy == "none"
    assert "p= is missing" in dmarc.read("v=DMARC1").wrong[0]


def test_reports_go_to_hosts_whatever_their_size() -> None:
    policy = dmarc.read(
        "v=DMARC1; p=none; rua=mailto:a@One.example!10m, mailto:b@two.example,https://x.example"
    )
    assert policy.report_hosts == ["one.example", "two.example"]
    assert policy.wrong == ("rua= holds what is no mailto: address",)
