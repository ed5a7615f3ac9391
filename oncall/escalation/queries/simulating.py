"""What would happen if an alert came: the pager's own decisions, with nothing written and nothing sent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Literal

from oncall.alerts.models import Urgency
from oncall.destinations import queries as destinations
from oncall.escalation.queries.asking import answers, reading, targets_of
from oncall.escalation.queries.ladders import drawn, last_resort, plan_of_last, usable
from oncall.escalation.queries.worst import severity_of_rank_1
from oncall.escalation.rules import plans, rehearsal, steps
from oncall.escalation.rules.acks import acks_needed, acks_wanted
from oncall.escalation.rules.reach import Reach
from oncall.matching.rules import Facts
from oncall.nights import queries as nights
from oncall.nights.rules import Case, judge, night_of
from oncall.paging import queries as paging
from oncall.quiet import queries as quiet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from oncall.escalation.models import Policy
    from oncall.escalation.rules.plans import Plan, TargetSpec
    from oncall.escalation.rules.rehearsal import Asking, OverLimit
    from oncall.escalation.rules.steps import Position
    from oncall.escalation.rules.targets import Answer
    from oncall.nights.rules import Night, Verdict
    from oncall.paging.queries import Person, Way
    from oncall.quiet.rules import Quiet

GIVES_UP = "Nobody has acknowledged: every admin is told"
ENDS = "Channels were told, and low urgency asks nobody else"


@dataclass(frozen=True, slots=True)
class Line:
    """Somebody told something, or (`person` None) a channel that is `told`, or why nobody is.

    `level` counts from 1, None when it gives up. `is_aside`: its level is passed over, or waits for working hours.
    `is_spared`: they are not woken, because they have had as many pages as a night may bring. `recipients` is how many
    people the level wakes together in that pass. `is_over`: it ends without giving up, because it only told channels.
    """

    at: datetime
    level: int | None
    person: Person | None
    channel: str | None
    why: str
    is_aside: bool = False
    told: str = ""
    is_spared: bool = False
    pass_: int = 1
    recipients: int = 0
    is_over: bool = False

    @property
    def channel_name(self) -> str:
        """The channel as people read it."""
        return paging.channel_name(self.channel) if self.channel else ""


def simulate(policy: Policy | None, *, at: datetime, urgency: str, facts: Facts | None = None) -> list[Line]:
    """Give who would be told what by which channel and when, if an alert came at an instant and nobody acknowledged.

    `policy` is read with its levels and targets; the last resort follows where there is one. `facts` are what its
    branches are decided by.
    """
    facts = replace(facts, urgency=urgency) if facts else Facts(urgency=urgency)
    plan = usable(drawn(policy) if policy is not None else None)
    lines = _lines(plan, at=at, facts=facts, is_first=True)
    last = last_resort()
    if last is None or lines[-1].is_over or (policy is not None and last.policy_id == policy.pk):
        return lines
    after = plans.as_last_resort(plan_of_last(last), asked=plan.name)
    ends = max(line.at for line in lines if line.level is None)
    return lines + _lines(after, at=ends, facts=facts, is_first=False)


def _lines(plan: Plan, *, at: datetime, facts: Facts, is_first: bool) -> list[Line]:
    targets = targets_of(plan)
    end = at + timedelta(seconds=plans.give_up_seconds(plan))
    read = reading(targets, start=at, end=end)
    front = {each.user_id for answer in read.answers(at).values() for _, each in answer.behind}

    @cache
    def known(user_id: int) -> tuple[Person | None, Quiet | None]:
        left_alone = quiet.of([user_id], since=at) if facts.urgency == Urgency.LOW else {}
        return paging.reachable([user_id], at=at, in_front=front).get(user_id), left_alone.get(user_id)

    def way(user_id: int, when: datetime) -> _Told:
        person, theirs = known(user_id)
        return _Told(person, paging.way_to(person, urgency=facts.urgency, at=when, quiet=theirs))

    def waits(user_id: int, when: datetime) -> datetime | Literal[False] | None:
        found = way(user_id, when).way
        return found.waits_until if found.sends else False

    def answers_at(when: datetime) -> Mapping[TargetSpec, Answer]:
        # What waits for working hours, or for somebody's quiet hours, is beyond what was read.
        return read.answers(when) if when <= end else answers(targets, at=when)

    askings = rehearsal.run(
        plan,
        start=at,
        answers=answers_at,
        waits=waits,
        facts=facts,
        over=over_limit(facts, known),
        is_first=is_first,
    )
    lines = [line for asking in askings for line in _told(asking, way)]
    if facts.urgency == Urgency.LOW and _tells_alone(askings):
        lines[-1] = replace(lines[-1], why=ENDS, is_over=True)
    return sorted(lines, key=lambda line: line.at)


def reach(lines: Sequence[Line]) -> list[Reach]:
    """Give how many people each level wakes in each pass, in the order in which they are asked; runs follow one another."""
    run, found = 0, dict[Reach, None]()
    for line in lines:
        run += line.level is None
        if line.person and line.level:
            found.setdefault(Reach(run, line.pass_, line.level, line.recipients))
    return sorted(found)


def _tells_alone(askings: Sequence[Asking]) -> bool:
    found = [asking.found for asking in askings]
    return any(each.channels for each in found) and not any(each.people or each.nobody for each in found)


@dataclass(frozen=True, slots=True)
class _Told:
    person: Person | None
    way: Way


def over_limit(facts: Facts, known: Callable[[int], tuple[Person | None, Quiet | None]]) -> OverLimit:
    """Give what says who is over their limit: of a night that is still to come nobody is."""
    limit, worst = nights.limit(), severity_of_rank_1(facts.value("severity") or "")

    @cache
    def over(user_id: int, at: datetime) -> Night | None:
        person, _ = known(user_id)
        night = night_of(at, zone=person.zone) if person and limit else None
        woken = nights.woken({user_id: night}).get(user_id) if night else None
        return night if woken and woken.count >= limit else None

    def name(user_id: int) -> str:
        person, _ = known(user_id)
        return person.name if person else ""

    def judged(asking: Asking, later: Callable[[], Sequence[int]]) -> Mapping[int, Verdict]:
        pass_ = asking.position.round if asking.position else 0
        case = Case(limit=limit, is_low=facts.urgency == Urgency.LOW, worst=worst, pass_=pass_)
        return judge(
            case,
            asking.found.ids,
            over=lambda id_: over(id_, asking.at),
            name=name,
            later=later,
            learners=asking.found.learners,
        )

    return judged


def _told(asking: Asking, way: Callable[[int, datetime], _Told]) -> Iterator[Line]:
    place, plan = asking.position, asking.plan
    if place is None:
        yield Line(asking.at, None, None, None, GIVES_UP)
        return
    level = place.level + 1
    if asking.aside:
        yield Line(asking.at, level, None, None, f"{steps.why(plan, place)}. {asking.aside}.", is_aside=True)
        return
    yield from (
        replace(line, pass_=place.round + 1, recipients=len(asking.woken))
        for line in _people(asking, way, place)
    )
    rooms = destinations.known(id_ for id_, _ in asking.found.channels)
    for id_, via in asking.found.channels:
        why = f"{steps.why(plan, place, via)}. It wakes nobody."
        yield Line(asking.at, level, None, rooms[id_].channel, why, told=rooms[id_].name)
    for reason in asking.found.nobody:
        yield Line(asking.at, level, None, None, f"{steps.why(plan, place)}. {reason}.")


def _behind(asking: Asking, way: Callable[[int, datetime], _Told], user_id: int) -> timedelta | None:
    """How long a page waits for somebody in front who would hear of it at once, None where it does not."""
    woken = set(asking.woken) - {id_ for id_, verdict in asking.over.items() if verdict.until}
    waits = [
        front.wait
        for front in asking.fronts.get(user_id, ())
        if front.user_id in woken and way(front.user_id, asking.at).way.is_good_in_front
    ]
    return min(waits, default=None)


def _people(asking: Asking, way: Callable[[int, datetime], _Told], place: Position) -> Iterator[Line]:
    plan, level = asking.plan, place.level + 1
    for user_id, via in asking.found.people:
        verdict = asking.over.get(user_id)
        not_before = verdict.until if verdict else None
        found = way(user_id, not_before or asking.at)
        begin = found.way.waits_until or not_before or asking.at
        behind = _behind(asking, way, user_id) if begin == asking.at else None
        begin += behind or timedelta()
        wanted = acks_wanted(acks_needed(plan, place))
        night = f" {verdict.why}" if verdict else ""
        why = f"{steps.why(plan, place, via)}.{wanted}{night} {found.way.note}".strip()
        why += " Somebody is in front, to learn." if behind else ""
        if user_id in asking.spared:
            yield Line(asking.at, level, found.person, None, why, is_spared=True)
            continue
        for send in found.way.sends:
            later = timedelta(seconds=send.delay_seconds)
            yield Line(begin + later, level, found.person, send.method.channel, why)
        if not found.way.sends:
            yield Line(asking.at, level, found.person, None, why)
