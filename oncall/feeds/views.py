from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.accounts import client
from core.accounts.policy import public
from core.api.throttles import within
from core.channels import twilio
from core.ui import refusals
from core.ui.render import render
from oncall.feeds import operations, queries
from oncall.feeds.forms import AddressForm
from oncall.feeds.models import FeedAddress, Kind
from oncall.feeds.rules import calendars, words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    from core.accounts.requests import PersonRequest
    from oncall.feeds.rules.words import Duty

NO_TRACE = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
"""The address is the key: no other site may learn it."""

PER_ADDRESS, PER_NETWORK = 30, 300
"""How often a minute an address, and all addresses from one network, are answered."""


@require_http_methods(["GET", "HEAD", "POST"])
def addresses(request: PersonRequest) -> HttpResponse:
    """My calendar addresses; a new one is shown once, in the answer that makes it."""
    form = AddressForm(request.POST or None, initial={"shows": request.GET.get("shows", "own")})
    made: dict[str, Any] = {}
    if form.is_bound and form.is_valid():
        with refusals.shown_in(form, "shows"):
            address, secret = operations.add(request.user, **form.cleaned_data)
            made, form = {"made": address, "urls": queries.urls(address, secret)}, AddressForm()
    context = {"form": form, "addresses": queries.of(request.user), **made}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(
        request, "oncall/feeds/addresses.html", context, status=HTTPStatus.CREATED if made else status
    )


@require_POST
def revoke(request: PersonRequest, pk: int) -> HttpResponse:
    """Stop one of my addresses."""
    operations.revoke(queries.own(request.user, pk), actor=request.user)
    messages.success(request, "The address leads nowhere now.")
    return redirect("oncall:calendar-addresses")


@public
@require_safe
def calendar(request: HttpRequest, token: str) -> HttpResponseBase:
    """The shifts behind a secret address, as iCalendar."""

    def answer(address: FeedAddress) -> HttpResponse:
        told = queries.told(address, now=timezone.now())
        body = calendars.write(told.entries, name=told.name, zone=told.zone)
        return HttpResponse(body, content_type="text/calendar; charset=utf-8")

    return _answer(request, token, Kind.CALENDAR, answer)


@public
@require_safe
def now_as_text(request: HttpRequest, token: str) -> HttpResponseBase:
    """Who is on call now behind a secret address, a line per schedule."""
    return _answer(request, token, Kind.NOW, _said(words.text, "text/plain"))


@public
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def now_as_twiml(request: HttpRequest, token: str) -> HttpResponseBase:
    """Who is on call now behind a secret address, for Twilio to read out; it asks by POST and changes nothing.

    Numbers are told to Twilio alone, who signs what it asks: whoever else knows the address reads names.
    """
    read_out = _said(words.twiml, "text/xml")

    def answer(address: FeedAddress) -> HttpResponse:
        signature = request.headers.get("X-Twilio-Signature", "")
        is_twilio = request.method == "POST" and twilio.is_signed(
            request.get_full_path(), dict(request.POST.lists()), signature
        )
        numbers = queries.numbers(address, now=timezone.now()) if address.connects and is_twilio else []
        if not is_twilio or not (address.connects and (numbers or "tried" in request.GET)):
            return read_out(address)
        return HttpResponse(_connected(request, address, numbers), content_type="text/xml; charset=utf-8")

    return _answer(request, token, Kind.NOW, answer)


def _connected(request: HttpRequest, address: FeedAddress, numbers: Sequence[str]) -> str:
    """Connect a caller to the next number, until one is taken or all were tried."""
    tried = request.GET.get("tried", "")
    n = int(tried) if tried.isdecimal() and len(tried) < 3 else 0
    if n and request.POST.get("DialCallStatus") == "completed":
        return words.over()
    if n >= len(numbers):
        return words.unanswered()
    duties = [] if n else queries.duties(address, now=timezone.now())
    after = f"{settings.BASE_URL}{request.path}?tried={n + 1}"
    return words.dialled(numbers[n], after=after, duties=duties)


def _said(write: Callable[[Sequence[Duty]], str], content_type: str) -> Callable[[FeedAddress], HttpResponse]:
    def answer(address: FeedAddress) -> HttpResponse:
        duties = queries.duties(address, now=timezone.now())
        return HttpResponse(write(duties), content_type=f"{content_type}; charset=utf-8")

    return answer


def _answer(
    request: HttpRequest, token: str, kind: Kind, answer: Callable[[FeedAddress], HttpResponse]
) -> HttpResponseBase:
    """Answer for the address with this secret, a bounded number of times a minute; 404 for every other."""
    if not within(f"feeds-{client.address(request)}", PER_NETWORK):
        return _quiet(_too_often())
    address = queries.find(token, kind)
    if address is None:
        return _quiet(HttpResponse("This address leads nowhere.\n", status=404, content_type="text/plain"))
    if not within(f"feed-{address.token_hash[:16]}", PER_ADDRESS):
        return _quiet(_too_often())
    operations.note_read(address, now=timezone.now())
    response = answer(address)
    etag = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    response["ETag"] = etag
    return _quiet(get_conditional_response(request, etag=etag, response=response) or response)


def _too_often() -> HttpResponse:
    return HttpResponse(
        "Too many requests.\n", status=429, content_type="text/plain", headers={"Retry-After": "60"}
    )


def _quiet(response: HttpResponseBase) -> HttpResponseBase:
    for name, value in NO_TRACE.items():
        response[name] = value
    return response
