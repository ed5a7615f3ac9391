"""What being on call was for people in a period, as far as the viewer may know it. A bounded number of queries."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Q

from core.accounts import queries as accounts
from oncall.absences import queries as absences
from oncall.absences.models import HolidayRegion
from oncall.alerts.models import CANARY
from oncall.load.models import PayRates
from oncall.load.rules import hours, pages, pay, spans
from oncall.nights import queries as nights
from oncall.paging.models import Page
from oncall.paging.rules import Over
from oncall.schedules import queries as schedules
from oncall.schedules.models import Schedule

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import date
    from decimal import Decimal
    from fractions import Fraction
    from zoneinfo import ZoneInfo

    from django.db.models import QuerySet

    from core.accounts.models import User
    from oncall.load.rules.spans import Span

SLACK = timedelta(days=1)
"""No zone is further from UTC than this."""


REACHED = Q(Q(sent_at__isnull=False) | Q(ended_at=None), escalation__isnull=False, held_until=None) & ~Q(
    over_limit=Over.PASSED_OVER
)
"""As for the limit of a night: what waited for the morning, was never sent, or went to others reached nobody."""
NO_DRILL = Q(escalation__incident=None) | Q(escalation__incident__drill=False)
"""Game days do not count."""


@dataclass(frozen=True, slots=True)
class Duty:
    """What somebody had of one schedule."""

    schedule: Schedule
    hours: hours.Hours


@dataclass(frozen=True, slots=True)
class Load:
    """What being on call was for one person in a period, by their own clocks."""

    user: User
    zone: ZoneInfo
    hours: hours.Hours
    duties: tuple[Duty, ...]
    pages: pages.Pages
    longest: timedelta
    months: tuple[tuple[date, Fraction], ...]
    paid: tuple[pay.Line, ...] = ()

    @property
    def totals(self) -> list[tuple[str, Decimal]]:
        """What is paid, by currency."""
        return pay.totals(self.paid)


@dataclass(frozen=True, slots=True)
class Served:
    """When somebody was on call in one schedule, and when it stood behind another one."""

    schedule: Schedule
    spans: list[Span]
    second: list[Span]


def loads(
    people: Sequence[User], first: date, last: date, *, viewer: User, now: datetime | None
) -> list[Load]:
    """What these people had from one date to another, both included, in the order given.

    Nothing after `now` counts, unless that is None: then what is planned counts too.
    """
    spans.period(first, last)
    zones = {user.pk: accounts.zone(user.time_zone) for user in people}
    served = _served(zones, first, last, now)
    reached = _reached(zones, first, last, viewer)
    free = _holidays(zones, first, last)
    rates = _rates(last)
    found = []
    for user in people:
        zone, had = zones[user.pk], served[user.pk]
        load = _load(user, zone, had, reached[user.pk], free[user.pk])
        paid = _paid(load, had, rates, free[user.pk], first, last)
        found.append(replace(load, paid=tuple(paid)))
    return found


def pages_of(
    user: User, first: date, last: date, *, viewer: User, since: datetime | None = None
) -> pages.Pages:
    """What somebody was paged about from one date to another, both included, as far as the viewer may know it.

    With `since` only what came from then on.
    """
    zones = {user.pk: accounts.zone(user.time_zone)}
    pings = _reached(zones, first, last, viewer)[user.pk]
    return pages.counted((ping for ping in pings if since is None or ping.at >= since), zones[user.pk])


def night_limit() -> int:
    """How many pages a night are too many; 0: no limit."""
    return nights.limit()


def _load(
    user: User,
    zone: ZoneInfo,
    served: Sequence[Served],
    reached: Sequence[pages.Ping],
    free: Collection[date],
) -> Load:
    together = [span for each in served for span in each.spans]
    days = hours.days(together, zone, free)
    return Load(
        user=user,
        zone=zone,
        hours=hours.hours(days),
        duties=tuple(Duty(each.schedule, hours.hours(hours.days(each.spans, zone, free))) for each in served),
        pages=pages.counted(reached, zone),
        longest=hours.longest(together),
        months=tuple(hours.by_month(days)),
    )


def _window(zone: ZoneInfo, first: date, last: date) -> Span:
    return spans.midnight(first, zone), spans.midnight(last + spans.DAY, zone)


def _widest(zones: Collection[ZoneInfo], first: date, last: date) -> Span:
    windows = [_window(zone, first, last) for zone in zones]
    return min(start for start, _ in windows), max(end for _, end in windows)


def _served(
    zones: Mapping[int, ZoneInfo], first: date, last: date, now: datetime | None
) -> dict[int, list[Served]]:
    """When these people were on call, by person and schedule, the schedules by name.

    What a schedule says of the time before it was made counts for nothing.
    """
    found: dict[int, list[Served]] = {pk: [] for pk in zones}
    if not zones:
        return found
    start, end = _widest(zones.values(), first, last)
    end = end if now is None else min(end, now)
    resolved = schedules.resolve(schedules.naming(list(zones)), start=start, end=end) if start < end else {}
    for row in Schedule.objects.filter(pk__in=resolved).select_related("team").order_by("name", "id"):
        second = [(ahead.start, ahead.end or end) for ahead in resolved[row.pk].ahead]
        own: defaultdict[int, list[Span]] = defaultdict(list)
        for piece in resolved[row.pk].final(max(start, row.created_at), end):
            for user in piece.users:
                own[user].append((piece.start, piece.end))
        for user in own.keys() & zones.keys():
            if had := spans.within(spans.united(own[user]), *_window(zones[user], first, last)):
                found[user].append(Served(row, had, second))
    return found


def _reached(
    zones: Mapping[int, ZoneInfo], first: date, last: date, viewer: User
) -> dict[int, list[pages.Ping]]:
    """What these people were paged about, as far as the viewer may know of it."""
    found: dict[int, list[pages.Ping]] = {pk: [] for pk in zones}
    if not zones:
        return found
    start, end = _widest(zones.values(), first, last)
    rows = (
        Page.objects.visible_to(viewer)
        .filter(REACHED, NO_DRILL)
        .filter(user__in=zones, created_at__gte=start, created_at__lt=end)
        .values_list(
            "user_id", "created_at", "escalation_id", "escalation__alert_id", "escalation__incident_id"
        )
    )
    for user, at, escalation, alert, incident in rows:
        begins, ends = _window(zones[user], first, last)
        if begins <= at < ends:
            about = nights.subject(alert_id=alert, incident_id=incident, escalation_id=escalation)
            found[user].append(pages.Ping(at, about))
    return found


def came() -> QuerySet[Page]:
    """The pages that came to people, with those that the limit of the night kept from them."""
    wanted = Q(escalation__isnull=False) & (REACHED | ~Q(over_limit=""))
    return Page.objects.filter(wanted, NO_DRILL).exclude(escalation__alert__integration__kind=CANARY)


def weekends(people: Sequence[User], saturday: date) -> dict[int, dict[int | None, Fraction]]:
    """Give which share of a weekend each of these people had, by the team of the schedule, by their own clocks."""
    sunday = saturday + spans.DAY
    zones = {user.pk: accounts.zone(user.time_zone) for user in people}
    found: dict[int, dict[int | None, Fraction]] = {}
    for pk, had in _served(zones, saturday, sunday, None).items():
        own: defaultdict[int | None, list[Span]] = defaultdict(list)
        for each in had:
            own[each.schedule.team_id] += each.spans
        found[pk] = {team: hours.share(some, zones[pk]) / 2 for team, some in own.items()}
    return found


def _holidays(zones: Mapping[int, ZoneInfo], first: date, last: date) -> dict[int, frozenset[date]]:
    """The public holidays where these people live, as far as they said so; each place is looked up once."""
    places = {place.user_id: place for place in HolidayRegion.objects.filter(user__in=zones)}
    known: dict[str, frozenset[date]] = {}
    for place in places.values():
        if str(place) not in known:
            found = absences.public_holidays(place, first=first, last=last)
            known[str(place)] = frozenset(day for day, _ in found)
    return {pk: known[str(places[pk])] if pk in places else frozenset() for pk in zones}


def _rates(last: date) -> dict[int | None, list[pay.Rates]]:
    """The rates that anything up to a date can be paid by, by team; None: for whoever has none of their own."""
    found: defaultdict[int | None, list[pay.Rates]] = defaultdict(list)
    for row in PayRates.objects.filter(since__lte=last):
        found[row.team_id].append(rates_of(row))
    return found


def rates_of(row: PayRates) -> pay.Rates:
    """A row as the rules know it."""
    amounts = tuple((what, getattr(row, f"per_{what.value}")) for what in pay.What)
    return pay.Rates(row.since, row.currency, amounts, row.adds, row.pays_secondary)


def _paid(
    load: Load,
    served: Sequence[Served],
    rates: Mapping[int | None, list[pay.Rates]],
    free: Collection[date],
    first: date,
    last: date,
) -> Iterator[pay.Line]:
    """What is paid, team by team: hours in two schedules of a team at once count once."""
    everybody = rates.get(None, [])
    groups: defaultdict[tuple[str, pay.Rates], list[Span]] = defaultdict(list)
    for each in served:
        own = rates.get(each.schedule.team_id, []) if each.schedule.team_id else []
        for begin, end, one in pay.segments(own, everybody, first, last):
            had = spans.within(each.spans, *_window(load.zone, begin, end))
            team = each.schedule.team.name if each.schedule.team else ""
            groups[team, one] += had if one.pays_secondary else spans.without(had, each.second)
    nights: Counter[tuple[str, pay.Rates]] = Counter()
    for at, morning in zip(load.pages.woken_at, load.pages.woken, strict=True):
        known = (key for key in sorted(groups, key=_order) if any(a <= at < b for a, b in groups[key]))
        fallback = pay.in_force(everybody, morning)
        if key := next(known, ("", fallback) if fallback else None):
            nights[key] += 1
    for key in sorted({*groups, *nights}, key=_order):
        team, one = key
        yield from pay.lines(one, hours.days(groups.get(key, ()), load.zone, free), nights[key], team)


def _order(key: tuple[str, pay.Rates]) -> tuple[str, date]:
    return key[0], key[1].since
