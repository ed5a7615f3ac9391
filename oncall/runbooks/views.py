from __future__ import annotations

from typing import TYPE_CHECKING

from django.views.decorators.http import require_GET

from core.ui.render import render
from oncall.runbooks import queries

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest


@require_GET
def missing(request: PersonRequest) -> HttpResponse:
    """What paged in the last 30 days without a runbook."""
    context = {"lines": queries.missing(request.user), "days": queries.DAYS}
    return render(request, "oncall/runbooks/missing.html", context)
