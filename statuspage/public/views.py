"""Pages for anybody: no session, no cookie, no script. When Postgres is away, the last good answer is served."""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.feedgenerator import Atom1Feed
from django.views.decorators.http import require_safe

from statuspage.components import rules as states
from statuspage.public import queries, rules

View = Callable[..., HttpResponse]

_LAST_GOOD: OrderedDict[str, tuple[bytes, str]] = OrderedDict()
_KEEP = 200


def survives(view: View) -> View:
    """Keep the last good answer of an address and give it again, marked stale, while the database is away."""

    @functools.wraps(view)
    def wrapped(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        key = quote(request.path) + "?" + request.GET.get("before", "")[:40]
        try:
            answer = view(request, **kwargs)
        except (OperationalError, DatabaseError):
            if key not in _LAST_GOOD:
                raise
            body, content_type = _LAST_GOOD[key]
            answer = HttpResponse(body, content_type=content_type)
            answer["Warning"] = '110 - "The database does not answer; this is the last good copy"'
        else:
            _LAST_GOOD[key] = (answer.content, answer["Content-Type"])
            _LAST_GOOD.move_to_end(key)
            while len(_LAST_GOOD) > _KEEP:
                _LAST_GOOD.popitem(last=False)
        answer["Cache-Control"] = "public, max-age=10, stale-while-revalidate=30, stale-if-error=86400"
        return answer

    return wrapped


def _address(name: str, **kwargs: str) -> str:
    return settings.BASE_URL + reverse(f"statuspage:{name}", kwargs=kwargs)


@login_not_required
@require_safe
@survives
def index(request: HttpRequest, slug: str) -> HttpResponse:
    """The page of one product: verdict, open incidents, components with their last 90 days, past two weeks."""
    view = queries.summary(slug, now=timezone.now())
    return _html(request, "statuspage/public/index.html", view.page, {"view": view, "section": "now"})


@login_not_required
@require_safe
@survives
def history(request: HttpRequest, slug: str) -> HttpResponse:
    """Past incidents, fifty at a time, `?before=` an RFC 3339 time."""
    before = parse_datetime(request.GET.get("before", "").replace(" ", "+"))
    page, notices = queries.history(slug, before=before if before and before.tzinfo else None)
    last = notices[-1].created_at.isoformat() if len(notices) == 50 else ""
    context = {"notices": notices, "section": "history", "before": last}
    return _html(request, "statuspage/public/history.html", page, context)


@login_not_required
@require_safe
@survives
def notice(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """One incident with all its updates."""
    page, view = queries.notice(slug, public_id)
    return _html(request, "statuspage/public/notice.html", page, {"notice": view, "section": "history"})


def _html(
    request: HttpRequest, template: str, page: queries.PageView, context: dict[str, Any]
) -> HttpResponse:
    """Draw in the page's own zone, whoever reads it."""
    with timezone.override(ZoneInfo(page.time_zone)):
        return HttpResponse(render_to_string(template, {**context, "page": page, "now": timezone.now()}))


@login_not_required
@require_safe
@survives
def summary_json(request: HttpRequest, slug: str) -> HttpResponse:
    """Statuspage's summary.json."""
    view = queries.summary(slug, now=timezone.now())
    parts = _components(view)
    return _json(
        {
            "page": _page(view.page),
            "components": list(parts.values()),
            "incidents": [_incident(row, view.page, parts) for row in view.open],
            "scheduled_maintenances": [],
            "status": _status(view),
        }
    )


@login_not_required
@require_safe
@survives
def status_json(request: HttpRequest, slug: str) -> HttpResponse:
    """Statuspage's status.json."""
    view = queries.summary(slug, now=timezone.now())
    return _json({"page": _page(view.page), "status": _status(view)})


@login_not_required
@require_safe
@survives
def components_json(request: HttpRequest, slug: str) -> HttpResponse:
    """Statuspage's components.json."""
    view = queries.summary(slug, now=timezone.now())
    return _json({"page": _page(view.page), "components": list(_components(view).values())})


@login_not_required
@require_safe
@survives
def incidents_json(request: HttpRequest, slug: str) -> HttpResponse:
    """Statuspage's incidents.json: the fifty latest."""
    view = queries.summary(slug, now=timezone.now())
    _, rows = queries.history(slug)
    parts = _components(view)
    return _json({"page": _page(view.page), "incidents": [_incident(row, view.page, parts) for row in rows]})


@login_not_required
@require_safe
@survives
def unresolved_json(request: HttpRequest, slug: str) -> HttpResponse:
    """Statuspage's incidents/unresolved.json."""
    view = queries.summary(slug, now=timezone.now())
    parts = _components(view)
    return _json(
        {"page": _page(view.page), "incidents": [_incident(row, view.page, parts) for row in view.open]}
    )


@login_not_required
@require_safe
@survives
def atom(request: HttpRequest, slug: str) -> HttpResponse:
    """The history as an Atom feed: one entry an incident, its updates newest first."""
    page, notices = queries.history(slug)
    feed = Atom1Feed(
        title=f"{page.name} status",
        link=_address("index", slug=slug),
        description=f"Incidents of {page.name}",
        feed_url=_address("atom", slug=slug),
    )
    for row in notices:
        words = render_to_string("statuspage/public/_feed_entry.html", {"notice": row})
        feed.add_item(
            title=row.title,
            link=_address("notice", slug=slug, public_id=row.id),
            description=words,
            unique_id=f"tag:{settings.HOST},{row.created_at:%Y-%m-%d}:{row.id}",
            pubdate=row.created_at,
            updateddate=row.updated_at,
        )
    return HttpResponse(feed.writeString("utf-8"), content_type="application/atom+xml; charset=utf-8")


def _page(view: queries.PageView) -> dict[str, Any]:
    return rules.page(view, url=_address("index", slug=view.slug))


def _components(view: queries.Summary) -> dict[str, dict[str, Any]]:
    return {part.id: rules.component(part, page_id=view.page.slug) for part in view.components}


def _incident(
    row: queries.NoticeView, page: queries.PageView, parts: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    about = [parts[part_id] for part_id, _, _ in row.components if part_id in parts]
    return rules.incident(
        row, page_id=page.slug, url=_address("notice", slug=page.slug, public_id=row.id), components=about
    )


def _status(view: queries.Summary) -> dict[str, str]:
    indicator, description = states.indicator([states.State(part.state) for part in view.components])
    return {"indicator": indicator, "description": description}


def _json(body: dict[str, Any]) -> HttpResponse:
    answer = JsonResponse(body, content_type="application/json; charset=utf-8")
    answer["Access-Control-Allow-Origin"] = "*"
    return answer
