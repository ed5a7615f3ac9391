from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.accounts.policy import may_respond
from core.errors import Refused
from core.ui.render import render
from postmortems.action_items import operations, queries
from postmortems.action_items.forms import ActionItemForm, MoveForm

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest


@require_GET
def index(request: PersonRequest) -> HttpResponse:
    """Open action items by due week; `?show=mine` one's own, `?show=done` the finished ones."""
    show = request.GET.get("show", "open")
    today = timezone.localdate()
    context = {
        "show": show,
        "groups": queries.board(request.user, today=today, mine=show == "mine") if show != "done" else {},
        "finished": queries.finished(request.user) if show == "done" else [],
        "today": today,
    }
    return render(request, "postmortems/action_items/index.html", context)


@require_http_methods(["GET", "POST"])
@may_respond
def edit(request: PersonRequest, pk: int) -> HttpResponse:
    """One action item, to read and to change."""
    item = queries.get(request.user, pk)
    form = ActionItemForm(request.POST or None, instance=queries.get(request.user, pk))
    if request.method == "POST" and form.is_valid():
        operations.edit(item, changes=form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect("postmortems:action-items")
    return render(
        request,
        "postmortems/action_items/edit.html",
        {"item": item, "form": form},
        status=422 if form.is_bound else 200,
    )


@require_http_methods(["GET", "POST"])
@may_respond
def create(request: PersonRequest) -> HttpResponse:
    """A new action item that belongs to no postmortem; those of one are added on its page."""
    form = ActionItemForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        operations.create(actor=request.user, **form.cleaned_data)
        messages.success(request, "Action item added.")
        return redirect("postmortems:action-items")
    return render(
        request,
        "postmortems/action_items/edit.html",
        {"item": None, "form": form},
        status=422 if form.is_bound else 200,
    )


@require_POST
@may_respond
def move(request: PersonRequest, pk: int) -> HttpResponse:
    """Take an item to another state and return to where the button was."""
    item = queries.get(request.user, pk)
    form = MoveForm(request.POST)
    if form.is_valid():
        try:
            operations.move(
                item, to=form.cleaned_data["to"], reason=form.cleaned_data["reason"], actor=request.user
            )
        except Refused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, f"{item.title}: {item.get_status_display().lower()}.")
    else:
        messages.error(request, "That state does not exist.")
    back = form.cleaned_data.get("next", "")
    if back and url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        return redirect(back)
    return redirect("postmortems:action-items")
