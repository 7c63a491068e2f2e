"""Which addresses a stranger may not lead us to."""

from __future__ import annotations

import pytest

from pipeline.core.private_networks import is_public

PRIVATE = """
    0.0.0.0 10.0.0.1 100.64.0.1 100.100.100.200 127.0.0.1 168.63.129.16 169.254.169.254 172.16.0.1 192.0.0.8
    192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 224.0.1.1
    239.255.255.250 240.0.0.1 255.255.255.255
    :: ::1 fe80::1 fec0::1 feff::1 fc00::1 fd00:ec2::254 ff02::1 100::1 100:0:0:1::1 2001:db8::1 2001:2::1
    2001:10::1 3fff::1 5f00::1 64:ff9b:1::a00:1 64:ff9b:1::808:808 ::10.0.0.1 ::8.8.8.8 ::ffff:10.0.0.1
    ::ffff:168.63.129.16 ::ffff:0:10.0.0.1 64:ff9b::10.0.0.1 64:ff9b::169.254.169.254 64:ff9b::168.63.129.16
    2002:0a00:0001:: 2002:7f00:1::1 2002:a83f:8110::1 2001:0:808:808::f5ff:fffe 2001:0:a00:1::f7f7:f7f7
    2606:4700::5efe:10.0.0.1 2606:4700::200:5efe:192.168.0.1 fe80::5efe:8.8.8.8 fe80::1%eth0
"""
PUBLIC = """
    1.1.1.1 8.8.8.8 100.63.255.255 100.128.0.1 168.63.129.15 192.0.1.1 198.17.0.1 223.255.255.255
    2606:4700:4700::1111 2001:4860:4860::8888 2a00:1450::1 64:ff9b::8.8.8.8 2002:0808:0808::1 ::ffff:8.8.8.8
    2001:0:808:808::f7f7:f7f7 2606:4700::5efe:8.8.8.8
"""


@pytest.mark.parametrize("address", PRIVATE.split())
def test_private(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC.split())
def test_public(address: str) -> None:
    assert is_public(address)


def test_what_is_no_address_is_not_public() -> None:
    assert not any(is_public(text) for text in ("", "localhost", "2130706433", "0x7f.1", "010.0.0.1"))
