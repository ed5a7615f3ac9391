"""Hand it on: to the next level now, to somebody else, to later; and page people by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from core.accounts import queries as people
from core.errors import Refused
from core.events import bus, nudge
from core.steady import steadily
from core.timers import operations as timers
from oncall import events
from oncall.alerts import operations as alerts
from oncall.alerts.models import Alert
from oncall.alerts.models import Status as AlertStatus
from oncall.escalation import queries
from oncall.escalation.models import Escalation, EscalationStatus, Policy
from oncall.escalation.operations.behind import ask_behind
from oncall.escalation.operations.rooms import note_in_room
from oncall.escalation.operations.rows import OPEN, go_on, halt, locked, retire, suppress, tell
from oncall.escalation.operations.starting import Start, frozen, start_many
from oncall.escalation.rules import plans, steps
from oncall.escalation.rules.plans import Kind, TargetSpec
from oncall.escalation.rules.steps import Position
from oncall.paging import operations as paging
from oncall.paging.operations import Aside

if TYPE_CHECKING:
    from core.accounts.models import Team, User
    from core.timers.models import Timer
    from incidents.lifecycle.models import Incident
    from oncall.paging.models import Page
    from oncall.schedules.models import Schedule

UNSNOOZE = "oncall.unsnooze"


class NothingToDo(Refused):
    """What was asked for means nothing in the state that the alert or incident is in."""


class CannotPage(Refused):
    """There is nobody to page."""


@steadily
def escalate_now(
    *,
    actor: User,
    alert: Alert | None = None,
    incident: Incident | None = None,
    page: Page | None = None,
    epoch: int | None = None,
) -> bool:
    """Ask the next level now, whether or not somebody has it; the one asked before is asked no more.

    Whoever passes it on wants somebody to come: levels that tell channels alone are passed over, and the ledger says so.
    With `epoch` it happens only if the escalation is still as the caller saw it, else nothing does: False.
    """
    escalation = page.escalation if page is not None else queries.current(alert=alert, incident=incident)
    if escalation is None or escalation.status == EscalationStatus.CLOSED:
        raise NothingToDo("Nothing is being escalated here.")
    if epoch is not None and escalation.epoch != epoch:
        return False
    if escalation.alert_id and not escalation.by_hand:
        alerts.unacknowledge_alert(escalation.alert_id, actor=actor)
        alerts.snooze_alert(escalation.alert_id, until=None)
    suppress([escalation.pk], reason=f"passed on by {actor}")
    row = Escalation.objects.select_for_update(of=("self",)).get(pk=escalation.pk)
    if row.epoch != escalation.epoch or row.status == EscalationStatus.CLOSED:
        transaction.set_rollback(True)
        return False
    first = _place(row)
    found = queries.passed_on_to(row, first, at=queries.now())
    place = found[0] if found else first
    go_on(row, place, Now())
    _note_channels(row, first, place)
    paging.stop(row.pages.open(), by=actor, reason=f"passed on by {actor}", taken=False)
    ask_behind(row, place, why=f"{actor} passed it on.")
    bus.emit(events.EscalationPassedOn(row.pk, row.alert_id, row.incident_id), actor=actor)
    if page is not None:
        note_in_room(page, "Passed on", by=actor)
    tell([row])
    transaction.on_commit(nudge.drain, robust=True)
    return True


def _note_channels(row: Escalation, first: Position, place: Position) -> None:
    """Write into the ledger which levels were passed over on the way to a person."""
    plan, lines = plans.from_json(row.plan), []
    while first < place:
        said = f"{steps.why(plan, first)}. It was not asked: this was passed on, and it wakes nobody now."
        lines.append((first.round, first.level, said))
        first = steps.after(plan, first)
    if lines:
        paging.note_aside([Aside(row.pk, row.epoch + 1, row.urgency, queries.now(), tuple(lines))])


def _place(escalation: Escalation) -> Position:
    """Where it goes on: the next level, or the top when all were asked."""
    position = Position(escalation.round, escalation.level)
    given_up = escalation.status == EscalationStatus.EXHAUSTED
    return Position() if given_up or steps.is_over(plans.from_json(escalation.plan), position) else position


@steadily
def reassign(*, alert: Alert, actor: User, policy: Policy | None = None, user: User | None = None) -> int:
    """Give an alert to another policy or person, who is asked at once; give the id of the new escalation."""
    if alerts_ended(alert):
        raise NothingToDo("The alert has ended.")
    if user is not None and not user.is_active:
        raise CannotPage(f"{user} cannot be paged: the account is closed.")
    alerts.unacknowledge_alert(alert.pk, actor=actor)
    alerts.snooze_alert(alert.pk, until=None)
    alerts.ask_after_all(alert.pk)
    halt(
        Q(alert=alert, by_hand=False),
        EscalationStatus.CLOSED,
        by=actor,
        among=(*OPEN, EscalationStatus.ACKNOWLEDGED),
    )
    start = Start(alert.pk, None, policy.pk if policy else None, alert.urgency, "", actor.pk)
    if user is not None:
        reason = f"{actor} gave this to you"
        plan = plans.for_people(str(user), [(user.pk, str(user))], reason=reason)
        start = Start(alert.pk, None, None, alert.urgency, "", actor.pk, plan)
    (started,) = start_many([start])
    bus.emit(events.AlertReassigned(alert.pk, started, str(user or policy)), actor=actor)
    return started


def alerts_ended(alert: Alert) -> bool:
    """Say whether an alert has ended by now."""
    return not Alert.objects.open().filter(pk=alert.pk).exists()


@steadily
def snooze(*, alert: Alert, seconds: int, actor: User) -> datetime:
    """Ask nobody about an alert for so many seconds, then start from the top; give until when."""
    until = queries.now() + timedelta(seconds=seconds)
    if not alerts.snooze_alert(alert.pk, until=until):
        raise NothingToDo("The alert has ended.")
    # From the top is the policy's: a last resort does not wait with it.
    halt(Q(alert=alert, is_last_resort=True), EscalationStatus.CLOSED, by=actor, among=OPEN)
    halt(
        Q(alert=alert, by_hand=False),
        EscalationStatus.SNOOZED,
        by=actor,
        among=(*OPEN, EscalationStatus.ACKNOWLEDGED),
    )
    timers.set(UNSNOOZE, alert.pk, occurrence=until.isoformat(), due_at=until)
    bus.emit(events.AlertSnoozed(alert.pk, until.isoformat()), actor=actor)
    return until


@steadily
def wake(timer: Timer) -> None:
    """Start asking again about an alert whose snooze is over, unless it was ended or snoozed anew."""
    alert = Alert.objects.select_for_update(of=("self",)).filter(pk=timer.subject_id).first()
    if alert is None or alert.snoozed_until is None or alert.snoozed_until.isoformat() != timer.occurrence:
        return
    alerts.snooze_alert(alert.pk, until=None)
    sleeping = locked(Q(alert=alert, by_hand=False), (EscalationStatus.SNOOZED,))
    if sleeping:  # else somebody took it with its incident meanwhile, and keeps it
        alerts.unacknowledge_alert(alert.pk, actor=None)
    for escalation in sleeping:
        go_on(escalation, Position(), Now())
        tell([escalation])
    transaction.on_commit(nudge.drain, robust=True)


@steadily
def ask_again(timer: Timer) -> None:
    """Ask from the top about an alert that somebody took and nobody has ended for as long as its policy allows.

    One that belongs to an open incident is left to it: people are at work there, and are reminded of updates.
    """
    alert = Alert.objects.select_for_update(of=("self",)).get(escalations=timer.subject_id)
    if alert.status != AlertStatus.ACKNOWLEDGED or (alert.incident and alert.incident.is_active):
        return
    runs = locked(Q(alert=alert, by_hand=False), (EscalationStatus.ACKNOWLEDGED,))
    promised = (timer.subject_id, timer.occurrence)
    escalation = next((run for run in runs if (run.pk, str(run.epoch)) == promised), None)
    if escalation is None:
        return
    minutes = f"{round(escalation.plan['ack_timeout'] / 60, 2):g} min"
    note = f"It was taken by {alert.acknowledged_by or 'its source'} {minutes} ago and has not ended."
    alerts.unacknowledge_alert(alert.pk, actor=None)
    retire(runs)
    go_on(escalation, Position(), Now(), note=note)
    tell([escalation])
    transaction.on_commit(nudge.drain, robust=True)


@steadily
def page_by_hand(  # noqa: PLR0913 - whom, about what, in which words
    *,
    actor: User | None,
    message: str = "",
    user: User | None = None,
    schedule: Schedule | None = None,
    team: Team | None = None,
    policy: Policy | None = None,
    incident: Incident | None = None,
    alert: Alert | None = None,
    urgency: str = "high",
    asks: str = "",
) -> int:
    """Page a person, who is on call in a schedule, a team or a policy, with a message; give the escalation's id.

    Without an alert or an incident the message says what it is about, and must not be empty. `asks` is why they are
    paged, where that is not that somebody wants them.
    """
    if not message.strip() and alert is None and incident is None:
        raise CannotPage("Say what it is about.")
    asks = asks or (f"{actor} pages you" if actor else "Paged by hand")
    start = Start(
        alert.pk if alert else None,
        incident.pk if incident else None,
        policy.pk if policy else None,
        urgency,
        message.strip(),
        actor.pk if actor else None,
        _plan_by_hand(asks, user, schedule, team),
        by_hand=True,
    )
    (started,) = start_many([start if start.plan else frozen(start, reason=asks)])
    whom = str(user or schedule or team or policy)
    bus.emit(events.PageRequested(started, start.alert_id, start.incident_id, whom), actor=actor)
    return started


def _plan_by_hand(
    asks: str, user: User | None, schedule: Schedule | None, team: Team | None
) -> plans.Plan | None:
    if user is not None:
        if not user.is_active:
            raise CannotPage(f"{user} cannot be paged: the account is closed.")
        return plans.for_people(str(user), [(user.pk, str(user))], reason=asks)
    if schedule is not None:
        return plans.for_target(TargetSpec(Kind.SCHEDULE, schedule.pk, schedule.name), reason=asks)
    if team is not None:
        if not people.responders([team.pk]):
            raise CannotPage(f"The team {team} has no active responder.")
        return plans.for_target(TargetSpec(Kind.TEAM, team.pk, team.name), reason=asks)
    return None
