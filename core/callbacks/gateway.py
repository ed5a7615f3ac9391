"""What a gateway for texts or calls tells us. Every address here answers 403 to what it did not sign.

A body that was heard is refused the second time, whatever address it comes to, and names the message it is about.
"""

from __future__ import annotations

from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.core.exceptions import BadRequest
from django.http import Http404, HttpResponse, JsonResponse

from core.callbacks import operations, telephone
from core.callbacks.doors import from_outside, key_of, refused
from core.callbacks.telephone import Said
from core.channels import gateway, signing
from core.channels.voice import rules as voice

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

    from core.channels.gateway import Gateway, Report

SILENT = Said(voice.GOODBYE, asks=False)
"""Who presses nothing is not asked again: a mailbox would be asked for ever."""


def signed_by(by: Gateway) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Open a view to one gateway alone and give it the proof: the same for the same body, so that it is heard once."""

    def opened(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @from_outside
        @wraps(view)
        def checked(request: HttpRequest, **named: str) -> HttpResponse:
            proof = by.proof(request.body, request.headers.get(signing.SIGNATURE, ""))
            return view(request, proof=proof.encode(), **named) if proof else refused()

        return checked

    return opened


@signed_by(gateway.SMS)
def sms_status(request: HttpRequest, *, message: str, proof: bytes) -> HttpResponse:
    """What became of a text."""
    return _note("sms", _report(request, message), proof)


@signed_by(gateway.SMS)
def sms_reply(request: HttpRequest, *, proof: bytes) -> HttpResponse:
    """A text that somebody sent to the gateway's number; what comes of it is for the gateway to send back."""
    text = gateway.read_text(request.body)
    if text is None:
        raise BadRequest
    words = operations.once(
        "gateway",
        proof,
        lambda: telephone.text("gateway-text", text.id, sender=text.sender, words=text.words),
    )
    return refused() if words is None else JsonResponse({"text": words} if words else {})


@signed_by(gateway.VOICE)
def voice_call(request: HttpRequest, *, message: str, proof: bytes) -> HttpResponse:
    """A key that was pressed during a call, or how the call went; a key is answered with what to say next."""
    report = _report(request, message)
    if report.key is None:
        return _note("voice", report, proof)
    pressed = report.key
    said = operations.once(
        "gateway", proof, lambda: telephone.press(report.id, pressed) if pressed else SILENT
    )
    if said is None:
        return refused()
    return JsonResponse({"text": said.words, "keys": voice.DIGITS if said.asks else ""})


def _report(request: HttpRequest, message: str) -> Report:
    """What is reported, about the message that the address names and no other."""
    key, report = key_of(message), gateway.read_report(request.body)
    if report is None:
        raise BadRequest
    if report.id != key:
        raise Http404
    return report


def _note(channel: str, report: Report, proof: bytes) -> HttpResponse:
    # Heard first: a report has a transaction of its own, and one that is lost is missed when its time is over.
    if not operations.once("gateway", proof, lambda: True):
        return refused()
    telephone.report(report.id, channel=channel, word=report.status, detail=report.words)
    return HttpResponse(status=HTTPStatus.NO_CONTENT)
