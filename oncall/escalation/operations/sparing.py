"""Nobody is woken more often in a night than their limit says: who is next is asked, and the morning hears of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from core.events import bus
from oncall import events
from oncall.alerts.models import Urgency
from oncall.escalation import queries
from oncall.escalation.rules import plans, steps
from oncall.escalation.rules.steps import Position, Step
from oncall.escalation.rules.targets import others_in_pass
from oncall.nights import operations as nights
from oncall.nights import queries as counts
from oncall.nights.queries import Woken
from oncall.nights.rules import Case, judge, night_of
from oncall.paging.models import Page
from oncall.paging.queries import CANARY
from oncall.paging.rules import Over
from oncall.quiet import queries as quiet
from oncall.quiet.rules import waits_until

if TYPE_CHECKING:
    from oncall.escalation.models import Escalation
    from oncall.escalation.operations.turns import Turn
    from oncall.escalation.rules.plans import TargetSpec
    from oncall.escalation.rules.targets import Answer
    from oncall.nights.rules import Night, Verdict
    from oncall.paging.operations import Ask, Asked
    from oncall.paging.queries import Person


@dataclass(frozen=True, slots=True)
class Asking:
    """An escalation that is due, with what its level asks."""

    turn: Turn
    ask: Ask

    @property
    def escalation(self) -> Escalation:
        """The escalation."""
        return self.turn.escalation

    @property
    def subject(self) -> str:
        """What it is about."""
        run = self.escalation
        return counts.subject(alert_id=run.alert_id, incident_id=run.incident_id, escalation_id=run.pk)


class _Nights:
    """Who has had how much of their night: as the database counts, and what this batch adds to it."""

    def __init__(
        self, limit: int, at: datetime, users: Mapping[int, Person], subjects: Collection[str]
    ) -> None:
        self.limit, self.at, self.users, self.subjects = limit, at, users, subjects
        self.nights: dict[int, Night | None] = {}
        self.woken: dict[int, Woken] = {}

    def read(self, ids: Collection[int], *, lock: bool) -> bool:
        """Read those who were not read yet; whether it is night for any of them."""
        new = [id_ for id_ in ids if id_ not in self.nights and id_ in self.users and id_ != CANARY.id]
        found = {id_: night_of(self.at, zone=self.users[id_].zone) for id_ in new}
        asleep = {id_: night for id_, night in found.items() if night is not None}
        if asleep and lock:
            nights.lock(asleep.keys())
        self.nights |= found
        self.woken |= counts.woken(asleep, self.subjects)
        return bool(asleep)

    def over(self, id_: int, subject: str) -> Night | None:
        """Give the night of somebody who has had as many as it may bring, and not about this."""
        had = self.woken.get(id_, Woken())
        return self.nights.get(id_) if had.count >= self.limit and subject not in had.about else None

    def note(self, id_: int, subject: str) -> None:
        """Count a page that goes out now."""
        had = self.woken.get(id_, Woken())
        if self.nights.get(id_) is not None and subject not in had.about:
            self.woken[id_] = Woken(had.count + 1, had.about | {subject})


def spare(
    askings: Sequence[Asking],
    known: Mapping[TargetSpec, Answer],
    users: Mapping[int, Person],
    *,
    limit: int,
    at: datetime,
) -> list[Ask]:
    """Give what levels ask with those left out who had as many pages as their night may bring.

    Their pages are counted under a lock that lasts until the commit. Nobody is left out where nobody else would be asked.
    """
    asked = {each.user_id for asking in askings for each in asking.ask.people}
    night = _Nights(limit, at, users, sorted({asking.subject for asking in askings}))
    if not limit or not night.read(sorted(asked), lock=True):
        return [asking.ask for asking in askings]
    low = {each.user_id for asking in askings if _is_low(asking) for each in asking.ask.people}
    left_alone = quiet.of(low) if low else {}
    found = []
    for asking in askings:
        ask = asking.ask if asking.ask.by_hand else _spared(asking, known, night)
        for each in ask.people:
            theirs = left_alone.get(each.user_id) if _is_low(asking) else None
            if each.not_before is None and not (theirs and waits_until(theirs, at=at)):
                night.note(each.user_id, asking.subject)
        found.append(ask)
    return found


def _is_low(asking: Asking) -> bool:
    return asking.ask.urgency == Urgency.LOW


def _spared(asking: Asking, known: Mapping[TargetSpec, Answer], night: _Nights) -> Ask:
    ask, ids = asking.ask, [each.user_id for each in asking.ask.people]
    if not any(night.over(id_, asking.subject) for id_ in ids):
        return ask

    def later() -> list[int]:
        facts = queries.facts_of(asking.escalation)
        place = Position(ask.round, ask.level)
        found = others_in_pass(asking.turn.plan, place, known, facts=facts, at=night.at)
        there = [
            id_
            for id_ in found
            if id_ not in asking.turn.without and id_ in night.users and night.users[id_].is_active
        ]
        night.read(there, lock=False)
        return there

    case = Case(
        limit=night.limit,
        is_low=_is_low(asking),
        worst=queries.worst_of(asking.escalation),
        pass_=ask.round,
    )
    verdicts = judge(
        case,
        ids,
        over=lambda id_: night.over(id_, asking.subject),
        name=lambda id_: night.users[id_].name,
        later=later,
        learners=[each.user_id for each in ask.people if each.learns],
    )
    _report(asking, verdicts, night)
    people = [_told(each, verdicts.get(each.user_id)) for each in ask.people]
    return replace(
        ask,
        people=tuple(each for each in people if each.over_limit is not Over.PASSED_OVER),
        passed_over=tuple(each for each in people if each.over_limit is Over.PASSED_OVER),
    )


def _told(asked: Asked, verdict: Verdict | None) -> Asked:
    if verdict is None:
        return asked
    why = f"{asked.why} {verdict.why}"
    return replace(asked, why=why, over_limit=verdict.over, not_before=verdict.until)


def _report(asking: Asking, verdicts: Mapping[int, Verdict], night: _Nights) -> None:
    """Say that a limit was passed, and promise to tell of that night when it is over."""
    bus.emit_all(
        [
            events.NightLimitPassed(
                asking.escalation.pk,
                id_,
                asking.escalation.alert_id,
                asking.ask.incident_id,
                night.limit,
                verdict.over.value,
            )
            for id_, verdict in verdicts.items()
        ]
    )
    for id_ in verdicts:
        theirs = night.nights[id_]
        if theirs is not None:
            nights.promise_report(id_, theirs, limit=night.limit)


def those_left_out(turns: Sequence[Turn], at: datetime) -> list[Turn]:
    """Let a run that would give up ask those first whom it passed over for their limit of a night."""
    left = _left_out([turn.escalation for turn in turns if turn.step.ask is None and not turn.step.waits])
    return [_last(turn, left.get(turn.escalation.pk, ()), at) for turn in turns]


def _last(turn: Turn, left: Sequence[tuple[int, str]], at: datetime) -> Turn:
    people = [(id_, name) for id_, name in left if id_ not in turn.without]
    if not people:
        return turn
    plan, level = plans.asked_last(turn.plan, people)
    place = Position(max(plan.repeat - 1, 0), level)
    ends = at + steps.timeout(plan, place)
    step = Step(place, at, steps.after(plan, place), ends, passed=turn.step.passed)
    return replace(turn, plan=plan, step=step, is_drawn=True)


def _left_out(escalations: Sequence[Escalation]) -> dict[int, list[tuple[int, str]]]:
    """Give those (id and name) whom each run that is about to give up has passed over and never asked."""
    if not escalations:  # which is nearly always, and the ORM takes its time over a query for nothing
        return {}
    epochs = {each.pk: each.epoch for each in escalations}
    spared: defaultdict[int, dict[int, str]] = defaultdict(dict)
    asked: defaultdict[int, set[int]] = defaultdict(set)
    pages = Page.objects.filter(escalation__in=epochs, user__is_active=True).select_related("user")
    for page in pages.order_by("pk"):
        if page.escalation_id is None or page.user is None or page.epoch != epochs[page.escalation_id]:
            continue
        if page.over_limit == Over.PASSED_OVER:
            spared[page.escalation_id][page.user.pk] = str(page.user)
        else:
            asked[page.escalation_id].add(page.user.pk)
    left = {
        pk: [each for each in people.items() if each[0] not in asked[pk]] for pk, people in spared.items()
    }
    return {pk: people for pk, people in left.items() if people}
