from __future__ import annotations

from typing import TYPE_CHECKING

from django.views.decorators.http import require_GET

from core.ui.render import render
from oncall.readiness import queries

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest


@require_GET
def board(request: PersonRequest) -> HttpResponse:
    """Everybody who is on call now or in the next seven days: green, or red with the reason."""
    return render(request, "oncall/readiness/board.html", {"board": queries.board()})
