"""The same attacks on every signature that is checked: cut short, made longer, in another case, of nothing, with no secret."""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha1, sha256
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from core.channels import callback, gateway, signing, twilio
from core.channels.discord import presses as discord
from core.channels.slack import presses as slack
from core.channels.telegram import updates as telegram

if TYPE_CHECKING:
    from pytest_django import Settings

BODY, PATH, FIELDS = b'{"id": "m1"}', "/callbacks/sms/replies/", {"From": ["+49151"], "Body": ["ack 471100"]}
SECRET, OWN = "a-secret-that-both-sides-know", Ed25519PrivateKey.generate()


@dataclass(frozen=True, slots=True)
class Service:
    """How a service signs, whether we believe it, and the setting without which it has no secret."""

    sign: Callable[[str], str]
    believes: Callable[[str, str], bool]
    secret: str


def _twilio(text: str) -> str:
    return base64.b64encode(hmac.new(SECRET.encode(), text.encode(), sha1).digest()).decode()


def _in_order(fields: dict[str, list[str]]) -> str:
    return "http://127.0.0.1:8000" + PATH + "".join(name + value for name, [value] in fields.items())


def _slack(stamp: str) -> str:
    return f"v0={hmac.new(SECRET.encode(), f'v0:{stamp}:'.encode() + BODY, sha256).hexdigest()}"


SERVICES = {
    "twilio": Service(
        lambda _: _twilio(_in_order(dict(sorted(FIELDS.items())))),
        lambda _, given: twilio.is_signed(PATH, FIELDS, given),
        "TWILIO_AUTH_TOKEN",
    ),
    "slack": Service(
        _slack,
        lambda stamp, given: slack.is_signed(BODY, stamp=stamp, signature=given),
        "SLACK_SIGNING_SECRET",
    ),
    "discord": Service(
        lambda stamp: OWN.sign(stamp.encode() + BODY).hex(),
        lambda stamp, given: discord.is_signed(BODY, stamp=stamp, signature=given),
        "DISCORD_PUBLIC_KEY",
    ),
    "gateway": Service(
        lambda stamp: signing.sign(BODY, secret=SECRET, at=int(stamp)),
        lambda _, given: bool(gateway.SMS.proof(BODY, given)),
        "SMS_GATEWAY_SECRET",
    ),
    "telegram": Service(
        lambda _: telegram.secret(), lambda _, given: telegram.is_ours(given), "TELEGRAM_BOT_TOKEN"
    ),
}


@pytest.fixture(params=list(SERVICES))
def service(request: pytest.FixtureRequest, settings: Settings) -> Service:
    public = OWN.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
    for name in ("TWILIO_AUTH_TOKEN", "SLACK_SIGNING_SECRET", "SMS_GATEWAY_SECRET", "TELEGRAM_BOT_TOKEN"):
        setattr(settings, name, SECRET)
    settings.DISCORD_PUBLIC_KEY = public
    return SERVICES[request.param]


def test_the_whole_signature_and_no_part_of_it_is_believed(service: Service) -> None:
    now = str(int(time.time()))
    good = service.sign(now)
    assert service.believes(now, good)
    for wrong in (*(good[:n] for n in range(len(good))), good[1:], good + good[-1]):
        assert not service.believes(now, wrong), wrong


def test_an_empty_secret_believes_nobody(service: Service, settings: Settings) -> None:
    now = str(int(time.time()))
    good = service.sign(now)
    setattr(settings, service.secret, "")
    made = hmac.new(b"", b"v0:" + now.encode() + b":" + BODY, sha256).hexdigest()
    for given in (good, "", "v0=", f"v0={made}", signing.sign(BODY, secret="", at=int(now)), "0" * 128):
        assert not service.believes(now, given), given


@pytest.mark.parametrize("seconds", [-100_000, -310, 310, 100_000])
@pytest.mark.parametrize("name", ["slack", "discord", "gateway"])
def test_a_signature_of_another_time_is_not_believed(settings: Settings, name: str, seconds: int) -> None:
    settings.SLACK_SIGNING_SECRET = settings.SMS_GATEWAY_SECRET = SECRET
    settings.DISCORD_PUBLIC_KEY = OWN.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
    at = str(int(time.time()) + seconds)
    assert not SERVICES[name].believes(at, SERVICES[name].sign(at))


@pytest.mark.parametrize("stamp", ["", "now", "-1", "+1", "1e9", "\u0661\u0662", "9" * 400])
def test_what_is_no_time_is_not_believed(settings: Settings, stamp: str) -> None:
    settings.SLACK_SIGNING_SECRET = SECRET
    assert not slack.is_signed(BODY, stamp=stamp, signature=_slack(stamp))


def test_twilio_s_fields_are_signed_in_their_order(settings: Settings) -> None:
    settings.TWILIO_AUTH_TOKEN = SECRET
    assert twilio.is_signed(
        PATH, dict(reversed(FIELDS.items())), _twilio(_in_order(dict(sorted(FIELDS.items()))))
    )
    assert not twilio.is_signed(PATH, FIELDS, _twilio(_in_order(dict(sorted(FIELDS.items(), reverse=True)))))


def test_the_name_of_a_message_is_believed_whole(settings: Settings) -> None:
    good = callback.name("page-1-0")
    assert callback.read(good) == "page-1-0"
    for wrong in (*(good[:n] for n in range(len(good))), good + "a", good.upper(), f"page-2-0{good[8:]}"):
        assert callback.read(wrong) is None, wrong
