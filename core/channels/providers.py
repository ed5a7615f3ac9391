"""Those who carry messages for us: the first that takes one, the others standing in when it does not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.channels import numbers, twilio
from core.channels.gateway import WHO
from core.channels.registry import Delivery, Permanent, ProviderRefused, Sent, Temporary, Unknown
from core.net.breaker import Breaker

if TYPE_CHECKING:
    from core.channels.gateway import Gateway

Send = Callable[[Delivery, float], Sent]
LEAST_SECONDS = 0.2
"""With less time left another provider is not begun with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One way to send, with its name for people; `send` hands over within so many seconds or raises like a channel."""

    name: str
    is_configured: Callable[[], bool]
    send: Send
    breaker: Breaker = field(default_factory=Breaker)


def both(
    gateway: Gateway, *, by_twilio: Send, by_gateway: Send, twilio_number: Callable[[], str]
) -> dict[str, Provider]:
    """Twilio with its number, and a gateway, by their names."""

    def has_twilio() -> bool:
        return twilio.is_configured() and bool(twilio_number())

    return {
        "twilio": Provider(name="Twilio", is_configured=has_twilio, send=by_twilio),
        "gateway": Provider(name=WHO, is_configured=lambda: gateway.is_configured, send=by_gateway),
    }


def chosen(known: Mapping[str, Provider], names: Sequence[str]) -> list[Provider]:
    """The providers that are set up, in the operator's order."""
    return [known[name] for name in names if name in known and known[name].is_configured()]


def hand_over(delivery: Delivery, able: Sequence[Provider], *, nobody: str) -> Sent:
    """Hand a message for a telephone to a provider within the time of the delivery.

    One that fails is followed by the next. Only when an answer is missing nobody else is asked: the message may be
    on its way, and its own next try goes by another provider. `nobody` says what is wrong where none is set up.
    """
    if not able:
        raise Permanent(nobody)
    if not numbers.may_reach(delivery.address):
        raise Permanent("the number's country is not allowed (PHONE_PREFIXES)")
    until = time.monotonic() + delivery.timeout
    failures: list[Temporary | ProviderRefused] = []
    for tried, provider in enumerate(_in_order(able)):
        left = until - time.monotonic()
        if left < LEAST_SECONDS:
            break
        try:
            return _by(provider, delivery, timeout=left / (len(able) - tried))
        except (Temporary, ProviderRefused) as error:
            failures.append(error)
    raise next((error for error in failures if isinstance(error, Temporary)), failures[0])


def _in_order(able: Sequence[Provider]) -> Iterator[Provider]:
    """First those that are not known to fail, then the others: a try is better than none."""
    passed_over = []
    for provider in able:
        if provider.breaker.allows():
            yield provider
        else:
            passed_over.append(provider)
    yield from passed_over


def _by(provider: Provider, delivery: Delivery, *, timeout: float) -> Sent:
    try:
        sent = provider.send(delivery, timeout)
    except Unknown:
        provider.breaker.fail(silent=True)
        raise
    except (Temporary, ProviderRefused):
        provider.breaker.fail()
        raise
    except Permanent:
        provider.breaker.succeed()
        raise
    provider.breaker.succeed()
    return sent
