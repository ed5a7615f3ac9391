"""Who is on call: the one resolver behind paging, the calendar, the API and every feed."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from oncall.schedules.rules import exceptions, stacking
from oncall.schedules.rules.layers import Away, CoverageHours, Layer, Override, ShiftKey, check, utc
from oncall.schedules.rules.places import Absences, Active, Answer, answers
from oncall.schedules.rules.turns import TICK, Span, days_of, meet, open_windows, without

# Most answers to "who is next" lie this near; the whole horizon is worked out only when this one does not.
NEAR = timedelta(days=8)


class Kind(StrEnum):
    """What a stretch of a schedule is. Closed is where nobody is meant to be on call."""

    DUTY = "duty"
    GAP = "gap"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Slice:
    """A stretch of time [start, end) with one answer; `users` is empty where nobody is on call.

    `layer` is the layer that won before exceptions. Of the exceptions the last one that changed its answer is named,
    of those to layers that are on call together that of the last layer: in `override` or in `swap`.
    """

    start: datetime
    end: datetime
    users: tuple[int, ...]
    layer: str | None
    override: int | None
    reason: str
    given: tuple[stacking.Given, ...] = field(default=(), compare=False, repr=False)
    swap: int | None = None
    is_closed: bool = False

    @property
    def shifts(self) -> tuple[tuple[int, ShiftKey], ...]:
        """The turns that the layers gave out, with whom each is."""
        return stacking.shift_keys(self.given)

    @property
    def kind(self) -> Kind:
        if self.users:
            return Kind.DUTY
        return Kind.CLOSED if self.is_closed else Kind.GAP


@dataclass(frozen=True, slots=True)
class Now:
    """Who is on call, until when, and who is next: None when nobody else is before the horizon."""

    current: Slice
    following: Slice | None

    @property
    def until(self) -> datetime | None:
        return self.following.start if self.following else None


def final(
    layers: Sequence[Layer],
    overrides: Sequence[Override],
    start: datetime,
    end: datetime,
    active_users: Active = None,
    *,
    away: Sequence[Away] = (),
    hours: Sequence[CoverageHours] = (),
) -> tuple[Slice, ...]:
    """Return the final schedule as slices that tile [start, end). An empty window has no slices.

    `active_users` None means that everybody is active, but for who is `away`.
    """
    start, end = utc(start), utc(end)
    if start >= end:
        return ()
    absences = Absences.of(active_users, away)
    ranked, (whole, own) = stacking.ranked(layers), _by_layer(overrides)
    base = stacking.stacked(ranked, own, absences, start, end)
    if hours:
        base = _within(hours, base, start, end)
    merged: list[tuple[datetime, datetime, Answer, list[stacking.Given]]] = []
    for begin, finish, (said, given), some in meet(base, exceptions.in_force(whole, absences, start, end)):
        answer = exceptions.changed(said, some, absences, begin) if some else said
        last = merged[-1] if merged else None
        if last is not None and (last[2] is answer or last[2] == answer):
            last[3].extend(given)
            merged[-1] = (last[0], finish, answer, last[3])
        else:
            merged.append((begin, finish, answer, [*given]))
    return tuple(_slice(begin, finish, answer, tuple(given)) for begin, finish, answer, given in merged)


def at(
    layers: Sequence[Layer],
    overrides: Sequence[Override],
    instant: datetime,
    active_users: Active = None,
    *,
    away: Sequence[Away] = (),
    hours: Sequence[CoverageHours] = (),
) -> Slice:
    """Return who is on call at `instant` and why, as a slice of one microsecond, without its shifts."""
    instant = utc(instant)
    absences = Absences.of(active_users, away)
    whole, own = _by_layer(overrides)
    if hours and (closed := _closed(hours, instant, instant + TICK)):
        answer = _nobody(closed[0][2])
    else:
        answer = stacking.stacked_at(stacking.ranked(layers), own, absences, instant)
    if whole and (some := exceptions.in_force_at(whole, instant)):
        answer = exceptions.changed(answer, some, absences, instant)
    return _slice(instant, instant + TICK, answer)


def now(
    layers: Sequence[Layer],
    overrides: Sequence[Override],
    instant: datetime,
    horizon: timedelta,
    active_users: Active = None,
    *,
    away: Sequence[Away] = (),
    hours: Sequence[CoverageHours] = (),
) -> Now:
    """Return who is on call from `instant` until other people are, and who that will be, within `horizon`."""
    instant = utc(instant)
    check(horizon > timedelta(), "a horizon lies ahead")

    def turns(reach: timedelta) -> list[Slice]:
        return _turns(
            final(layers, overrides, instant, instant + reach, active_users, away=away, hours=hours)
        )

    # The last turn of a window is cut by it, so the near window answers only when a third turn begins in it.
    found = turns(min(NEAR, horizon))
    if len(found) < 3 and horizon > NEAR:
        found = turns(horizon)
    return Now(found[0], found[1] if len(found) > 1 else None)


def beside(
    layers: Sequence[Layer],
    overrides: Sequence[Override],
    instant: datetime,
    horizon: timedelta,
    active_users: Active = None,
    *,
    before: bool,
    away: Sequence[Away] = (),
    hours: Sequence[CoverageHours] = (),
) -> Slice:
    """Return the nearest turn after (or `before`) the one at `instant` that other people have, within `horizon`.

    Gaps are passed over. Where there is no such turn the slice has nobody, and says how far was looked.
    """
    instant = utc(instant)
    for reach in (min(NEAR, horizon), horizon):
        start, end = (instant - reach, instant + TICK) if before else (instant, instant + reach)
        turns = _turns(final(layers, overrides, start, end, active_users, away=away, hours=hours))
        here, *others = reversed(turns) if before else turns
        found = next((turn for turn in others if turn.users and turn.users != here.users), None)
        if found is not None:
            return found
    when = "had it" if before else "has it"
    return Slice(start, end, (), None, None, f"nobody else {when} within {horizon.days} days")


def layer_shifts(
    layer: Layer, start: datetime, end: datetime, active_users: Active = None, *, away: Sequence[Away] = ()
) -> tuple[Slice, ...]:
    """Return one layer's own shifts, one per turn and restriction window, cut to [start, end) and to absences.

    A turn that nobody can take (unassigned, nobody active) is a shift without users.
    """
    found = answers(layer, Absences.of(active_users, away), utc(start), utc(end))
    return tuple(
        _slice(begin, finish, answer, ((turn, ((layer.lineage, answer),)),))
        for begin, finish, answer, turn in found
    )


def _turns(slices: Sequence[Slice]) -> list[Slice]:
    """Join neighbours that put the same people on call, whichever rule says so."""
    joined: list[Slice] = []
    for piece in slices:
        if joined and joined[-1].users == piece.users:
            joined[-1] = replace(joined[-1], end=piece.end)
        else:
            joined.append(piece)
    return joined


def _slice(
    begin: datetime, finish: datetime, answer: Answer, given: tuple[stacking.Given, ...] = ()
) -> Slice:
    return Slice(
        begin,
        finish,
        answer.users,
        answer.layer,
        answer.override,
        answer.reason,
        given,
        answer.swap,
        answer.is_closed,
    )


def _by_layer(overrides: Sequence[Override]) -> tuple[list[Override], dict[int, list[Override]]]:
    """Part the exceptions to the whole schedule from those to one layer, by its lineage."""
    whole: list[Override] = []
    own: defaultdict[int, list[Override]] = defaultdict(list)
    for each in overrides:
        (whole if each.layer is None else own[each.layer]).append(each)
    return whole, own


Base = Iterator[Span[tuple[Answer, list[stacking.Given]]]]


def _within(hours: Sequence[CoverageHours], base: Base, start: datetime, end: datetime) -> Base:
    """Let nobody be on call by the layers outside of the coverage hours."""
    tiles: list[Span[str]] = []
    reached = start
    for begin, finish, why in _closed(hours, start, end):
        tiles += [(reached, begin, ""), (begin, finish, why)]
        reached = finish
    tiles.append((reached, end, ""))
    for begin, finish, said, why in meet(base, tiles):
        yield begin, finish, (_nobody(why), []) if why else said


def _nobody(why: str) -> Answer:
    return Answer((), None, None, why, is_closed=True)


def _closed(hours: Sequence[CoverageHours], start: datetime, end: datetime) -> list[Span[str]]:
    """Give when nobody is meant to be on call within the window, in order, and why."""
    found: list[Span[str]] = []
    for each in hours:
        since = max(start, each.effective_from or start)
        until = min(end, each.effective_until or end)
        for opens, closes, _ in _opened(each, since, until) if since < until else ():
            if since < min(opens, until):
                found.append((since, min(opens, until), each.why))
            since = max(since, closes)
        if since < until:
            found.append((since, until, each.why))
    return sorted(found)


def _opened(hours: CoverageHours, start: datetime, end: datetime) -> Iterable[Span[None]]:
    opened = open_windows(hours.time_zone, hours.windows, start, end)
    if not hours.holidays:
        return opened
    return without(opened, days_of(hours.time_zone, hours.holidays, start, end))
