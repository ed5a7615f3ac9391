"""The rows of running escalations: stopped, resumed, moved on. Each step counts the epoch up, so that what was
planned before is not sent.

Rows are locked in one order everywhere: incident, alert, messages, escalation, pages. The outbox comes from the
other side with a message in its hands, so a deadlock can still happen; then the step is done once more.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F, Max, Q
from django.db.models.functions import Now

from core import live
from core.events import nudge
from core.outbox import operations as outbox
from core.timers import operations as timers
from oncall.escalation import queries
from oncall.escalation.models import Escalation, EscalationStatus
from oncall.escalation.operations.behind import ask_behind
from oncall.escalation.rules import plans, steps
from oncall.escalation.rules.acks import ACK_TIMEOUT
from oncall.escalation.rules.steps import Position
from oncall.paging import operations as paging
from oncall.paging import queries as pages
from oncall.paging.models import Page

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from core.accounts.models import User

WAITING = (EscalationStatus.ESCALATING, EscalationStatus.EXHAUSTED)
OPEN = (*WAITING, EscalationStatus.SNOOZED)


def locked(about: Q, among: Sequence[EscalationStatus]) -> list[Escalation]:
    found = Escalation.objects.filter(about, status__in=among).order_by("pk")
    return list(found.select_for_update(of=("self",)))


def halt(
    about: Q, to: EscalationStatus, *, by: User | None, among: Sequence[EscalationStatus]
) -> list[Escalation]:
    """Stop escalations in one of these states: nothing more is sent from this commit on. Give those that stopped."""
    reason = f"{to} by {by}" if by else str(to)
    wanted = list(Escalation.objects.filter(about, status__in=among).values_list("pk", flat=True))
    if not wanted:
        return []
    suppress(wanted, reason=reason)
    stopped = locked(Q(pk__in=wanted), among)
    ids = [escalation.pk for escalation in stopped]
    columns: dict[str, Any] = {"status": to, "next_at": None, "epoch": F("epoch") + 1, "edits_due": True}
    if to == EscalationStatus.ACKNOWLEDGED:
        columns |= {"acknowledged_at": Now(), "acknowledged_by": by}
    if to == EscalationStatus.CLOSED:
        columns |= {"closed_at": Now()}
    Escalation.objects.filter(pk__in=ids).update(**columns)
    taken = to == EscalationStatus.ACKNOWLEDGED
    if taken:
        await_end(stopped)
    paging.stop(Page.objects.open().filter(escalation__in=ids), by=by, reason=reason, taken=taken)
    tell(stopped)
    return stopped


def await_end(taken: Iterable[Escalation]) -> None:
    """Promise to look again at alerts that were taken just now, where their policy wants that.

    `taken` are the rows as they were before: the promise is about the epoch that follows.
    """
    for escalation in taken:
        seconds = escalation.plan.get("ack_timeout") if isinstance(escalation.plan, dict) else None
        if seconds and escalation.alert_id and not (escalation.by_hand or escalation.is_last_resort):
            due = queries.now() + timedelta(seconds=seconds)
            timers.set(ACK_TIMEOUT, escalation.pk, occurrence=str(escalation.epoch + 1), due_at=due)


def suppress(escalation_ids: Sequence[int], *, reason: str) -> None:
    """Take back what is not sent yet, before the escalation is locked: in this order the outbox locks too."""
    waiting = Page.objects.open().filter(escalation__in=escalation_ids).values_list("pk", flat=True)
    outbox.suppress(pages.CLIENT, list(waiting), reason=reason[:300])


def resume(about: Q, state: EscalationStatus, *, by: User | None = None) -> list[Escalation]:
    """Let escalations go on that nobody has any more; of several runs about one thing only the latest.

    A last resort whose time is over leaves it to the policy before it: from the top is that policy's. Of several
    acknowledgements only that of `by` is taken back, where there is one.
    """
    runs = sorted(locked(about, (state,)), key=lambda escalation: -escalation.generation)
    policies = [run for run in runs if not run.is_last_resort]
    if not runs:
        return []
    chosen, place, at = _place(runs[0])
    if chosen.is_last_resort and place == Position() and policies:
        chosen, place, at = _place(policies[0])
        retire(runs)
    asked = steps.before(plans.from_json(chosen.plan), place)
    chosen.acks = [
        ack for ack in chosen.acks if by is not None and by.pk in chosen.acked_by and ack["user"] != by.pk
    ]
    if asked is not None:
        again = chosen.pages.filter(round=asked.round, level=asked.level)
        paging.reopen(again.exclude(user__in=chosen.acked_by) if chosen.acks else again)
    go_on(chosen, place, at)
    ask_behind(chosen, place, why="Whoever took it gave it back.")
    tell([chosen])
    transaction.on_commit(nudge.drain, robust=True)
    return [chosen]


def retire(runs: Iterable[Escalation]) -> None:
    """Close the last resorts among runs that nobody is asked by any more: their policy asks again."""
    ids = [run.pk for run in runs if run.is_last_resort]
    Escalation.objects.filter(pk__in=ids).update(
        status=EscalationStatus.CLOSED, closed_at=Now(), edits_due=True
    )


def _place(escalation: Escalation) -> tuple[Escalation, Position, datetime]:
    plan = plans.from_json(escalation.plan)
    position = Position(escalation.round, escalation.level)
    asked = steps.before(plan, position)
    last = _last_asked(escalation, asked) if asked else None
    return escalation, *steps.resume(plan, position, last_due=last, now=queries.now())


def _last_asked(escalation: Escalation, asked: Position) -> datetime | None:
    at: datetime | None = escalation.pages.filter(round=asked.round, level=asked.level).aggregate(
        last=Max("planned_at")
    )["last"]
    return at


def go_on(escalation: Escalation, place: Position, at: datetime | Now, *, note: str = "") -> None:
    Escalation.objects.filter(pk=escalation.pk).update(
        status=EscalationStatus.ESCALATING,
        epoch=F("epoch") + 1,
        round=place.round,
        level=place.level,
        next_at=at,
        note=note,
        waits_for="",
        acks=escalation.acks if len(escalation.acks) < escalation.acks_needed else [],
        acknowledged_at=None,
        acknowledged_by=None,
        exhausted_at=None,
        edits_due=True,
    )


def incident_id(escalation: Escalation) -> int | None:
    incident = queries.incident_of(escalation)
    return incident.pk if incident else None


def tell(escalations: Iterable[Escalation]) -> None:
    topics = {f"alert-{each.alert_id}" for each in escalations if each.alert_id}
    topics |= {f"incident-{each.incident_id}" for each in escalations if each.incident_id}
    topics |= {f"byhand-{each.pk}" for each in escalations if each.by_hand}
    live.changed("alerts", *topics)
