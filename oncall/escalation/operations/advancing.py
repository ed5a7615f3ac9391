"""Ask the levels that are due. Everything of a batch is one transaction: who was asked, what is sent, what is next."""

from __future__ import annotations

import json
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now

from core import failpoints, live
from core.accounts.models import User
from core.events import bus, nudge
from core.outbox import operations as outbox
from core.outbox.models import Lane
from oncall import events
from oncall.escalation import queries
from oncall.escalation.models import Escalation, EscalationStatus
from oncall.escalation.operations.rows import await_end
from oncall.escalation.operations.starting import Start, start_many
from oncall.escalation.rules import plans, steps, targets
from oncall.escalation.rules.acks import acks_needed, acks_wanted
from oncall.escalation.rules.plans import Plan, TargetSpec
from oncall.escalation.rules.steps import Position, Step
from oncall.paging import operations as paging
from oncall.paging import queries as people
from oncall.paging import rules as words
from oncall.paging.operations import Aside, Ask, Asked

if TYPE_CHECKING:
    from incidents.lifecycle.models import Incident
    from oncall.alerts.models import Alert
    from oncall.escalation.models import LastResort
    from oncall.escalation.rules.targets import Answer

log = logging.getLogger(__name__)

ALARM = "oncall.alarm"
AGAIN_SECONDS = 30
"""An escalation that could not be advanced at all is tried again after this."""


_LOCK = """
select id from oncall_escalation where status = 'escalating' and next_at <= statement_timestamp()
order by urgency, next_at limit %s for update skip locked"""
DUE = "select 1 from oncall_escalation where status = 'escalating' and next_at <= statement_timestamp()"
SOON = "select min(next_at) from oncall_escalation where status = 'escalating' and next_at > now()"


def advance_due(limit: int = 200) -> int:
    """Ask the levels that are due, at most `limit` escalations; give how many were looked at.

    Escalations that somebody else is working on are passed over. One that cannot be advanced holds up no other.
    """
    try:
        with transaction.atomic():
            return _advance(_claimed(limit))
    except Exception:
        log.exception("escalations could not be advanced together; one by one now")
    return _one_by_one(limit)


def _one_by_one(limit: int) -> int:
    ids = list(_due().values_list("pk", flat=True)[:limit])
    return sum(_alone(pk) for pk in ids)


def _alone(pk: int) -> int:
    try:
        with transaction.atomic():
            return _advance(list(_due().filter(pk=pk).select_for_update(skip_locked=True, of=("self",))))
    except Exception:
        log.exception("escalation %s cannot be advanced; again in %s s", pk, AGAIN_SECONDS)
    again = queries.now() + timedelta(seconds=AGAIN_SECONDS)
    Escalation.objects.filter(pk=pk, status=EscalationStatus.ESCALATING).update(next_at=again)
    return 0


def _due() -> Any:
    # What most have not is read apart: where nothing has it that costs no query, and joining it costs milliseconds.
    return (
        Escalation.objects.select_related(*queries.OF_MOST)
        .prefetch_related(*queries.OF_SOME)
        .filter(status=EscalationStatus.ESCALATING, next_at__lte=Now())
        .order_by("urgency", "next_at")
    )


def _claimed(limit: int) -> list[Escalation]:
    """Lock what is due, then read it with all that hangs on it: mostly nothing is, and that has to be cheap."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [limit])
        ids = [row[0] for row in cursor.fetchall()]
    return list(_due().filter(pk__in=ids)) if ids else []


@dataclass(frozen=True, slots=True)
class _Turn:
    """An escalation that is due, with its plan and what to do; `is_drawn` when its round robins gave it turns just now."""

    escalation: Escalation
    plan: Plan
    step: Step
    is_drawn: bool = False
    without: frozenset[int] = frozenset()


def _advance(due: Sequence[Escalation]) -> int:
    if not due:
        return 0
    at = queries.now()
    over = [escalation for escalation in due if queries.attention(escalation)]
    _settle(over)
    no = people.decliners([each.pk for each in due if each.by_hand])
    turns = _draw(
        [
            _turn(each, at, frozenset(no.get(each.pk, ())).union(each.acked_by))
            for each in due
            if each not in over
        ]
    )
    asking = [turn for turn in turns if turn.step.ask is not None]
    _ask(asking, at)
    waiting = [turn for turn in turns if turn.step.waits]
    given_up = [turn for turn in turns if turn.step.ask is None and not turn.step.waits]
    paging.note_aside([aside for turn in (*waiting, *given_up) if (aside := _aside(turn))])
    _wait(waiting)
    _exhaust([turn.escalation for turn in given_up])
    failpoints.hit("in_advance")
    return len(due)


def _turn(escalation: Escalation, at: datetime, without: frozenset[int]) -> _Turn:
    position = Position(escalation.round, escalation.level)
    due = escalation.next_at or at
    try:
        plan = plans.from_json(escalation.plan)
    except (KeyError, TypeError, ValueError):
        log.exception("the plan of escalation %s cannot be read", escalation.pk)
        plan = Plan("", 0, ())
    return _Turn(
        escalation,
        plan,
        steps.decide(plan, position, due=due, now=at, facts=queries.facts_of(escalation)),
        without=without,
    )


_DRAW = """
with wanted as (
    select l.id, w.count from oncall_level l
    join jsonb_to_recordset(%s::jsonb) as w (policy_id bigint, position int, count int) using (policy_id, position)
    order by l.id for update of l
)
update oncall_level l set turn = l.turn + wanted.count from wanted where wanted.id = l.id
returning l.policy_id, l.position, l.turn - wanted.count
"""


def _draw(turns: Sequence[_Turn]) -> list[_Turn]:
    """Give each run that is asked for the first time its turns of the round robins in its plan.

    The counters are rows that are counted up in this transaction: what is rolled back gives its turns back. A run
    whose level is gone from its policy takes its own number as its turn.
    """
    asking = [
        (n, turn.escalation.policy_id, level)
        for n, turn in enumerate(turns)
        if turn.step.ask is not None
        for level in plans.awaits_turns(turn.plan)
    ]
    if not asking:
        return list(turns)
    counts = Counter((policy_id, level) for _, policy_id, level in asking)
    rows = [{"policy_id": key[0], "position": key[1], "count": count} for key, count in counts.items()]
    with connection.cursor() as cursor:
        cursor.execute(_DRAW, [json.dumps(rows)])
        numbers = {(policy_id, level): count(first) for policy_id, level, first in cursor.fetchall()}
    given: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for n, policy_id, level in asking:
        known = numbers.get((policy_id, level))
        given[n][level] = next(known) if known else turns[n].escalation.pk
    return [
        replace(turn, plan=plans.with_turns(turn.plan, given[n]), is_drawn=True) if n in given else turn
        for n, turn in enumerate(turns)
    ]


def _settle(over: Iterable[Escalation]) -> None:
    """Close what needs nobody any more although nobody told the escalation."""
    for escalation in over:
        alert = escalation.alert
        taken = alert is not None and alert.status == "acknowledged" and not escalation.by_hand
        columns: dict[str, Any] = {"status": EscalationStatus.CLOSED, "closed_at": Now()}
        if taken and alert is not None:
            columns = _taken(alert)
            await_end([escalation])
        Escalation.objects.filter(pk=escalation.pk).update(
            next_at=None, epoch=escalation.epoch + 1, edits_due=True, **columns
        )
        reason = queries.attention(escalation)
        paging.stop(escalation.pages.open(), by=None, reason=reason, taken=False)


def _taken(alert: Alert) -> dict[str, Any]:
    return {
        "status": EscalationStatus.ACKNOWLEDGED,
        "acknowledged_at": alert.acknowledged_at,
        "acknowledged_by": alert.acknowledged_by_id,
    }


def _ask(turns: Sequence[_Turn], at: datetime) -> None:
    if not turns:
        return
    known = queries.answers((target for turn in turns for target in queries.targets_of(turn.plan)), at=at)
    found = User.objects.in_bulk({id_ for answer in known.values() for id_ in answer.people})
    names = {pk: str(user) for pk, user in found.items() if user.is_active}
    names |= {-id_: target.name for target, answer in known.items() for id_ in answer.channels}
    paged = paging.page_level([_asked(turn, known, names, at) for turn in turns], known=found)
    reached = {one.escalation_id: bool(one.reached) for one in paged}
    waits = {one.escalation_id: one.waits_until for one in paged if one.waits_until}
    heard = [
        replace(turn, step=steps.heard(turn.step, at=at, until=waits.get(turn.escalation.pk)))
        for turn in turns
    ]
    _move(heard, reached, at)
    live.changed("alerts", *{topic for turn in turns for topic in _topics(turn.escalation)})


def _asked(turn: _Turn, known: Mapping[TargetSpec, Answer], names: Mapping[int, str], at: datetime) -> Ask:
    escalation, plan, step = turn.escalation, turn.plan, turn.step
    assert step.ask is not None  # noqa: S101 - only turns that ask come here
    found = targets.asks(plan.levels[step.ask.level], known, pass_=step.ask.round)
    late = step.late if step.late >= steps.LATE else timedelta()
    mark = f" Asked {words.clock(late)} late." if late else ""
    mark += f" {escalation.note}" if escalation.note else ""
    mark += acks_wanted(_acks_needed(turn), len(escalation.acks))
    return Ask(
        escalation_id=escalation.pk,
        epoch=escalation.epoch,
        round=step.ask.round,
        level=step.ask.level,
        urgency=escalation.urgency,
        due=step.due,
        people=tuple(
            Asked(id_, f"{steps.why(plan, step.ask, via)}.{mark}")
            for id_, via in found.people
            if id_ not in turn.without
        ),
        nobody=tuple(f"{steps.why(plan, step.ask)}. {reason}." for reason in found.nobody),
        channels=tuple(Asked(id_, f"{steps.why(plan, step.ask, via)}.{mark}") for id_, via in found.channels),
        skipped=_skips(turn),
        alert_id=escalation.alert_id,
        incident_id=_incident_id(escalation),
        after_you=_after(turn, known, names, at),
        by_hand=escalation.by_hand,
        thread=f"alert-{escalation.alert_id}" if escalation.alert_id else f"escalation-{escalation.pk}",
        notice=replace(
            queries.notice(escalation, at=at),
            late=late,
            wait=max(step.next_at - at, timedelta()) if step.next_at else None,
            until=step.next_at,
        ),
    )


def _incident_id(escalation: Escalation) -> int | None:
    incident = queries.incident_of(escalation)
    return incident.pk if incident else None


def _after(
    turn: _Turn, known: Mapping[TargetSpec, Answer], names: Mapping[int, str], at: datetime
) -> tuple[tuple[int, str], ...]:
    facts = queries.facts_of(turn.escalation)
    at = turn.step.next_at or at
    found = targets.following(turn.plan, turn.step.next, known, facts=facts, at=at, without=turn.without)
    return tuple((id_, names[id_]) for id_ in found[1] if id_ in names) if found else ()


def _acks_needed(turn: _Turn) -> int:
    needed = acks_needed(turn.plan, turn.step.ask) if turn.step.ask else 1
    return max(needed, turn.escalation.acks_needed)


def _skips(turn: _Turn) -> tuple[tuple[int, int, str], ...]:
    """The levels that are not asked, each with the reason: the ledger shows which branch was taken and why."""
    late = [(each.round, each.level, _skipped(turn.plan, each)) for each in turn.step.skipped]
    passed = [
        (
            each.round,
            each.level,
            f"{steps.why(turn.plan, each)}. It was not asked: {why[:1].lower()}{why[1:]}.",
        )
        for each, why in turn.step.passed
    ]
    return (*late, *passed)


def _aside(turn: _Turn) -> Aside | None:
    """What the ledger says of a run that asks nobody now: who was passed over, and what it waits for."""
    step, escalation = turn.step, turn.escalation
    lines = _skips(turn)
    if step.waits and not escalation.waits_for:
        lines += ((step.next.round, step.next.level, f"{steps.why(turn.plan, step.next)}. {step.waits}."),)
    return Aside(escalation.pk, escalation.epoch, escalation.urgency, step.due, lines) if lines else None


def _wait(turns: Sequence[_Turn]) -> None:
    """Look again when working hours begin."""
    for turn in turns:
        Escalation.objects.filter(pk=turn.escalation.pk).update(
            round=turn.step.next.round,
            level=turn.step.next.level,
            next_at=turn.step.next_at,
            waits_for=turn.step.waits[:200],
        )
    live.changed("alerts", *{topic for turn in turns for topic in _topics(turn.escalation)})


def _skipped(plan: Plan, position: Position) -> str:
    return f"{steps.why(plan, position)}. It was not asked: its time was over before the pager ran again."


_MOVE = """
update oncall_escalation as e set round = new.round, level = new.level, next_at = new.next_at,
    acks_needed = new.acks_needed, waits_for = '', plan = coalesce(new.plan, e.plan)
from jsonb_to_recordset(%s::jsonb) as new (id bigint, round int, level int, next_at timestamptz, acks_needed int,
    plan jsonb)
where e.id = new.id
"""


def _move(turns: Sequence[_Turn], reached: Mapping[int, bool], at: datetime) -> None:
    """Set what is next. Where nobody could be reached that is now."""
    rows = [
        {
            "id": turn.escalation.pk,
            "round": turn.step.next.round,
            "level": turn.step.next.level,
            "acks_needed": _acks_needed(turn),
            "plan": plans.to_json(turn.plan) if turn.is_drawn else None,
            "next_at": steps.due_after(turn.step, reached=reached[turn.escalation.pk], now=at).isoformat(),
        }
        for turn in turns
    ]
    with connection.cursor() as cursor:
        cursor.execute(_MOVE, [json.dumps(rows)])
    if not all(reached.values()):
        transaction.on_commit(nudge.drain, robust=True)


def _exhaust(escalations: Sequence[Escalation]) -> None:
    """Give up: nobody answered. Whoever runs Watchbill is told, and the alert or incident shows it."""
    if not escalations:
        return
    ids = [escalation.pk for escalation in escalations]
    Escalation.objects.filter(pk__in=ids).update(
        status=EscalationStatus.EXHAUSTED, next_at=None, waits_for="", exhausted_at=Now(), edits_due=True
    )
    bus.emit_all(
        [events.EscalationExhausted(each.pk, each.alert_id, _incident_id(each)) for each in escalations]
    )
    last = queries.last_resort()
    _raise_alarm(escalations, last)
    _ask_last(escalations, last)
    live.changed("alerts", *{topic for escalation in escalations for topic in _topics(escalation)})


def _ask_last(escalations: Sequence[Escalation], last: LastResort | None) -> None:
    """Start asking the last resort, where there is one that was not asked."""
    if last is not None:
        starts = [_last_start(each, last) for each in escalations if queries.has_last(each, last)]
        start_many(starts)


def _last_start(escalation: Escalation, last: LastResort) -> Start:
    asked = escalation.plan.get("name") if isinstance(escalation.plan, dict) else ""
    return Start(
        alert_id=escalation.alert_id,
        incident_id=escalation.incident_id,
        policy_id=last.policy_id,
        urgency=escalation.urgency,
        message=escalation.message,
        plan=plans.as_last_resort(queries.plan_of_last(last), asked=str(asked or "")),
        is_last_resort=True,
        acks=escalation.acks,
    )


def _raise_alarm(escalations: Sequence[Escalation], last: LastResort | None) -> None:
    admins = {user.pk for user in queries.admins()}
    asked_by = {each.pk: each.started_by_id for each in escalations if each.by_hand and each.started_by_id}
    reachable = people.reachable(admins | set(asked_by.values()))
    messages = [
        message
        for escalation in escalations
        for user_id in sorted(admins | ({asked_by[escalation.pk]} if escalation.pk in asked_by else set()))
        if user_id in reachable
        for message in _alarm(escalation, reachable[user_id], last)
    ]
    outbox.put(messages)
    told = {message.subject_id for message in messages}
    for escalation in escalations:
        if escalation.pk not in told:
            log.critical("nobody answered escalation %s and there is nobody to tell", escalation.pk)


def _alarm(escalation: Escalation, person: people.Person, last: LastResort | None) -> list[outbox.NewMessage]:
    sends, _ = words.sends(person.methods, person.own_rules, urgency="high", sign_in=person.email)
    content = _alarm_words(escalation, last)
    return [
        outbox.NewMessage(
            key=f"alarm-{escalation.pk}-{escalation.epoch}-{person.id}-{n}",
            client=ALARM,
            subject_id=escalation.pk,
            lane=Lane.CRITICAL,
            channel=send.method.channel,
            address=send.method.address,
            secret=send.method.secret,
            user_id=person.id,
            content=content,
            epoch=escalation.epoch,
        )
        for n, send in enumerate(sends)
    ]


def _alarm_words(escalation: Escalation, last: LastResort | None) -> dict[str, Any]:
    incident = queries.incident_of(escalation)
    private = incident is not None and incident.private
    title = "a private incident" if private else queries.title(escalation)
    asked = escalation.plan.get("name") if isinstance(escalation.plan, dict) else ""
    who = f"only {escalation.acks_said.split(',')[0]}" if escalation.acks else "nobody acknowledged"
    said = f"{asked or 'The plan'} asked everybody as often as it says, and {who}."
    if not (escalation.round or escalation.level or escalation.by_hand):
        said = f"{asked or 'The plan'} has no level that is for this, so nobody was asked."
    if last is not None and queries.has_last(escalation, last):
        said += f" The last resort is asked now: {last}."
    url = settings.BASE_URL + _address(escalation, incident)
    text = f"Nobody answered: {title}\n\n{said}\n\n{url}"
    return {"subject": words.shortened(f"Nobody answered: {title}"), "text": text, "url": url}


def _address(escalation: Escalation, incident: Incident | None) -> str:
    if escalation.alert_id:
        return f"/alerts/{escalation.alert_id}/"
    return f"/incidents/{incident}/" if incident else "/"


def _topics(escalation: Escalation) -> list[str]:
    found = [f"alert-{escalation.alert_id}"] if escalation.alert_id else []
    found += [f"byhand-{escalation.pk}"] if escalation.by_hand else []
    return found + ([f"incident-{escalation.incident_id}"] if escalation.incident_id else [])
