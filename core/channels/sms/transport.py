"""Text messages: by the first provider that takes them, the others standing in when it does not."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from core.channels import numbers, registry
from core.channels.registry import Delivery, Permanent, ProviderRefused, Sent, Temporary, Unknown
from core.channels.sms import providers, rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.channels.sms.providers import Provider

LEAST_SECONDS = 0.2
"""With less time left another provider is not begun with."""


def send(delivery: Delivery) -> Sent:
    """Hand the text to a provider within the time of the delivery.

    One that fails is followed by the next. Only when an answer is missing nobody else is asked: the text may be
    on its way, and the message's own next try goes by another provider.
    """
    if not numbers.may_reach(delivery.address):
        raise Permanent("the number's country is not allowed (PHONE_PREFIXES)")
    able = providers.configured()
    if not able:
        raise Permanent("no SMS provider is configured (TWILIO_SMS_FROM or SMS_GATEWAY_URL)")
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


def _in_order(able: list[Provider]) -> Iterator[Provider]:
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
        sent = provider.send(delivery, compose(delivery, provider), timeout)
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


def compose(delivery: Delivery, provider: Provider) -> str:
    """The text as it goes out by a provider; without a way back it offers no reply."""
    content = delivery.content
    return rules.compose(
        content.subject,
        code=content.code if provider.takes_replies else "",
        url=content.url,
        resent=delivery.resent,
    )


registry.register(
    registry.Channel(
        kind="sms",
        name="SMS",
        check_address=numbers.check,
        hint=numbers.hint,
        send=send,
        is_ready=lambda: bool(providers.configured()),
        asks=numbers.ASKS,
    )
)
