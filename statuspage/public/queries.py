"""What anybody may read: published words and component states, as plain values. Nothing here can reach an incident."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.http import Http404

from statuspage.components import rules
from statuspage.components.models import Component, ComponentSpan, StatusPage
from statuspage.notices.models import Notice

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

HISTORY_DAYS = 90
RECENT_DAYS = 14
STEPS = ("investigating", "identified", "monitoring", "resolved")


@dataclass(frozen=True, slots=True)
class PageView:
    slug: str
    name: str
    time_zone: str
    support_url: str
    updated_at: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ComponentView:
    id: str
    name: str
    description: str
    state: str
    position: int
    created_at: datetime
    updated_at: datetime
    days: tuple[str | None, ...]
    uptime: float | None

    @property
    def bars_label(self) -> str:
        """What the bars say to somebody who cannot see them."""
        bad = sum(day in {"partial_outage", "major_outage"} for day in self.days)
        share = f"{self.uptime:.2f}% available" if self.uptime is not None else "no data yet"
        days = f"{bad} day{'' if bad == 1 else 's'} with an outage" if bad else "no outage"
        return f"{self.name}, last {HISTORY_DAYS} days: {share}, {days}"


@dataclass(frozen=True, slots=True)
class UpdateView:
    id: str
    status: str
    body: str
    at: datetime
    affected: tuple[dict[str, str], ...]


@dataclass(frozen=True, slots=True)
class NoticeView:
    id: str
    title: str
    status: str
    impact: str
    started_at: datetime
    created_at: datetime
    updated_at: datetime
    monitoring_at: datetime | None
    resolved_at: datetime | None
    next_update_due_at: datetime | None
    restored_by: datetime | None
    components: tuple[tuple[str, str, str], ...]
    """(id, name, state) of each part it is about."""
    updates: tuple[UpdateView, ...]

    @property
    def steps(self) -> list[tuple[str, str]]:
        """The four stages with done, current or nothing."""
        here = STEPS.index(self.status)
        return [
            (step, "done" if n < here else "current" if n == here else "") for n, step in enumerate(STEPS)
        ]

    @property
    def state(self) -> str:
        """The worst state that it put a part into."""
        shown = [
            rules.State(change["new_status"]) for update in self.updates[:1] for change in update.affected
        ]
        return rules.worst(shown).value


@dataclass(frozen=True, slots=True)
class Summary:
    page: PageView
    components: tuple[ComponentView, ...]
    open: tuple[NoticeView, ...]
    recent: tuple[NoticeView, ...]
    now: datetime

    @property
    def worst(self) -> str:
        return rules.worst([rules.State(part.state) for part in self.components]).value

    @property
    def working(self) -> int:
        return sum(part.state == rules.State.OPERATIONAL for part in self.components)

    @property
    def verdict(self) -> str:
        """The page's one sentence: the first open notice, else what the components say."""
        if self.open:
            return self.open[0].title
        if self.worst == rules.State.OPERATIONAL:
            return "Everything works normally"
        return {
            "under_maintenance": "Planned maintenance is under way",
            "degraded_performance": "Some parts are slower than usual",
            "partial_outage": "Some parts do not work",
            "major_outage": "There is a major outage",
        }[self.worst]

    @property
    def next_update_due_at(self) -> datetime | None:
        dues = [notice.next_update_due_at for notice in self.open if notice.next_update_due_at]
        return min(dues, default=None)

    @property
    def updated_at(self) -> datetime:
        return max([self.page.updated_at, *(notice.updated_at for notice in (*self.open, *self.recent))])


def _page(slug: str) -> StatusPage:
    page = StatusPage.every.filter(slug=slug, is_public=True).first()
    if page is None:
        raise Http404
    return page


def summary(slug: str, *, now: datetime) -> Summary:
    """Everything the front page shows, in five queries; 404 for a page that is not there or not public."""
    page = _page(slug)
    parts = list(Component.objects.filter(page=page))
    notices = list(_notices(page).filter(created_at__gte=now - timedelta(days=RECENT_DAYS)))
    still_open = list(_notices(page).filter(resolved_at=None)[:20])
    seen = {notice.pk for notice in still_open}
    return Summary(
        page=_page_view(page, parts),
        components=tuple(_component_views(page, parts, now=now)),
        open=tuple(map(_notice_view, still_open)),
        recent=tuple(_notice_view(notice) for notice in notices if notice.pk not in seen),
        now=now,
    )


def history(
    slug: str, *, before: datetime | None = None, limit: int = 50
) -> tuple[PageView, list[NoticeView]]:
    """Notices of a page, newest first, those created before an instant where one is given."""
    page = _page(slug)
    rows = _notices(page)
    if before is not None:
        rows = rows.filter(created_at__lt=before)
    return _page_view(page, []), [_notice_view(notice) for notice in rows[:limit]]


def notice(slug: str, public_id: str) -> tuple[PageView, NoticeView]:
    """One notice of a page; 404 where absent."""
    page = _page(slug)
    row = _notices(page).filter(public_id=public_id).first()
    if row is None:
        raise Http404
    return _page_view(page, []), _notice_view(row)


def _notices(page: StatusPage) -> QuerySet[Notice]:
    return (
        Notice.objects.filter(page=page)
        .prefetch_related("updates", "components")
        .order_by("-created_at", "-id")
    )


def _page_view(page: StatusPage, parts: Iterable[Component]) -> PageView:
    changed = max([page.created_at, *(part.updated_at for part in parts)])
    return PageView(page.slug, page.name, page.time_zone, page.support_url, changed, page.created_at)


def _component_views(page: StatusPage, parts: list[Component], *, now: datetime) -> Iterable[ComponentView]:
    zone = ZoneInfo(page.time_zone)
    spans: dict[int, list[rules.Span]] = {part.pk: [] for part in parts}
    since = now - timedelta(days=HISTORY_DAYS + 1)
    for row in ComponentSpan.objects.filter(component__in=parts).exclude(end__lt=since):
        spans[row.component_id].append(rules.Span(rules.State(row.state), row.start, row.end))
    for part in parts:
        past = rules.history(spans[part.pk], since=part.created_at, now=now, days=HISTORY_DAYS, zone=zone)
        yield ComponentView(
            id=part.public_id,
            name=part.name,
            description=part.description,
            state=part.state,
            position=part.position + 1,
            created_at=part.created_at,
            updated_at=part.updated_at,
            days=tuple(day.state.value if day.state else None for day in past.days),
            uptime=past.uptime,
        )


def _notice_view(row: Notice) -> NoticeView:
    return NoticeView(
        id=row.public_id,
        title=row.title,
        status=row.status,
        impact=row.impact,
        started_at=row.started_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
        monitoring_at=row.monitoring_at,
        resolved_at=row.resolved_at,
        next_update_due_at=row.next_update_due_at,
        restored_by=row.expected_by,
        components=tuple((part.public_id, part.name, part.state) for part in row.components.all()),
        updates=tuple(
            UpdateView(update.public_id, update.status, update.body, update.at, tuple(update.affected))
            for update in row.updates.all()
        ),
    )
