from __future__ import annotations

import socket

import pytest

from core.net import targets
from core.net.targets import Blocked, Target

PUBLIC = {
    "example.com": ["93.184.215.14"],
    "v6.example.com": ["2606:2800:21f:cb07:6820:80da:af6b:8b2c"],
    "both.example.com": ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"],
    "xn--bcher-kva.example": ["93.184.215.14"],
    "nat64.example.com": ["64:ff9b::5db8:d70e"],
}
# What a name server could answer for names that belong to whoever wants in.
NASTY = {
    "loopback.example": ["127.0.0.1"],
    "127-0-0-1.nip.example": ["127.0.0.1"],
    "mixed.example": ["93.184.215.14", "10.0.0.1"],
    "mixed6.example": ["93.184.215.14", "::1"],
    "metadata.example": ["169.254.169.254"],
    "mapped.example": ["::ffff:10.0.0.1"],
    "nat64-private.example": ["64:ff9b::a00:1"],
    "multicast.example": ["224.0.0.251"],
    "localhost": ["127.0.0.1", "::1"],
}


def _resolve(host: str) -> list[str]:
    """Answer as getaddrinfo does: known names, and every spelling of an IPv4 address that inet_aton takes."""
    if host in PUBLIC or host in NASTY:
        return (PUBLIC | NASTY)[host]
    if ":" in host:
        return [host]
    return [socket.inet_ntoa(socket.inet_aton(host))]


def _judge(url: str, *private: str) -> Target:
    target = targets.parse(url)
    targets.check(target, _resolve(target.host), targets.networks(private))
    return target


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://example.com", "https://example.com/"),
        ("http://example.com/hook", "http://example.com/hook"),
        ("  https://EXAMPLE.com:443/Hook?a=1&b=%20 ", "https://example.com/Hook?a=1&b=%20"),
        ("https://example.com:8443/x", "https://example.com:8443/x"),
        ("https://example.com./x", "https://example.com/x"),
        ("http://example.com:443/", "http://example.com:443/"),
        ("https://v6.example.com/", "https://v6.example.com/"),
        ("https://both.example.com/", "https://both.example.com/"),
        ("https://bücher.example/ä", "https://xn--bcher-kva.example/%C3%A4"),
        ("https://93.184.215.14/", "https://93.184.215.14/"),
        ("https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]:8443/", None),
        ("https://nat64.example.com/", "https://nat64.example.com/"),
        ("https://example.com/a@b", "https://example.com/a@b"),
    ],
)
def test_a_public_address_may_be_called_and_has_one_form(url: str, normal: str | None) -> None:
    assert _judge(url).url == (normal or url)


@pytest.mark.parametrize(
    "url",
    [
        # not http, or not an address at all
        "",
        "example.com",
        "//example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "javascript:alert(1)",
        "data:text/plain,x",
        "https://",
        "https:///path",
        "http:example.com",
        "https://exa mple.com/",
        "https://example.com/\r\nX-Injected: 1",
        "https://example.com\\@10.0.0.1/",
        "https://example.com:99999/",
        "https://example.com:0/",
        "https://example.com:port/",
        "https://[::1",
        "https://[example.com]/",
        "https://exa%6dple.com/",
        "https://-example.com/",
        "https://example..com/",
        "https://" + "a" * 64 + ".example/",
        "https://example.com/" + "a" * 2000,
        # someone's name and password
        "https://user@example.com/",
        "https://user:password@example.com/",
        "https://example.com@127.0.0.1/",
        "https://a@127.0.0.1/",
        # ports of other services
        "http://example.com:22/",
        "http://example.com:25/",
        "http://example.com:6379/",
        "https://example.com:5432/",
        "http://example.com:8080/",
        # this machine, in every spelling
        "http://localhost/",
        "http://LOCALHOST./",
        "http://127.0.0.1/",
        "http://127.1/",
        "http://127.0.1/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://2130706433/",
        "http://017700000001/",
        "http://0177.0.0.1/",
        "http://127.0.0.1.:80/",
        "http://\uff11\uff12\uff17.\uff10.\uff10.\uff11/",
        "http://0.0.0.0/",
        "http://0/",
        "http://[::1]/",
        "http://[::]/",
        "http://[0:0:0:0:0:0:0:1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[::127.0.0.1]/",
        "http://[fe80::1%25eth0]/",
        "http://[fe80::1]/",
        # networks that are nobody's or somebody's own
        "http://10.0.0.1/",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://100.64.0.1/",
        "http://[::ffff:100.64.0.1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/",
        "http://192.0.0.192/",
        "http://192.0.2.1/",
        "http://192.88.99.1/",
        "http://198.18.0.1/",
        "http://203.0.113.9/",
        "http://224.0.0.1/",
        "http://240.0.0.1/",
        "http://255.255.255.255/",
        "http://[fc00::1]/",
        "http://[fd00:ec2::254]/",
        "http://[fec0::1]/",
        "http://[ff02::1]/",
        "http://[2001:db8::1]/",
        "http://[2001::1]/",
        "http://[2002:7f00:1::]/",
        "http://[2002:5db8:d70e::1]/",
        "http://[3fff::1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[64:ff9b:1::1]/",
        "http://[100::1]/",
        # names that lead there
        "https://loopback.example/",
        "https://127-0-0-1.nip.example/",
        "https://mixed.example/",
        "https://mixed6.example/",
        "https://metadata.example/",
        "https://mapped.example/",
        "https://nat64-private.example/",
        "https://multicast.example/",
    ],
)
def test_everything_else_is_blocked(url: str) -> None:
    with pytest.raises(Blocked):
        _judge(url)


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("http://10.1.2.3:9000/hook", ["10.1.0.0/16"]),
        ("http://127.0.0.1:8080/", ["127.0.0.1/32"]),
        ("http://[::1]:9/", ["::1/128"]),
        ("http://[::ffff:10.1.2.3]/", ["10.1.0.0/16"]),
        ("http://loopback.example:1234/", ["127.0.0.0/8"]),
        ("https://mixed.example/", ["10.0.0.0/8"]),
    ],
)
def test_the_operator_can_allow_a_private_network_with_any_port(url: str, private: list[str]) -> None:
    assert _judge(url, *private).host


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("http://10.2.0.1/", ["10.1.0.0/16"]),
        ("https://mixed.example:9000/", ["10.0.0.0/8"]),
        ("https://example.com:9000/", ["10.0.0.0/8"]),
        ("http://169.254.169.254/", ["10.0.0.0/8", "127.0.0.0/8"]),
    ],
)
def test_what_the_operator_allowed_opens_nothing_else(url: str, private: list[str]) -> None:
    with pytest.raises(Blocked):
        _judge(url, *private)


def test_a_name_without_any_address_is_blocked_or_harmless() -> None:
    targets.check(targets.parse("https://example.com/"), [], [])


@pytest.mark.parametrize(
    ("url", "refused"),
    [("http://10.0.0.1/", True), ("http://example.com/", False), ("http://[::1]/", True)],
)
def test_a_number_can_be_judged_before_anything_is_asked(url: str, *, refused: bool) -> None:
    target = targets.parse(url)
    if refused:
        with pytest.raises(Blocked):
            targets.check_literal(target, [])
    else:
        targets.check_literal(target, [])
