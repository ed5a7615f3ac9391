from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.views.decorators.http import require_safe

from core.search import queries, registry, rules
from core.ui.render import render

if TYPE_CHECKING:
    from django.http import HttpResponse

    from core.accounts.requests import PersonRequest

EACH, ALL_OF_ONE, IN_PALETTE = 8, 100, 5


@require_safe
def page(request: PersonRequest) -> HttpResponse:
    """What is found, by kind; `?kind=` shows more of one."""
    query, kind = rules.parse(request.GET.get("q", "")), request.GET.get("kind", "")
    known = {source.kind for source in registry.sources()}
    kind = kind if kind in known else ""
    groups = queries.search(request.user, query, each=ALL_OF_ONE if kind else EACH, kind=kind)
    context = {
        "query": query,
        "groups": groups,
        "kind": kind,
        "each": EACH,
        "operators": rules.OPERATORS,
    }
    return render(request, "search/page.html", context)


@require_safe
def palette(request: PersonRequest) -> HttpResponse:
    """The same as options of the command palette: what one can do, where one can go, what is found."""
    query = rules.parse(request.GET.get("q", ""))
    groups = queries.search(request.user, query, each=IN_PALETTE)
    context = {"query": query, "groups": groups, "query_string": urlencode({"q": query.text})}
    return render(request, "search/_options.html", context)
