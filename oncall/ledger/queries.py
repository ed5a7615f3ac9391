"""Why was I paged: every page of a person with the rule that caused it, each try, and what became of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Value
from django.db.models.functions import Now

from oncall.escalation import queries as escalations
from oncall.ledger import rules
from oncall.paging import queries as paging
from oncall.paging.models import Page
from oncall.paging.rules import Over

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.accounts.models import User
    from oncall.alerts.models import Alert
    from oncall.paging.models import PageQuerySet
    from oncall.paging.queries import Delivery

MOST_EXPORTED = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which pages: whose (None: everybody's), about which alert, how they ended, how urgent they were, of how many days."""

    user: User | None
    alert: Alert | None = None
    status: str = ""
    urgency: str = ""
    days: int = 30


@dataclass(frozen=True, slots=True)
class Line:
    """A page with what it was about, its deliveries, and who else was asked."""

    page: Page
    about: str
    deliveries: tuple[Delivery, ...]
    others: tuple[str, ...] = ()

    @property
    def alert_id(self) -> int | None:
        """The alert it was about."""
        return self.page.escalation.alert_id if self.page.escalation else None

    @property
    def incident(self) -> str:
        """The number of the incident it was about, by itself or through its alert."""
        found = escalations.incident_of(self.page.escalation) if self.page.escalation else None
        return str(found) if found else ""


def pages(viewer: User, wanted: Wanted) -> PageQuerySet:
    """Give the pages of a person, or about an alert, as far as the viewer may know of them, the newest first."""
    since = Now() - Value(timedelta(days=wanted.days))
    found = paging.pages(viewer).filter(created_at__gte=since)
    if wanted.user:
        found = found.filter(user=wanted.user)
    if wanted.alert:
        found = found.filter(escalation__alert=wanted.alert)
    if wanted.status:
        found = found.filter(status=wanted.status)
    if wanted.urgency:
        found = found.filter(urgency=wanted.urgency)
    return found.select_related(
        "user",
        "destination",
        "escalation__policy",
        "escalation__started_by",
        "escalation__acknowledged_by",
        "escalation__alert__service",
        "escalation__alert__incident",
        "escalation__incident",
    ).order_by("-id")


def lines(found: Iterable[Page]) -> list[Line]:
    """Give pages with their deliveries and who else was asked, three queries for all of them."""
    chosen = list(found)
    deliveries = paging.deliveries([page.pk for page in chosen])
    asked = _asked({page.escalation_id for page in chosen if page.escalation_id is not None})
    return [Line(page, _about(page), deliveries.get(page.pk, ()), _others(page, asked)) for page in chosen]


def _asked(escalation_ids: set[int]) -> dict[int, dict[int, str]]:
    """Give the people of each escalation, in the order in which they were asked."""
    found: defaultdict[int, dict[int, str]] = defaultdict(dict)
    rows = Page.objects.filter(escalation__in=escalation_ids, user__isnull=False).select_related("user")
    rows = rows.exclude(over_limit=Over.PASSED_OVER)
    for page in rows.order_by("id"):
        if page.escalation_id is not None and page.user_id is not None:
            found[page.escalation_id][page.user_id] = str(page.user)
    return found


def _others(page: Page, asked: Mapping[int, Mapping[int, str]]) -> tuple[str, ...]:
    people = asked.get(page.escalation_id or 0, {})
    return tuple(name for user_id, name in people.items() if user_id != page.user_id)


def _about(page: Page) -> str:
    return escalations.title(page.escalation) if page.escalation else "Test page"


def table(viewer: User, wanted: Wanted) -> Iterator[list[object]]:
    """Give the ledger line by line, one for each message, with its column names first."""
    yield list(rules.COLUMNS)
    for line in lines(pages(viewer, wanted)[:MOST_EXPORTED]):
        for delivery in line.deliveries or (None,):
            yield [*_of_page(line), *_of_delivery(delivery)]


def _of_page(line: Line) -> list[object]:
    page, escalation = line.page, line.page.escalation
    return [
        page.pk,
        page.user or page.destination,
        line.about,
        line.alert_id,
        line.incident,
        escalation.policy if escalation else None,
        page.level + 1,
        page.round + 1,
        page.recipients,
        page.urgency,
        page.why,
        page.answer,
        _time(page.planned_at),
        "yes" if page.is_out_of_hours else "no",
        page.over_limit,
        _time(page.sent_at),
        _time(page.acknowledged_at),
        page.status,
    ]


def _of_delivery(delivery: Delivery | None) -> list[object]:
    if delivery is None:
        return ["", "", "", "", ""]
    tries = "; ".join(f"{_time(each.at)} {each.outcome} {each.detail}".strip() for each in delivery.attempts)
    return [delivery.channel, delivery.address_hint, delivery.state, delivery.detail, tries]


def _time(at: datetime | None) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S.%fZ}" if at else ""
