from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from core.accounts.policy import public
from core.errors import Refused
from core.ui.render import render
from oncall.phone import operations, queries

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

    from core.accounts.models import User
    from incidents.lifecycle.models import Incident
    from oncall.paging.models import Page

NO_TRACE = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
"""The address is the key: no other site may learn it."""

NOWHERE = "This address leads nowhere. It may have been cut off, or its page ended long ago."


@public
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, token: str) -> HttpResponse:
    """The page on a phone. GET shows it and changes nothing, because scanners follow links; POST acts.

    Without a session there is no token against forged requests either: the address itself is what nobody can
    guess, and it is good for this page and this person alone.
    """
    return (
        _act(request, token) if request.method == "POST" else _show(request, token, "oncall/phone/page.html")
    )


@public
@require_safe
def region(request: HttpRequest, token: str) -> HttpResponse:
    """The page's content alone, for live updates."""
    return _show(request, token, "oncall/phone/_page.html")


@public
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def digest(request: HttpRequest, token: str) -> HttpResponse:
    """What is in a digest. GET shows it; POST takes what waits, and is guarded as that of a page is."""
    try:
        screen = queries.find_digest(token, request.user)
    except Http404:
        return _plain(NOWHERE)
    if request.method == "POST":
        operations.acknowledge_digest(token, actor=screen.actor)
        return _quiet(HttpResponseRedirect(reverse("oncall:digest", args=[token]), status=303))
    with timezone.override(screen.zone):
        return _quiet(render(request, "oncall/phone/digest.html", {"screen": screen, "token": token}))


def _show(
    request: HttpRequest, token: str, template: str, *, refused: str = "", status: int = 200
) -> HttpResponse:
    try:
        screen = queries.find(token, request.user)
    except Http404:
        return _plain(NOWHERE)
    context = {"screen": screen, "token": token, "refused": refused}
    with timezone.override(screen.zone):
        return _quiet(render(request, template, context, status=status))


def _act(request: HttpRequest, token: str) -> HttpResponse:
    try:
        screen = queries.find(token, request.user)
    except Http404:
        return _plain(NOWHERE)
    action = ACTIONS.get(request.POST.get("action", "acknowledge"))
    if action is None:
        return _plain("There is no such button.", status=400)
    try:
        target = action(request, screen.page, screen.actor)
    except Refused as refusal:
        return _show(request, token, "oncall/phone/page.html", refused=str(refusal), status=409)
    back = reverse("oncall:page", args=[token])
    return _quiet(HttpResponseRedirect(target if target and screen.signed_in else back, status=303))


def _acknowledge(request: HttpRequest, page: Page, actor: User) -> str:
    operations.acknowledge(page, actor=actor)
    return ""


def _pass(request: HttpRequest, page: Page, actor: User) -> str:
    given = request.POST.get("key", "")
    drawn_at = int(given) if given.isascii() and given.isdigit() and len(given) < 9 else page.epoch
    operations.pass_on(page, actor=actor, epoch=drawn_at)
    return ""


def _decline(request: HttpRequest, page: Page, actor: User) -> str:
    reason = request.POST.get("reason", "")[:300].replace("\x00", "")
    operations.decline(page, reason=reason)
    return ""


def _declare(request: HttpRequest, page: Page, actor: User) -> str:
    return _room(operations.declare(page, actor=actor))


def _undo(request: HttpRequest, page: Page, actor: User) -> str:
    operations.undo(page, actor=actor)
    return ""


def _join(request: HttpRequest, page: Page, actor: User) -> str:
    return _room(operations.join(page, actor=actor))


ACTIONS: dict[str, Callable[[HttpRequest, Page, User], str]] = {
    "acknowledge": _acknowledge,
    "pass": _pass,
    "decline": _decline,
    "declare": _declare,
    "undo": _undo,
    "join": _join,
}


def _room(incident: Incident | None) -> str:
    return reverse("incidents:room", args=[incident.number]) if incident else ""


def _plain(text: str, *, status: int = 404) -> HttpResponse:
    return _quiet(HttpResponse(text, status=status, content_type="text/plain; charset=utf-8"))


def _quiet(response: HttpResponse) -> HttpResponse:
    for name, value in NO_TRACE.items():
        response[name] = value
    return response
