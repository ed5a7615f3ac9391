"""Who is on call at one instant, straight from the definition: slow, and sharing no code with the rules it judges.

It asks a zone only "what does the wall clock show at this instant", never the reverse, and it counts turns one by
one. Wall-clock times and changes of the clock are taken to lie on whole minutes.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from oncall.schedules.rules.layers import Layer, Override

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# No clock differs from UTC by more.
REACH = 26 * HOUR


def shown(zone: str, moment: datetime) -> datetime:
    """What the wall clock shows, without a zone."""
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def exists(zone: str, wall: datetime) -> bool:
    return bool(showings(zone, wall))


@cache
def instant_of(zone: str, wall: datetime) -> datetime:
    """The first instant at which the clock shows `wall`; if none does, `wall` moved forward by the gap."""
    times = showings(zone, wall)
    if times:
        return min(times)
    moment = wall.replace(tzinfo=UTC) - REACH
    while shown(zone, moment) < wall:
        moment += MINUTE
    gap_begins = shown(zone, moment - MINUTE) + MINUTE
    return moment + (wall - gap_begins)


def showings(zone: str, wall: datetime) -> list[datetime]:
    """Every instant at which the clock shows `wall`."""
    as_if_utc = wall.replace(tzinfo=UTC)
    offsets = _offsets(zone, wall.date())
    return [as_if_utc - offset for offset in offsets if shown(zone, as_if_utc - offset) == wall]


@cache
def _offsets(zone: str, day: date) -> frozenset[timedelta]:
    """What the zone's clock is ahead of UTC by, at every hour that the date may be shown in and some more."""
    return frozenset().union(*(_hourly(zone, day + days * DAY) for days in range(-2, 3)))


@cache
def _hourly(zone: str, day: date) -> frozenset[timedelta]:
    hours = (datetime(day.year, day.month, day.day, hour, tzinfo=UTC) for hour in range(24))
    return frozenset(_offset(zone, moment) for moment in hours)


@cache
def changes(zone: str, first_year: int, last_year: int, *, step: timedelta = DAY) -> tuple[datetime, ...]:
    """Every instant at which the zone's clock is moved; of two within a `step` it may miss both."""
    found = []
    moment, end = datetime(first_year, 1, 1, tzinfo=UTC), datetime(last_year + 1, 1, 1, tzinfo=UTC)
    offset = _offset(zone, moment)
    while moment < end:
        later = _offset(zone, moment + step)
        if offset != later:
            before, after = 0, step // MINUTE
            while after - before > 1:
                middle = (before + after) // 2
                if _offset(zone, moment + middle * MINUTE) == offset:
                    before = middle
                else:
                    after = middle
            found.append(moment + after * MINUTE)
        moment, offset = moment + step, later
    return tuple(found)


def _offset(zone: str, moment: datetime) -> timedelta:
    return shown(zone, moment) - moment.replace(tzinfo=None)


def handoffs(layer: Layer, until: datetime) -> tuple[datetime, ...]:
    """The instants at which turns begin, the one in force at the layer's start first, to beyond `until`."""
    return _handoffs(layer, _month(until))


@cache
def _handoffs(layer: Layer, last_month: int) -> tuple[datetime, ...]:
    rule = layer.handoff
    if rule.unit == "hour":
        begins = _last_before(layer.start, _daily(layer, last_month))
        while begins + rule.every * HOUR <= layer.start:
            begins += rule.every * HOUR
        hours = [begins]
        while _month(hours[-1]) <= last_month:
            hours.append(hours[-1] + rule.every * HOUR)
        return tuple(hours)
    lines = list(_lines(layer, last_month))
    first = lines.index(_last_before(layer.start, lines))
    # Where two dates fall on one instant, the later is the one that is in force.
    while first + 1 < len(lines) and lines[first + 1] == lines[first]:
        first += 1
    return tuple(lines[first :: rule.every])


def _last_before(moment: datetime, lines: Sequence[datetime] | Iterator[datetime]) -> datetime:
    return max(line for line in lines if line <= moment)


def _daily(layer: Layer, last_month: int) -> Iterator[datetime]:
    for day in _dates(layer, last_month):
        yield instant_of(layer.time_zone, datetime.combine(day, layer.handoff.at))


def _lines(layer: Layer, last_month: int) -> Iterator[datetime]:
    began = shown(layer.time_zone, layer.start)
    weekday = began.weekday() if layer.handoff.weekday is None else layer.handoff.weekday
    for day in _dates(layer, last_month):
        month_ends = (day + DAY).day == 1
        matches = {
            "day": True,
            "week": day.weekday() == weekday,
            "month": day.day == began.day or (month_ends and day.day < began.day),
        }
        if matches[layer.handoff.unit]:
            yield instant_of(layer.time_zone, datetime.combine(day, layer.handoff.at))


def _dates(layer: Layer, last_month: int) -> Iterator[date]:
    # A monthly hand-off may lie a month before the start; and no zone's date is two days from that of UTC.
    day = shown(layer.time_zone, layer.start).date() - 40 * DAY
    while _month(day - 2 * DAY) <= last_month:
        yield day
        day += DAY


def _month(day: date) -> int:
    return day.year * 12 + day.month


def place(layer: Layer, moment: datetime) -> tuple[int, ...] | None:
    """Who holds the turn at `moment`, active or not."""
    turn = sum(1 for begins in handoffs(layer, moment) if begins <= moment) - 1
    return layer.participants[turn % len(layer.participants)] if layer.participants else None


def counts(layer: Layer, moment: datetime) -> bool:
    """Whether the layer is in force and one of its windows is open."""
    if moment < layer.start or moment < layer.effective_from:
        return False
    if layer.effective_until is not None and moment >= layer.effective_until:
        return False
    return not layer.restrictions or any(_open(layer, moment))


def _open(layer: Layer, moment: datetime) -> Iterator[bool]:
    today = shown(layer.time_zone, moment).date()
    for window in layer.restrictions:
        for days_ago in range(-2, 5):
            day = today - days_ago * DAY
            if window.weekday is None or window.weekday == day.weekday():
                closes_on = day if window.start < window.end else day + DAY
                opens = instant_of(layer.time_zone, _on(day, window.start))
                closes = instant_of(layer.time_zone, _on(closes_on, window.end))
                yield opens <= moment < closes


def _on(day: date, clock: time) -> datetime:
    return datetime(day.year, day.month, day.day, clock.hour, clock.minute)  # noqa: DTZ001 - a wall-clock time


def who(
    layers: Sequence[Layer],
    overrides: Sequence[Override],
    moment: datetime,
    active: frozenset[int] | None,
) -> tuple[tuple[int, ...], str | None, int | None]:
    """The people on call at `moment`, the layer that chose them, the last override that changed that."""
    people: list[int] = []
    chosen = None
    for layer in layers:
        able = _able(layer, moment, active)
        if able:
            people, chosen = able, layer.name
    decisive = None
    in_force = [each for each in overrides if each.start <= moment < each.end]
    for override in sorted(in_force, key=lambda each: (each.created_order, each.id)):
        if _obey(override, people, active):
            decisive = override.id
    return tuple(people), chosen, decisive


def _able(layer: Layer, moment: datetime, active: frozenset[int] | None) -> list[int]:
    able: list[int] = []
    if counts(layer, moment):
        for person in place(layer, moment) or ():
            if person not in able and (active is None or person in active):
                able.append(person)
    return able


def _obey(override: Override, people: list[int], active: frozenset[int] | None) -> bool:
    """Change the list as the override says; false where that changes nothing."""
    before = list(people)
    joins, leaves = override.user, override.replaces
    if joins is not None and active is not None and joins not in active:
        return False
    if override.replaces_everybody:
        people.clear()
    if joins is not None and joins not in people and leaves is None:
        people.append(joins)
    if leaves in people and leaves != joins:
        where = people.index(leaves)
        if joins is None or joins in people:
            del people[where]
        else:
            people[where] = joins
    return people != before
