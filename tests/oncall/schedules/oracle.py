"""Who is on call at one instant, straight from the definition: slow, and sharing no code with the rules it judges.

It asks a zone only "what does the wall clock show at this instant", never the reverse, and it counts turns one by
one. Wall-clock times and changes of the clock are taken to lie on whole minutes.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from oncall.schedules.rules.layers import Away, CoverageHours, Layer, Override, Restriction

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


def counts(layer: Layer, moment: datetime) -> bool:
    """Whether the layer is in force."""
    if moment < layer.start or moment < layer.effective_from:
        return False
    return layer.effective_until is None or moment < layer.effective_until


def is_open(zone: str, windows: Sequence[Restriction], moment: datetime) -> bool:
    """Whether one of the wall-clock windows is open; no windows are always open."""
    return not windows or any(
        opens <= moment < closes for opens, closes in _windows(zone, windows, shown(zone, moment).date())
    )


def in_days(zone: str, dates: Collection[date], moment: datetime) -> bool:
    """Whether one of the local dates has begun at the moment, and the date after it has not."""
    return any(
        instant_of(zone, _on(day, time())) <= moment < instant_of(zone, _on(day + DAY, time()))
        for day in dates
    )


def _windows(zone: str, windows: Sequence[Restriction], today: date) -> Iterator[tuple[datetime, datetime]]:
    """The windows that open a few days around a date."""
    for window in windows:
        for days_ago in range(-2, 5):
            day = today - days_ago * DAY
            if window.weekday is None or window.weekday == day.weekday():
                closes_on = day if window.start < window.end else day + DAY
                yield instant_of(zone, _on(day, window.start)), instant_of(zone, _on(closes_on, window.end))


def _on(day: date, clock: time) -> datetime:
    return datetime(day.year, day.month, day.day, clock.hour, clock.minute)  # noqa: DTZ001 - a wall-clock time


@dataclass(frozen=True)
class Absence:
    """Who can be on call: `active` people, None for everybody, who are not `away`."""

    active: frozenset[int] | None
    away: tuple[Away, ...] = ()

    def of(self, person: int, moment: datetime) -> list[Away]:
        """The stretches in which the person is away at the moment."""
        return [
            each
            for each in self.away
            if each.user == person
            and (each.start is None or each.start <= moment)
            and (each.end is None or moment < each.end)
        ]

    def has(self, person: int, moment: datetime) -> bool:
        return self.binds(person, moment) or bool(self.of(person, moment))

    def binds(self, person: int, moment: datetime) -> bool:
        """Whether an absence keeps the person from being on call whoever else is left."""
        is_inactive = self.active is not None and person not in self.active
        return is_inactive or any(not each.yields for each in self.of(person, moment))


@dataclass(frozen=True)
class Answer:
    """Who is on call, the layers that chose them, and the last override that changed that."""

    people: tuple[int, ...]
    layers: tuple[str, ...]
    override: int | None


def who(
    layers: Sequence[Layer],
    overrides: Sequence[Override],
    moment: datetime,
    absence: Absence,
    hours: Sequence[CoverageHours] = (),
) -> Answer:
    """Who is on call at `moment`, and why; of layers on call together, the override of the last one is named."""
    in_force = sorted(
        (each for each in overrides if each.start <= moment < each.end),
        key=lambda each: (each.created_order, each.id),
    )
    said = []
    for number, layer in enumerate(layers):
        if counts(layer, moment):
            people = _own(layer, moment, absence)
            own = [each for each in in_force if each.layer == layer.lineage]
            decisive = _obeyed(own, people, moment, absence)
            said.append((number if layer.rank is None else layer.rank, layer.name, people, decisive))
    top = max((rank for rank, _, people, _ in said if people), default=None)
    winners = [one for one in said if one[0] == top and one[2]]
    if not all(
        is_open(each.time_zone, each.windows, moment) and not in_days(each.time_zone, each.holidays, moment)
        for each in hours
    ):
        winners = []
    together = list(dict.fromkeys(person for _, _, people, _ in winners for person in people))
    decisive = next((found for *_, found in reversed(winners) if found is not None), None)
    whole = [each for each in in_force if each.layer is None]
    decisive = _obeyed(whole, together, moment, absence, decisive)
    return Answer(tuple(together), tuple(name for _, name, *_ in winners), decisive)


def _own(layer: Layer, moment: datetime, absence: Absence) -> list[int]:
    """Who has the turn and can, in an open window; or who has the next place, where whoever is away passes it on."""
    if not layer.participants or not is_open(layer.time_zone, layer.restrictions, moment):
        return []
    if layer.on_holidays != "counts":
        is_holiday = in_days(layer.time_zone, layer.holidays, moment)
        if is_holiday != (layer.on_holidays == "only"):
            return []
    turn, count = _turn(layer, moment), len(layer.participants)
    own = layer.participants[turn % count] or ()
    able = _able(own, moment, absence)
    passes_on = any(away.passes_on for person in own for away in absence.of(person, moment))
    for later in range(1, count):
        if passes_on and not able:
            able = _able(layer.participants[(turn + later) % count] or (), moment, absence)
    if passes_on and not able:
        able = list(dict.fromkeys(person for person in own if not absence.binds(person, moment)))
    return able


def _able(place: Sequence[int], moment: datetime, absence: Absence) -> list[int]:
    return list(dict.fromkeys(person for person in place if not absence.has(person, moment)))


def _turn(layer: Layer, moment: datetime) -> int:
    """The number of the turn at `moment`, without those that no window was open in where only the others count."""
    begun = [begins for begins in handoffs(layer, moment) if begins <= moment]
    if not layer.counts_only_active or not layer.restrictions:
        return len(begun) - 1
    turns = zip([layer.start, *begun[1:]], begun[1:], strict=False)
    return sum(_opens_in(layer, begins, ends) for begins, ends in turns)


def _opens_in(layer: Layer, begins: datetime, ends: datetime) -> bool:
    day, last = shown(layer.time_zone, begins).date(), shown(layer.time_zone, ends).date()
    while day <= last:
        windows = _windows(layer.time_zone, layer.restrictions, day)
        if any(max(opens, begins) < min(closes, ends) for opens, closes in windows):
            return True
        day += DAY
    return False


def _obeyed(
    overrides: Sequence[Override],
    people: list[int],
    moment: datetime,
    absence: Absence,
    decisive: int | None = None,
) -> int | None:
    """Change the list as the overrides say, one after the other; the last that changed it is decisive."""
    for override in overrides:
        if _obey(override, people, moment, absence):
            decisive = override.id
    return decisive


def _obey(override: Override, people: list[int], moment: datetime, absence: Absence) -> bool:
    """Change the list as the override says; false where that changes nothing."""
    before = list(people)
    joins, leaves = override.user, override.replaces
    if joins is not None and absence.binds(joins, moment):
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
