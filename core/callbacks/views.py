"""What providers tell us. Every address here answers 403 to what the provider did not sign."""

from __future__ import annotations

from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from django.http import HttpResponse

from core.callbacks import replies, telephone
from core.callbacks.doors import from_outside, key_of, refused
from core.callbacks.replies import Reply
from core.channels import callback, twilio
from core.channels.voice import rules as voice
from core.outbox import receipts

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

ACKNOWLEDGES = "1"
"""The key that acknowledges in a call, whatever was pressed instead of it."""


def signed_by_twilio(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Open a view to Twilio alone."""

    @from_outside
    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        signature = request.headers.get("X-Twilio-Signature", "")
        if not twilio.is_signed(request.get_full_path(), dict(request.POST.lists()), signature):
            return refused()
        return view(request, *args, **kwargs)

    return checked


@signed_by_twilio
def sms_status(request: HttpRequest, message: str) -> HttpResponse:
    """What became of a text."""
    word = request.POST.get("MessageStatus", "")
    telephone.report(key_of(message), channel="sms", word=word, detail=_detail(request, word))
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


@signed_by_twilio
def sms_reply(request: HttpRequest) -> HttpResponse:
    """A text that somebody sent to our number; what comes of it goes back as a text."""
    said = telephone.text(
        "twilio-text",
        request.POST.get("MessageSid", ""),
        sender=request.POST.get("From", ""),
        words=request.POST.get("Body", ""),
    )
    return _xml(voice.response(f"<Message>{escape(said)}</Message>" if said else ""))


@signed_by_twilio
def voice_status(request: HttpRequest, message: str) -> HttpResponse:
    """How a call went."""
    word = request.POST.get("CallStatus", "")
    telephone.report(key_of(message), channel="voice", word=word, detail=_detail(request, word))
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


@signed_by_twilio
def voice_keys(request: HttpRequest, message: str) -> HttpResponse:
    """A key that was pressed during a call; what comes of it is spoken."""
    key = key_of(message)
    said = telephone.press_once(key, request.POST.get("Digits", ""), call=request.POST.get("CallSid", ""))
    if not said.asks:
        return _xml(voice.response(voice.say(said.words)))
    again = callback.address("voice", key, ending="keys/")
    return _xml(voice.response(voice.asked(said.words, keys_at=again)))


@from_outside
def pushover(request: HttpRequest, message: str) -> HttpResponse:
    """That somebody acknowledged a notification. Pushover signs nothing: the receipt, which it told us alone, proves it."""
    key = key_of(message)
    receipt = request.POST.get("receipt", "")
    if not receipts.is_named(key, channel="pushover", name=receipt):
        return HttpResponse("No such receipt.", status=HTTPStatus.FORBIDDEN, content_type="text/plain")
    if request.POST.get("acknowledged") == "1" and not receipts.has_arrived(key):
        # Said twice, it is done once: it counts until it is known to have arrived.
        replies.hear(Reply(channel="pushover", key=key, words=ACKNOWLEDGES))
        receipts.record(key, channel="pushover", delivered=True, detail="Pushover: acknowledged on a phone")
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


def _detail(request: HttpRequest, word: str) -> str:
    code = request.POST.get("ErrorCode", "")
    status = f"Twilio: {word}"
    return f"{status} (code {code})" if code.isascii() and code.isdigit() else status


def _xml(text: str) -> HttpResponse:
    return HttpResponse(text, content_type="text/xml; charset=utf-8")
