"""Ask the levels that are due. Everything of a batch is one transaction: who was asked, what is sent, what is next."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import OperationalError, connection, transaction
from django.db.models import prefetch_related_objects
from django.db.models.functions import Now

from core import failpoints
from core.events import nudge
from oncall.escalation import queries
from oncall.escalation.models import Escalation, EscalationStatus
from oncall.escalation.operations.exhausting import finish
from oncall.escalation.operations.rows import await_end, incident_id, tell
from oncall.escalation.operations.sparing import Asking, spare, those_left_out
from oncall.escalation.operations.turns import Turn, draw, turn_of
from oncall.escalation.rules import plans, steps, targets
from oncall.escalation.rules.acks import acks_needed, acks_wanted
from oncall.escalation.rules.waking import Waking
from oncall.nights import queries as nights
from oncall.paging import operations as paging
from oncall.paging import queries as people
from oncall.paging import rules as words
from oncall.paging.operations import Aside, Ask, Asked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from django.db.models import QuerySet

    from oncall.alerts.models import Alert
    from oncall.escalation.rules.plans import Plan, TargetSpec
    from oncall.escalation.rules.steps import Position
    from oncall.escalation.rules.targets import Answer, Found
    from oncall.paging.rules import Front

log = logging.getLogger(__name__)

ASKING = (
    *(
        "alert",
        "incident",
        "policy",
        "urgency",
        "plan",
        "message",
        "by_hand",
        "is_last_resort",
        "note",
        "waits_for",
    ),
    *("status", "round", "level", "epoch", "next_at", "started_by", "acks", "acks_needed"),
    *(
        "alert__status",
        "alert__title",
        "alert__description",
        "alert__severity",
        "alert__labels",
        "alert__annotations",
    ),
    *(
        "alert__started_at",
        "alert__first_at",
        "alert__incident",
        "alert__service__name",
        "alert__service__slug",
    ),
    "alert__integration__name",
)
"""What is read to ask a level: all the columns would take twice as long, and what is rare is read when it is needed."""
AGAIN_SECONDS = 30
"""An escalation that could not be advanced at all is tried again after this."""
BUSY_SECONDS = 2
"""And after this where the database was at fault."""
# What is long overdue may be over by what came meanwhile: a worker that has just woken has that read before.
_LOCK = """
select id from oncall_escalation where status = 'escalating' and next_at <= statement_timestamp()
    and (not %s or next_at > statement_timestamp() - interval '1 minute' or not exists (
        select from oncall_signal where state = 'new' and due_at <= statement_timestamp()))
order by urgency, next_at, id limit %s for update skip locked"""
DUE = "select 1 from oncall_escalation where status = 'escalating' and next_at <= {now}"
SOON = "select min(next_at) from oncall_escalation where status = 'escalating' and next_at > now()"

_waking = Waking()


def advance_due(limit: int = 200) -> int:
    """Ask the levels that are due, at most `limit` escalations; give how many were looked at.

    Escalations that somebody else is working on are passed over. One that cannot be advanced holds up no other. One
    that is overdue by more than a minute waits until the signals that came meanwhile are read, half a minute at most.
    """
    try:
        with transaction.atomic():
            return _advance(_claimed(limit))
    except Exception:
        log.exception("escalations could not be advanced together; one by one now")
    return _one_by_one(limit)


def _one_by_one(limit: int) -> int:
    asked = 0
    for pk in list(_due().values_list("pk", flat=True)[:limit]):
        try:
            asked += _alone(pk)
        except OperationalError:
            # A lock or a time-out, so nothing to hold against it: the others would wait as well.
            log.warning("the database is busy; escalation %s again in %s s", pk, BUSY_SECONDS)
            _put_off(pk, BUSY_SECONDS)
            break
        except Exception:
            log.exception("escalation %s cannot be advanced; again in %s s", pk, AGAIN_SECONDS)
            _put_off(pk, AGAIN_SECONDS)
    return asked


def _alone(pk: int) -> int:
    with transaction.atomic():
        return _advance(_read(_due().filter(pk=pk).select_for_update(skip_locked=True, of=("self",))))


def _put_off(pk: int, seconds: int) -> None:
    again = queries.now() + timedelta(seconds=seconds)
    Escalation.objects.filter(pk=pk, status=EscalationStatus.ESCALATING).update(next_at=again)


def _read(due: QuerySet[Escalation]) -> list[Escalation]:
    """Read with what most have; what only some have is read apart where one has it: joining it costs milliseconds."""
    found = list(due)
    if any(
        each.incident_id or each.started_by_id or (each.alert and each.alert.incident_id) for each in found
    ):
        prefetch_related_objects(found, *queries.OF_SOME)
    return found


def _due() -> QuerySet[Escalation]:
    return (
        Escalation.objects.select_related(*queries.OF_MOST)
        .only(*ASKING)
        .filter(status=EscalationStatus.ESCALATING, next_at__lte=Now())
        .order_by("urgency", "next_at", "pk")
    )


def _claimed(limit: int) -> list[Escalation]:
    """Lock what is due, then read it with all that hangs on it: mostly nothing is, and that has to be cheap."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [_waking.is_recent(time.monotonic()), limit])
        ids = [row[0] for row in cursor.fetchall()]
    return _read(_due().filter(pk__in=ids)) if ids else []


def _advance(due: Sequence[Escalation]) -> int:
    if not due:
        return 0
    at, limit = nights.moment()
    over = [escalation for escalation in due if queries.attention(escalation)]
    _settle(over)
    no = people.decliners([each.pk for each in due if each.by_hand])
    turns = draw(
        [
            turn_of(each, at, frozenset(no.get(each.pk, ())).union(each.acked_by))
            for each in due
            if each not in over
        ]
    )
    turns = those_left_out(turns, at)
    asking = [turn for turn in turns if turn.step.ask is not None]
    _ask(asking, at, limit)
    waiting = [turn for turn in turns if turn.step.waits]
    given_up = [turn for turn in turns if turn.step.ask is None and not turn.step.waits]
    paging.note_aside([aside for turn in (*waiting, *given_up) if (aside := _aside(turn))])
    _wait(waiting)
    finish([turn.escalation for turn in given_up])
    failpoints.hit("in_advance")
    return len(due)


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


def _ask(turns: Sequence[Turn], at: datetime, limit: int) -> None:
    if not turns:
        return
    known = queries.answers((target for turn in turns for target in queries.targets_of(turn.plan)), at=at)
    front = {front.user_id for answer in known.values() for _, front in answer.behind}
    found = people.reachable({id_ for answer in known.values() for id_ in answer.people}, in_front=front)
    names = {pk: person.name for pk, person in found.items() if person.is_active}
    names |= {-id_: target.name for target, answer in known.items() for id_ in answer.channels}
    askings = [Asking(turn, _asked(turn, known, names, at)) for turn in turns]
    paged = paging.page_level(spare(askings, known, found, limit=limit, at=at), known=found)
    reached = {one.escalation_id: bool(one.reached) for one in paged}
    waits = {one.escalation_id: one.waits_until for one in paged if one.waits_until}
    heard = [
        replace(turn, step=steps.heard(turn.step, at=at, until=waits.get(turn.escalation.pk)))
        for turn in turns
    ]
    _move(heard, reached, at)
    tell(turn.escalation for turn in turns)


def _asked(turn: Turn, known: Mapping[TargetSpec, Answer], names: Mapping[int, str], at: datetime) -> Ask:
    escalation, plan, step = turn.escalation, turn.plan, turn.step
    assert step.ask is not None  # noqa: S101 - only turns that ask come here
    found = targets.asks(plan.levels[step.ask.level], known, pass_=step.ask.round)
    late = step.late if step.late >= steps.LATE else timedelta()
    mark = f" Asked {words.clock(late)} late." if late else ""
    mark += f" {escalation.note}" if escalation.note else ""
    mark += acks_wanted(_acks_needed(turn), len(escalation.acks))
    fronts = _fronts(turn, step.ask, found)
    return Ask(
        escalation_id=escalation.pk,
        epoch=escalation.epoch,
        round=step.ask.round,
        level=step.ask.level,
        urgency=escalation.urgency,
        due=step.due,
        people=tuple(
            Asked(
                id_,
                f"{steps.why(plan, step.ask, via)}.{mark}",
                learns=id_ in found.learners,
                fronts=fronts.get(id_, ()),
            )
            for id_, via in found.people
            if id_ not in turn.without
        ),
        nobody=tuple(f"{steps.why(plan, step.ask)}. {reason}." for reason in found.nobody),
        channels=tuple(Asked(id_, f"{steps.why(plan, step.ask, via)}.{mark}") for id_, via in found.channels),
        skipped=_skips(turn),
        alert_id=escalation.alert_id,
        incident_id=incident_id(escalation),
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


def _fronts(turn: Turn, place: Position, found: Found) -> dict[int, tuple[Front, ...]]:
    """Who waits for whom: only the first time that a policy asks, or somebody by hand, and never for a last resort."""
    is_first = turn.escalation.epoch == 1 and not turn.escalation.is_last_resort
    return targets.fronts(turn.plan, place, found, late=turn.step.late, is_first=is_first)


def _after(
    turn: Turn, known: Mapping[TargetSpec, Answer], names: Mapping[int, str], at: datetime
) -> tuple[tuple[int, str], ...]:
    facts = queries.facts_of(turn.escalation)
    at = turn.step.next_at or at
    found = targets.following(turn.plan, turn.step.next, known, facts=facts, at=at, without=turn.without)
    return tuple((id_, names[id_]) for id_ in found[1] if id_ in names) if found else ()


def _acks_needed(turn: Turn) -> int:
    needed = acks_needed(turn.plan, turn.step.ask) if turn.step.ask else 1
    return max(needed, turn.escalation.acks_needed)


def _skips(turn: Turn) -> tuple[tuple[int, int, str], ...]:
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


def _aside(turn: Turn) -> Aside | None:
    """What the ledger says of a run that asks nobody now: who was passed over, and what it waits for."""
    step, escalation = turn.step, turn.escalation
    lines = _skips(turn)
    if step.waits and not escalation.waits_for:
        lines += ((step.next.round, step.next.level, f"{steps.why(turn.plan, step.next)}. {step.waits}."),)
    return Aside(escalation.pk, escalation.epoch, escalation.urgency, step.due, lines) if lines else None


def _wait(turns: Sequence[Turn]) -> None:
    """Look again when working hours begin."""
    for turn in turns:
        Escalation.objects.filter(pk=turn.escalation.pk).update(
            round=turn.step.next.round,
            level=turn.step.next.level,
            next_at=turn.step.next_at,
            waits_for=turn.step.waits[:200],
        )
    tell(turn.escalation for turn in turns)


def _skipped(plan: Plan, position: Position) -> str:
    return f"{steps.why(plan, position)}. It was not asked: its time was over before the pager ran again."


_MOVE = """
update oncall_escalation as e set round = new.round, level = new.level, next_at = new.next_at,
    acks_needed = new.acks_needed, waits_for = '', plan = coalesce(new.plan, e.plan)
from jsonb_to_recordset(%s::jsonb) as new (id bigint, round int, level int, next_at timestamptz, acks_needed int,
    plan jsonb)
where e.id = new.id
"""


def _move(turns: Sequence[Turn], reached: Mapping[int, bool], at: datetime) -> None:
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
