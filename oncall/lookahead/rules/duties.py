"""What people have to bear: two schedules at once, days without a break, nights without rest, shifts while away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise, takewhile

from oncall.lookahead.rules.worries import Kind, Plan, Window, Worry, begin_of, clock, stretch

A_DAY = timedelta(days=1)
"""A break of less does not end a time on call."""


@dataclass(frozen=True, slots=True)
class Duty:
    """A stretch in which a person has one schedule."""

    start: datetime
    end: datetime
    plan: Plan

    def reaches(self, other: Duty) -> bool:
        """Whether it lasts longer than until another begins."""
        return other.start < self.end


@dataclass(frozen=True, slots=True)
class Meeting:
    """Two duties of one person at the same time."""

    first: Duty
    other: Duty

    @property
    def start(self) -> datetime:
        return self.other.start

    @property
    def end(self) -> datetime:
        return min(self.first.end, self.other.end)


@dataclass(frozen=True, slots=True)
class Spell:
    """Duties of one person without a day's break between them."""

    duties: Sequence[Duty]

    @property
    def start(self) -> datetime:
        return self.duties[0].start

    @property
    def end(self) -> datetime:
        return max(each.end for each in self.duties)

    @property
    def most_days(self) -> int:
        return min(each.plan.limits.days for each in self.duties)

    @property
    def days(self) -> float:
        """How long it is by the clock on the wall: a week in which the clock changes is a week."""
        zone = self.duties[0].plan.zone
        begin, finish = (edge.astimezone(zone).replace(tzinfo=None) for edge in (self.start, self.end))
        return (finish - begin) / A_DAY

    @property
    def over(self) -> datetime:
        """When it becomes too long."""
        return self.start + timedelta(days=self.most_days)

    @property
    def plan(self) -> Plan:
        """The schedule in which it becomes too long."""
        return next(
            (each.plan for each in self.duties if each.start <= self.over < each.end), self.duties[-1].plan
        )


Duties = Mapping[int, Sequence[Duty]]
Names = Mapping[int, str]
Absences = Mapping[int, Sequence[tuple[datetime, datetime]]]
Found = list[tuple[int, Worry]]
"""Worries with the schedule that each is of."""


def duties(plans: Iterable[Plan]) -> dict[int, list[Duty]]:
    """Give when each person has which schedule, soonest first. Where nobody takes turns nobody is tired by them."""
    found: defaultdict[int, list[Duty]] = defaultdict(list)
    for plan in plans:
        last: dict[int, Duty] = {}
        for piece in () if plan.is_informal else plan.slices:
            for user in piece.users:
                own = last.get(user)
                joined = own is not None and own.end == piece.start
                last[user] = Duty(own.start if own and joined else piece.start, piece.end, plan)
                if joined:
                    found[user].pop()
                found[user].append(last[user])
    return {user: sorted(own, key=lambda each: (each.start, each.plan.id)) for user, own in found.items()}


def double(people: Duties, names: Names, window: Window) -> Found:
    """Give who is on call in two schedules at once; it is grave where one policy asks both of them.

    Of two schedules each person is named once, with the first time.
    """
    found: Found = []
    for user, own in people.items():
        said: set[frozenset[int]] = set()
        for first, other in _meetings(own):
            pair, meeting = frozenset((first.plan.id, other.plan.id)), Meeting(first, other)
            if len(pair) == 2 and pair not in said and window.meets(meeting.start, meeting.end):
                said.add(pair)
                found += _twice(user, names, meeting, window)
    return found


def _meetings(own: Sequence[Duty]) -> Iterator[tuple[Duty, Duty]]:
    """Give each two duties that overlap, the one that begins first before the other."""
    for number, first in enumerate(own):
        yield from ((first, other) for other in takewhile(first.reaches, own[number + 1 :]))


def _twice(user: int, names: Names, meeting: Meeting, window: Window) -> Found:
    first, other = meeting.first.plan, meeting.other.plan
    shared = sorted(first.policies[pk] for pk in first.policies.keys() & other.policies.keys())
    reason = (
        f"{shared[0]} asks both: who does not answer for one does not answer for the other."
        if shared
        else "Two alerts at once would reach one person."
    )
    return [
        (
            one.id,
            Worry(
                kind=Kind.DOUBLE,
                key=f"double-{user}-{two.id}@{begin_of(meeting.start, window)}",
                text=f"{names[user]} is on call in {one.name} and in {two.name} at once,"
                f" {stretch(meeting.start, meeting.end, one.zone, now=window.now)}.",
                reason=reason,
                fix="Cover one of the two, or let one schedule stand behind the other.",
                start=max(meeting.start, window.now),
                end=meeting.end,
                users=(user,),
                is_grave=bool(shared),
                is_mailed=bool(shared),
            ),
        )
        for one, two in ((first, other), (other, first))
    ]


def too_long(people: Duties, names: Names, window: Window) -> Found:
    """Give who is on call for more days than the limit without a day's break, all schedules together."""
    return [
        (spell.plan.id, _long(user, names[user], spell, window))
        for user, own in people.items()
        for spell in _spells(own)
        if spell.days > spell.most_days and window.meets(spell.over, spell.end)
    ]


def _long(user: int, name: str, spell: Spell, window: Window) -> Worry:
    is_cut = spell.start <= window.since
    more = "more than " if is_cut or spell.end >= window.known_until else ""
    return Worry(
        kind=Kind.LONG,
        key=f"long-{user}@{begin_of(spell.start, window)}",
        text=f"{name} is on call for {more}{spell.days:.0f} days without a day's break,"
        f" since {clock(spell.start, spell.plan.zone)}{' or longer' if is_cut else ''}.",
        reason=f"More than {spell.most_days} days in a row wear people out.",
        fix="Cover some of it, or let the rotation hand over sooner.",
        start=max(spell.over, window.now),
        end=spell.end,
        users=(user,),
    )


def _spells(own: Sequence[Duty]) -> list[Spell]:
    """Part somebody's duties where a day or more lies between them."""
    found: list[list[Duty]] = []
    until: datetime | None = None
    for duty in own:
        if until is not None and duty.start - until < A_DAY:
            found[-1].append(duty)
            until = max(until, duty.end)
        else:
            found.append([duty])
            until = duty.end
    return [Spell(some) for some in found]


def too_little_rest(people: Duties, names: Names, window: Window) -> Found:
    """Give who has less than the rest between two shifts that make a day's work too long together.

    Who has it for longer than that at a stretch stands by, which is another thing than a shift.
    """
    found: Found = []
    for user, own in people.items():
        for first, second in pairwise(own):
            rest = timedelta(hours=second.plan.limits.rest_hours)
            between = second.start - first.end
            are_shifts = max(first.end - first.start, second.end - second.start) <= A_DAY - rest
            is_short = timedelta() <= between < rest and second.end - first.start > A_DAY - rest
            if are_shifts and is_short and window.now < second.start < window.until:
                found.append((second.plan.id, _tired(user, names, first, second, between)))
    return found


def _tired(user: int, names: Names, first: Duty, second: Duty, between: timedelta) -> Worry:
    plan = second.plan
    hours = f"{between / timedelta(hours=1):.0f} hours" if between else "no time"
    return Worry(
        kind=Kind.REST,
        key=f"rest-{user}@{second.start.isoformat()}",
        text=f"{names[user]} has {hours} to rest before the shift of {clock(second.start, plan.zone)}.",
        reason=f"The shift in {first.plan.name} ends {clock(first.end, plan.zone)};"
        f" {plan.limits.rest_hours} hours should lie between two shifts.",
        fix="Let somebody else cover the beginning of this shift, or the end of the one before.",
        start=second.start,
        end=second.end,
        users=(user,),
    )


def away(people: Duties, absences: Absences, names: Names, window: Window) -> Found:
    """Give whose shift falls into a time in which they are away."""
    return [
        (duty.plan.id, _gone(user, names[user], replace(duty, start=begin, end=finish), window))
        for user, own in people.items()
        for duty in own
        for start, end in absences.get(user, ())
        for begin, finish in [(max(start, duty.start), min(end, duty.end))]
        if begin < finish and window.meets(begin, finish)
    ]


def _gone(user: int, name: str, lost: Duty, window: Window) -> Worry:
    return Worry(
        kind=Kind.AWAY,
        key=f"away-{user}@{lost.start.isoformat()}",
        text=f"{name} is away while on call in {lost.plan.name},"
        f" {stretch(lost.start, lost.end, lost.plan.zone, now=window.now)}.",
        reason="An absence takes nobody off a schedule.",
        fix="Let somebody cover it.",
        start=max(lost.start, window.now),
        end=lost.end,
        users=(user,),
        is_grave=True,
    )
