from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.paginator import Paginator
from django.views.decorators.http import require_safe

from core import csv
from core.accounts.sign_in import password_again
from core.ui.render import render
from oncall.ledger import queries
from oncall.ledger.forms import LedgerFilter

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest

CHUNK = 50


@require_safe
def index(request: PersonRequest) -> HttpResponse:
    """Why was I paged: my pages, or somebody's, or all about an alert, with the rule that caused each."""
    form = LedgerFilter(request.GET, viewer=request.user)
    wanted = form.wanted()
    chunk = Paginator(queries.pages(request.user, wanted), CHUNK).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "whose": wanted.user,
        "alert": wanted.alert,
        "chunk": chunk,
        "lines": queries.lines(chunk.object_list),
        "is_own": wanted.user == request.user,
    }
    return render(request, "oncall/ledger/index.html", context)


@password_again
@require_safe
def export(request: PersonRequest) -> HttpResponse:
    """The same as CSV, at most 5000 pages."""
    wanted = LedgerFilter(request.GET, viewer=request.user).wanted()
    return csv.answer("pages.csv", queries.table(request.user, wanted))
