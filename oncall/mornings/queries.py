"""A person's night as their team reads of it, and who is told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse

from core.accounts.models import Membership, TeamRole, User
from oncall.destinations.models import Destination
from oncall.escalation import queries as escalations
from oncall.mornings.rules import Duty, Line, Report
from oncall.nights.queries import REST
from oncall.paging.models import Page, PageStatus
from oncall.paging.rules import Over
from oncall.quiet.queries import zone_of
from oncall.schedules import queries as schedules
from oncall.schedules.models import Schedule

if TYPE_CHECKING:
    from django.db.models import QuerySet

SOON = REST
"""Who is on call within this time after such a night should not be."""
PRIVATE = "A private incident"


def report(user: User, *, start: datetime, end: datetime, limit: int) -> Report:
    """Give what there is to tell of a person's night."""
    pages = list(_pages(user, start, end))
    return Report(
        name=str(user),
        zone=zone_of(user),
        end=end,
        limit=limit,
        count=sum(page.sent_at is not None and page.held_until is None for page in pages),
        lines=tuple(Line(page.planned_at, _title(page), _outcome(page)) for page in pages),
        duties=_duties(user, end),
        url=f"{settings.BASE_URL}{reverse('oncall:pages')}?user={user.pk}&days=7",
    )


def _pages(user: User, start: datetime, end: datetime) -> QuerySet[Page]:
    related = ("escalation__alert__incident", "escalation__incident", "escalation__acknowledged_by")
    found = Page.objects.select_related(*related).filter(user=user, escalation__isnull=False)
    return found.filter(created_at__gte=start, created_at__lt=end).order_by("planned_at", "pk")


def _title(page: Page) -> str:
    assert page.escalation is not None  # noqa: S101 - only pages of an escalation are read
    incident = escalations.incident_of(page.escalation)
    if incident is not None and incident.private:
        return PRIVATE
    return escalations.title(page.escalation)


def _outcome(page: Page) -> str:
    run = page.escalation
    assert run is not None  # noqa: S101 - only pages of an escalation are read
    if page.over_limit == Over.PASSED_OVER:
        return f"over the limit, others were asked instead{_taken(run.acknowledged_by)}"
    if page.over_limit == Over.WAITS:
        return "over the limit, waited for the morning"
    over = "over the limit, went through, " if page.over_limit else ""
    if page.status == PageStatus.ACKNOWLEDGED and page.acknowledged_at:
        return f"{over}acknowledged after {_minutes(page.acknowledged_at - page.planned_at)}"
    if page.sent_at is None:
        return f"{over}{'not sent' if page.ended_at else 'on its way'}"
    return f"{over}not acknowledged{_taken(run.acknowledged_by)}"


def _taken(by: User | None) -> str:
    return f", {by} took it" if by else ""


def _minutes(time: timedelta) -> str:
    return f"{max(round(time / timedelta(minutes=1)), 1)} min"


def _duties(user: User, end: datetime) -> tuple[Duty, ...]:
    shifts = [shift for pk, shift in schedules.shifts(start=end, end=end + SOON) if pk == user.pk]
    slugs = dict(
        Schedule.objects.filter(pk__in=[shift.schedule_id for shift in shifts]).values_list("pk", "slug")
    )
    return tuple(
        Duty(
            shift.name,
            shift.end,
            settings.BASE_URL + reverse("oncall:calendar", args=[slugs[shift.schedule_id]]),
        )
        for shift in shifts
    )


def rooms(user: User) -> QuerySet[Destination]:
    """Give the channels of a person's teams that are in use."""
    teams = Membership.objects.filter(user=user).values("team")
    return Destination.objects.filter(team__in=teams, is_enabled=True).order_by("pk")


def readers(user: User) -> list[User]:
    """Give who is mailed about a person's night: they themselves and who manages a team of theirs, else every admin."""
    teams = Membership.objects.filter(user=user).values("team")
    part = Membership.objects.filter(team__in=teams, role=TeamRole.MANAGER).values("user")
    others = User.objects.active().filter(pk__in=part).order_by("pk") or escalations.admins()
    return [user, *(each for each in others if each.pk != user.pk)]
