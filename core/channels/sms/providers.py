"""Those who carry text messages: Twilio, and any gateway that takes an HTTP request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from core.channels import callback, gateway, providers, twilio
from core.channels.registry import Delivery, Sent
from core.channels.sms import rules

if TYPE_CHECKING:
    from core.channels.providers import Provider


def configured() -> list[Provider]:
    """The providers that are set up, in the operator's order."""
    return providers.chosen(ALL, settings.SMS_PROVIDERS)


def takes_replies() -> bool:
    """Whether the gateway hands over what is sent to its number, and is believed."""
    return bool(settings.SMS_GATEWAY_REPLIES and settings.SMS_GATEWAY_SECRET)


def _by_twilio(delivery: Delivery, timeout: float) -> Sent:
    sender = settings.TWILIO_SMS_FROM
    fields = {
        "To": delivery.address,
        "MessagingServiceSid" if sender.startswith("MG") else "From": sender,
        "Body": compose(delivery, answers=True),
    }
    if settings.SMS_RECEIPT_SECONDS:
        fields["StatusCallback"] = callback.address("sms", delivery.key)
    sid = twilio.create("Messages", fields, timeout=timeout)
    return Sent(sid, receipt_seconds=settings.SMS_RECEIPT_SECONDS or None)


def _by_gateway(delivery: Delivery, timeout: float) -> Sent:
    text = compose(delivery, answers=takes_replies())
    return gateway.SMS.order(delivery, {"text": text}, timeout=timeout, wait=settings.SMS_RECEIPT_SECONDS)


def compose(delivery: Delivery, *, answers: bool) -> str:
    """The text as it goes out; without a way back for `answers` it offers no reply."""
    content = delivery.content
    code = content.code if answers else ""
    return rules.compose(content.subject, code=code, url=content.url, resent=delivery.resent)


ALL = providers.both(
    gateway.SMS, by_twilio=_by_twilio, by_gateway=_by_gateway, twilio_number=lambda: settings.TWILIO_SMS_FROM
)
