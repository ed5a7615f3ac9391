from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from core.accounts.policy import may_respond
from core.live.regions import region
from core.ui.render import render
from incidents.approvals import operations, queries
from incidents.approvals.forms import DeclineForm
from incidents.approvals.models import State
from incidents.lifecycle import queries as lifecycle
from incidents.lifecycle.rules import Status, goes_along
from incidents.updates import queries as updates
from incidents.updates.models import Audience
from incidents.watching import queries as watching

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest
    from incidents.approvals.models import Approval
    from incidents.updates.registry import Preview


@region(watching.alike_unless_asked)
@require_GET
def waiting(request: PersonRequest, number: int) -> HttpResponse:
    """The living box of what waits for a yes."""
    incident = watching.incident(request, number)
    rows = queries.of(request.user, incident).filter(state=State.WAITING)
    found = [(row, queries.text(row), queries.may_approve(row, request.user)) for row in rows]
    return render(request, "incidents/approvals/_waiting.html", {"incident": incident, "rows": found})


@require_GET
def approval(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """One update that waits, as it would be published."""
    return _page(request, number, pk)


def _page(request: PersonRequest, number: int, pk: int, form: DeclineForm | None = None) -> HttpResponse:
    incident = lifecycle.get(request.user, number)
    row = queries.one(request.user, incident, pk)
    waits = row.state == State.WAITING
    context = {
        "incident": incident,
        "approval": row,
        "previews": _previews(row) if waits else (),
        "moves_to": _moves_to(row) if waits else "",
        "text": queries.text(row),
        "form": form or DeclineForm(),
        "may_approve": row.state == State.WAITING and queries.may_approve(row, request.user),
    }
    status = HTTPStatus.OK if form is None else HTTPStatus.UNPROCESSABLE_ENTITY
    return render(request, "incidents/approvals/approval.html", context, status=status)


def _previews(row: Approval) -> Sequence[Preview]:
    """Show what customers would read on each page: whoever says yes to it has seen it."""
    if row.audience != Audience.PUBLIC or row.incident.private or row.incident.drill:
        return ()
    return updates.preview(
        row.incident,
        status=row.content.get("status") or row.incident.status,
        text=queries.text(row),
        public_title=row.content.get("public_title") or "",
        components=row.content.get("components") or {},
    )


def _moves_to(row: Approval) -> str:
    """Give the stage that the incident comes to with it; "" where it stays."""
    stage = Status(row.content.get("status") or row.incident.status)
    return stage.capitalize() if goes_along(Status(row.incident.status), stage) else ""


@require_POST
@may_respond
def approve(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """Say yes: it goes out."""
    incident = lifecycle.get(request.user, number)
    operations.approve(queries.one(request.user, incident, pk), actor=request.user)
    messages.success(request, "Approved and published.")
    return redirect("incidents:room", number)


@require_POST
@may_respond
def decline(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """Say no, and what should be changed."""
    incident = lifecycle.get(request.user, number)
    form = DeclineForm(request.POST)
    if not form.is_valid():
        return _page(request, number, pk, form)
    operations.decline(
        queries.one(request.user, incident, pk), why=form.cleaned_data["why"], actor=request.user
    )
    messages.success(request, "Declined. Whoever wrote it is told why.")
    return redirect("incidents:room", number)
