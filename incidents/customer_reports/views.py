from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from core.accounts.policy import may_respond
from incidents.customer_reports import operations, queries
from incidents.lifecycle import queries as lifecycle

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest


@require_POST
@may_respond
def take_back(request: PersonRequest, number: int, pk: int) -> HttpResponse:
    """Count a report no more."""
    row = queries.one(request.user, lifecycle.get(request.user, number), pk)
    operations.take_back(row, actor=request.user)
    messages.success(request, "Not counted any more. It stays on the timeline.")
    return redirect("incidents:for-support", number)
