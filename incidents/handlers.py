"""Reactions to what others say, and to the clock. Each is safe to run twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.events.bus import on
from core.timers import registry as timers
from incidents.approvals import operations as approvals
from incidents.command import operations as command
from incidents.events import (
    Acknowledged,
    ChangeRecorded,
    Closed,
    Corrected,
    Declared,
    HandOverChanged,
    MitigationChanged,
    ProductionChanged,
    Reopened,
    Resolved,
    ResponderWanted,
    RoleAssigned,
    RoleReleased,
    RunbookRunChanged,
    SeverityChanged,
    StatusChanged,
    TaskChanged,
    UpdatePublished,
    Written,
)
from incidents.lifecycle import operations as lifecycle
from incidents.nudges import operations as nudges
from incidents.owed import operations as owed
from incidents.privacy import operations as privacy
from incidents.regulators import operations as regulators
from incidents.runbooks import operations as runbooks
from incidents.tasks import operations as tasks
from incidents.tasks.rules import Occasion
from incidents.ties import operations as ties
from incidents.updates import operations as updates

if TYPE_CHECKING:
    from core.events.bus import Meta
    from core.timers.models import Timer

    OwedMoved = Closed | Corrected | Declared | Reopened | Resolved | SeverityChanged | UpdatePublished
    Happened = (
        Declared
        | MitigationChanged
        | ProductionChanged
        | ResponderWanted
        | RoleAssigned
        | RoleReleased
        | RunbookRunChanged
        | SeverityChanged
        | StatusChanged
        | TaskChanged
        | UpdatePublished
        | Written
    )


@timers.on(lifecycle.UPDATE_DUE)
def remind(timer: Timer) -> None:
    """An update is due soon, or overdue: remind those who owe it."""
    updates.remind(timer.subject_id, due_at=timer.payload["due_at"], overdue=timer.payload["overdue"])


@timers.on(runbooks.DUE)
def go_up(timer: Timer) -> None:
    """A runbook in use takes longer than its escalation path allows."""
    runbooks.come_due(timer.subject_id)


@timers.on(privacy.END)
def end_emergency(timer: Timer) -> None:
    """The time of an emergency access is over."""
    privacy.come_due(timer.subject_id)


@timers.on(approvals.DUE)
def ask_again(timer: Timer) -> None:
    """Nobody has approved an update yet: ask again, or let it lapse."""
    approvals.come_due(timer.subject_id, lapse=bool(timer.payload.get("lapse")))


@timers.on(regulators.DUE)
def remind_of_report(timer: Timer) -> None:
    """A share of the time until an authority must have its report has passed."""
    regulators.remind(timer.subject_id, due_at=timer.payload["due_at"], share=timer.payload["share"])


@timers.on(command.DUE)
def ask_for_command(timer: Timer) -> None:
    """Nobody has taken the command that was offered: ask again, or let the offer lapse."""
    command.come_due(timer.subject_id, lapse=bool(timer.payload.get("lapse")))


@on(RoleAssigned)
def tell_of_command(fact: RoleAssigned, meta: Meta) -> None:
    """Somebody else commands: whoever did is told, and offers of before are over."""
    if command.is_about_command(fact.role):
        command.settle(fact.incident_id)
        command.tell_of_change(
            fact.incident_id,
            user_id=fact.user_id,
            previous_id=fact.previous_user_id,
            actor_id=meta.actor_id,
            mark=meta.event_id,
        )


@on(Declared)
def ask_for_commander(fact: Declared, meta: Meta) -> None:
    """At a level that says so somebody is asked to command at once."""
    command.ask_at_once(fact.incident_id)


@on(SeverityChanged)
def ask_for_commander_at_level(fact: SeverityChanged, meta: Meta) -> None:
    """It may be worse than whoever began is trained for."""
    command.ask_at_once(fact.incident_id)


@on(HandOverChanged, when=lambda fact: fact.what in {"declined", "lapsed"})
def ask_next_commander(fact: HandOverChanged, meta: Meta) -> None:
    """Who was asked to command does not: the next one is asked, at a level that says so."""
    command.ask_at_once(fact.incident_id)


@on(Resolved)
def offer_no_more(fact: Resolved, meta: Meta) -> None:
    """It works again: nobody has to take command any more."""
    command.settle(fact.incident_id)


@on(Closed)
def offer_no_more_once_closed(fact: Closed, meta: Meta) -> None:
    """It is over: nobody has to take command any more."""
    command.settle(fact.incident_id)


@on(ChangeRecorded)
def show_change(fact: ChangeRecorded, meta: Meta) -> None:
    """Something was changed on a service: the open incidents of it should know."""
    lifecycle.note_change(fact.change_id)


@timers.on(tasks.DUE)
def remind_of_task(timer: Timer) -> None:
    """A task should be done by now: remind whoever has it and whoever commands."""
    tasks.remind(timer.subject_id, due_at=timer.payload["due_at"])


@on(Declared)
def begin(fact: Declared, meta: Meta) -> None:
    """An incident was declared: its first checklists come up."""
    tasks.come_up(fact.incident_id, Occasion.DECLARED)


@on(SeverityChanged)
def begin_at_level(fact: SeverityChanged, meta: Meta) -> None:
    """The level changed: so may what is to be done first."""
    tasks.come_up(fact.incident_id, Occasion.DECLARED)


@on(Resolved)
def recover(fact: Resolved, meta: Meta) -> None:
    """It works again: the checklists of the end come up."""
    tasks.come_up(fact.incident_id, Occasion.RESOLVED)


@on(Reopened)
def go_on(fact: Reopened, meta: Meta) -> None:
    """It is not over after all: what the end asked for falls away until there is one."""
    tasks.fall_away(fact.incident_id)


@on(Reopened)
def count_limits_anew(fact: Reopened, meta: Meta) -> None:
    """It is not over after all: limits of runbooks that passed meanwhile begin again."""
    runbooks.begin_anew(fact.incident_id)


@on(Closed)
def leave_off(fact: Closed, meta: Meta) -> None:
    """It is over: what is open now is no task of this incident any more."""
    tasks.fall_away(fact.incident_id)


@on(Acknowledged)
def tick_taken(fact: Acknowledged, meta: Meta) -> None:
    """Somebody took it: the steps that ask for that are done."""
    tasks.settle(fact.incident_id)


@on(RoleAssigned)
def tick_roles(fact: RoleAssigned, meta: Meta) -> None:
    """Somebody has a role: perhaps all are filled."""
    tasks.settle(fact.incident_id)


@on(UpdatePublished)
def tick_told(fact: UpdatePublished, meta: Meta) -> None:
    """An update went out: the steps that ask for that are done."""
    tasks.settle(fact.incident_id)


@on(Reopened)
def come_apart(fact: Reopened, meta: Meta) -> None:
    """What was merged is open again by itself: what went over comes back."""
    ties.come_apart(fact.incident_id, actor=None)


def tell_whole(
    fact: RoleAssigned | RoleReleased | SeverityChanged | StatusChanged | UpdatePublished, meta: Meta
) -> None:
    """A part changed: the room of what it is part of shows it."""
    ties.tell_whole(fact.incident_id)


on(RoleAssigned)(tell_whole)
on(RoleReleased)(tell_whole)
on(SeverityChanged)(tell_whole)
on(StatusChanged)(tell_whole)
on(UpdatePublished)(tell_whole)


@timers.on(nudges.LOOK)
def look_at_room(timer: Timer) -> None:
    """Something may be due in a room that its people are too busy to notice."""
    nudges.look(timer.subject_id)


def look_again(fact: Happened, meta: Meta) -> None:
    """What was said in the room may have lost its reason, and what comes next may have moved."""
    nudges.look(fact.incident_id)


on(Declared)(look_again)
on(MitigationChanged)(look_again)
on(ProductionChanged)(look_again)
on(ResponderWanted)(look_again)
on(RoleAssigned)(look_again)
on(RoleReleased)(look_again)
on(RunbookRunChanged)(look_again)
on(SeverityChanged)(look_again)
on(StatusChanged)(look_again)
on(TaskChanged)(look_again)
on(UpdatePublished)(look_again)
on(Written)(look_again)


@timers.on(owed.LOOK)
def look_at_owed(timer: Timer) -> None:
    """Somebody outside the room must have heard of it soon, or should have."""
    owed.look(timer.subject_id)


def follow_owed(fact: OwedMoved, meta: Meta) -> None:
    """What is owed to those outside the room may have been said, or be asked for no more."""
    owed.look(fact.incident_id)


on(Closed)(follow_owed)
on(Corrected)(follow_owed)
on(Declared)(follow_owed)
on(Reopened)(follow_owed)
on(Resolved)(follow_owed)
on(SeverityChanged)(follow_owed)
on(UpdatePublished)(follow_owed)
