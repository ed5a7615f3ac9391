"""What people have earned lately and were not offered yet: hard nights, weekends on call, major incidents."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Q

from core.accounts import queries as accounts
from core.accounts.models import Membership, User
from incidents.lifecycle.models import Incident, RoleAssignment
from oncall.load import queries as load
from oncall.load.rules.spans import DAY
from oncall.nights import queries as limits
from oncall.paging.models import Page
from oncall.paging.rules import Over
from oncall.schedules import queries as schedules
from oncall.schedules.models import Schedule
from oncall.timeoff import rules
from oncall.timeoff.models import TimeOff
from oncall.timeoff.queries.terms import by_team, terms_of
from oncall.timeoff.rules import Reached, Terms, Why

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import date
    from decimal import Decimal
    from zoneinfo import ZoneInfo

    from django.db.models import QuerySet

LATELY = timedelta(days=3)
"""What was over longer ago earns nothing any more."""
NIGHT = timedelta(days=3)
"""The longest night, and some more: that of a Friday ends on Saturday, but clocks differ."""


@dataclass(frozen=True, slots=True)
class Earned:
    """Time off that somebody has earned, as it is written down."""

    user: User
    why: Why
    occurrence: str
    day: date
    hours: Decimal
    terms: Terms
    team_id: int | None
    incident_id: int | None = None
    night: rules.Night | None = None
    limit: int = 0


def earned(now: datetime) -> Iterator[Earned]:
    """Give what was earned in the last days, what a major incident earned before the night that it broke."""
    people = {user.pk: user for user in User.objects.active().order_by("pk")}
    terms = by_team()
    known = _known(now)
    yield from _weekends(people, terms, known, now)
    yield from _incidents(people, terms, known, now)
    yield from _nights(people, terms, known, now)


def _known(now: datetime) -> set[tuple[int, str, str]]:
    rows = TimeOff.objects.filter(day__gte=(now - LATELY - 7 * DAY).date())
    return set(rows.values_list("user_id", "why", "occurrence"))


def _zone(user: User) -> ZoneInfo:
    return accounts.zone(user.time_zone)


def _nights(
    people: Mapping[int, User],
    terms: Mapping[int | None, Terms],
    known: Collection[tuple[int, str, str]],
    now: datetime,
) -> Iterator[Earned]:
    limit = limits.limit()
    least = min((each.woken_minutes for each in terms.values() if each.woken_minutes), default=0)
    found = [
        (people[pk], night)
        for pk, pages in reached(people, now - LATELY - NIGHT, now).items()
        for night in rules.nights(pages, _zone(people[pk]))
        if now - LATELY <= night.end <= now
        and (pk, Why.NIGHT, night.morning.isoformat()) not in known
        and rules.is_hard(night, limit=limit, woken_minutes=least)
    ]
    teams = _duty({(user.pk, night.first) for user, night in found})
    for user, night in found:
        team_id = teams[user.pk, night.first]
        own = terms_of(terms, team_id)
        if own.per_night and rules.is_hard(night, limit=limit, woken_minutes=own.woken_minutes):
            yield Earned(
                user,
                Why.NIGHT,
                night.morning.isoformat(),
                night.morning,
                rules.part(rules.WHOLE, own.per_night),
                own,
                team_id,
                night.incident,
                night,
                limit,
            )


def reached(
    user_ids: Collection[int], start: datetime, end: datetime, *, only: Q | None = None
) -> dict[int, list[Reached]]:
    """Give what came to these people in [start, end), also what was over the limit. Game days do not count."""
    rows = _came().filter(only or Q(), user__in=list(user_ids), created_at__gte=start, created_at__lt=end)
    found: defaultdict[int, list[Reached]] = defaultdict(list)
    for page in rows:
        if page.user_id is not None:
            found[page.user_id].append(_reached(page))
    return found


def reached_by(page_ids: Collection[int]) -> dict[int, Reached]:
    """Give the same of these pages."""
    return {page.pk: _reached(page) for page in _came().filter(pk__in=list(page_ids))}


def _came() -> QuerySet[Page]:
    return load.came().select_related("escalation__alert", "escalation__incident")


def _reached(page: Page) -> Reached:
    run = page.escalation
    assert run is not None  # noqa: S101 - test pages are not read
    about = run.alert or run.incident
    return Reached(
        id=page.pk,
        at=page.created_at,
        about=limits.subject(alert_id=run.alert_id, incident_id=run.incident_id, escalation_id=run.pk),
        heard=page.acknowledged_at or page.ended_at or page.created_at,
        over=about.resolved_at if about is not None and page.acknowledged_at else None,
        incident=run.incident_id or (run.alert.incident_id if run.alert else None),
        woke=page.over_limit in ("", Over.WENT_THROUGH),
    )


def _duty(wanted: Collection[tuple[int, datetime]]) -> dict[tuple[int, datetime], int | None]:
    """Give the team in whose schedule each of these had duty at a moment, None where it was in none."""
    found: dict[tuple[int, datetime], int | None] = dict.fromkeys(wanted)
    if not wanted:
        return found
    start, end = min(at for _, at in wanted), max(at for _, at in wanted) + timedelta(seconds=1)
    read = schedules.resolve(schedules.naming({pk for pk, _ in wanted}), start=start, end=end)
    rows = Schedule.objects.filter(pk__in=read, team__isnull=False).order_by("-name", "-id")
    for row in rows:
        pieces = read[row.pk].final(start, end)
        for pk, at in wanted:
            if any(pk in piece.users and piece.start <= at < piece.end for piece in pieces):
                found[pk, at] = row.team_id
    return found


def _weekends(
    people: Mapping[int, User],
    terms: Mapping[int | None, Terms],
    known: Collection[tuple[int, str, str]],
    now: datetime,
) -> Iterator[Earned]:
    if not any(each.per_weekend for each in terms.values()):
        return
    wanted: defaultdict[date, list[User]] = defaultdict(list)
    for user in people.values():
        saturday = rules.weekend_before(now, _zone(user))
        is_late = now - rules.last_moment(saturday + DAY, _zone(user)) > LATELY
        if not is_late and (user.pk, Why.WEEKEND, saturday.isoformat()) not in known:
            wanted[saturday].append(user)
    for saturday, some in wanted.items():
        for pk, shares in load.weekends(some, saturday).items():
            parts = {
                team_id: rules.part(share, terms_of(terms, team_id).per_weekend)
                for team_id, share in shares.items()
            }
            if total := sum(parts.values()):
                team_id = max(parts, key=lambda each: (parts[each], each or 0))
                own = terms_of(terms, team_id)
                yield Earned(people[pk], Why.WEEKEND, saturday.isoformat(), saturday, total, own, team_id)


def _incidents(
    people: Mapping[int, User],
    terms: Mapping[int | None, Terms],
    known: Collection[tuple[int, str, str]],
    now: datetime,
) -> Iterator[Earned]:
    worst = max(each.worst_rank for each in terms.values())
    over = (
        Incident.objects.counted()
        .filter(severity__rank__lte=worst, resolved_at__gt=now - LATELY, resolved_at__lte=now)
        .select_related("severity")
    )
    teams: defaultdict[int, list[int]] = defaultdict(list)
    rows = list(over)
    if rows:
        for pk, team_id in Membership.objects.order_by("team").values_list("user", "team"):
            teams[pk].append(team_id)
    for incident in rows:
        for pk in sorted(_responders(incident)):
            if pk in people and (pk, Why.INCIDENT, str(incident.pk)) not in known:
                yield from _incident(people[pk], incident, teams[pk], terms)


def _incident(
    user: User, incident: Incident, team_ids: Iterable[int], terms: Mapping[int | None, Terms]
) -> Iterator[Earned]:
    """By the terms of the team of theirs that gives the most."""
    assert incident.resolved_at is not None  # noqa: S101 - only such are read
    own: list[tuple[Terms, int | None]] = [(terms[pk], pk) for pk in team_ids if pk in terms]
    own = own or [(terms[None], None)]
    fit = [each for each in own if incident.severity.rank <= each[0].worst_rank]
    best, team_id = max(fit, key=lambda each: each[0].per_incident, default=(Terms(per_incident=0), None))
    if best.per_incident:
        day = incident.resolved_at.astimezone(_zone(user)).date()
        whole = rules.part(rules.WHOLE, best.per_incident)
        yield Earned(user, Why.INCIDENT, str(incident.pk), day, whole, best, team_id, incident.pk)


def _responders(incident: Incident) -> set[int]:
    """Who held a role in it, or was paged about it and came."""
    about = Q(escalation__incident=incident) | Q(escalation__alert__incident=incident)
    paged = Page.objects.filter(about, acknowledged_at__isnull=False, user__isnull=False)
    held = RoleAssignment.objects.filter(incident=incident)
    return {
        *held.values_list("user", flat=True),
        *(pk for pk in paged.values_list("user", flat=True) if pk is not None),
    }
