"""Reactions to what others say, and to on-call's own facts where the hub wants to know. Each is safe to run twice."""

from __future__ import annotations

from functools import partial

from core.accounts.events import UserDeactivated, UserTimeZoneChanged
from core.accounts.models import Team, User
from core.errors import Refused
from core.events.bus import Meta, on
from incidents.command import operations as command
from incidents.command.models import HandOver
from incidents.events import (
    Acknowledged,
    Closed,
    Declared,
    HandOverChanged,
    Resolved,
    ResponderWanted,
    SeverityChanged,
)
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.models import EntryKind, Incident
from incidents.severities import queries as severities
from oncall.announcements import operations as announcements
from oncall.escalation import operations as escalation
from oncall.escalation import queries as escalations
from oncall.escalation.models import Escalation, EscalationStatus, Policy
from oncall.escalation.rules import plans
from oncall.events import (
    AcknowledgementCounted,
    AlertAttached,
    AlertDeclares,
    AlertResolved,
    AnsweredInChannel,
    EscalationExhausted,
    NotificationRulesChanged,
    PageDeclined,
    PageFailed,
    PageSent,
    ScheduleChanged,
    ScheduleClocksChanged,
    ShiftChanged,
    SignalDamaged,
)
from oncall.feeds import operations as feeds
from oncall.handoffs import operations as handoffs
from oncall.routing import queries as routing
from oncall.schedules.models import Schedule
from oncall.swaps import operations as swaps

TARGETS: dict[str, type[User | Schedule | Team | Policy]] = {
    "user": User,
    "schedule": Schedule,
    "team": Team,
    "policy": Policy,
}


DAMAGED = "A signal that was taken while Postgres was away cannot be read. The log names its file."
"""What the admins are paged with: the same words each time, so that many damaged files are one page."""


def _for_incident(
    fact: PageSent
    | PageFailed
    | PageDeclined
    | AnsweredInChannel
    | EscalationExhausted
    | AcknowledgementCounted,
) -> bool:
    """Most pages are about an alert that belongs to none: nothing is handed over for those."""
    return fact.incident_id is not None


@on(AlertDeclares)
def declare(fact: AlertDeclares, meta: Meta) -> None:
    """A route makes incidents of what it takes."""
    escalation.declare_by_route(fact.alert_id, severity_id=fact.severity_id, route_id=fact.route_id)


@on(Declared)
def page_for_incident(fact: Declared, meta: Meta) -> None:
    """Somebody declared an incident that wakes people: ask those of its services, unless an alert did already."""
    if fact.pages and not fact.drill and not escalations.is_asked(fact.incident_id):
        _start(fact.incident_id, actor_id=meta.actor_id)


@on(SeverityChanged)
def page_for_severity(fact: SeverityChanged, meta: Meta) -> None:
    """An incident became one that wakes people: ask, even where somebody has its alert."""
    before = next((level for level in severities.levels() if level.rank == fact.old_rank), None)
    paged_before = before is not None and severities.pages(before, at=meta.occurred_at)
    if fact.pages and not paged_before and not escalations.is_asked(fact.incident_id, by_alerts=False):
        _start(fact.incident_id, actor_id=meta.actor_id)


@on(ResponderWanted)
def page_by_hand(fact: ResponderWanted, meta: Meta) -> None:
    """Somebody in the room wants a person, a schedule, a team or a policy; or its severity wants a commander."""
    incident = Incident.objects.get(pk=fact.incident_id)
    actor = _person(meta)
    offer = command.to_page(fact.hand_over_id) if fact.hand_over_id else None
    if fact.hand_over_id and offer is None:
        return
    try:
        started = _page(
            fact, incident, actor, asks=f"You are asked to command: {offer.asked_as}" if offer else ""
        )
    except Refused as refusal:
        lifecycle.add_entry(incident, kind=EntryKind.PAGE, text=f"Nobody was paged. {refusal}", actor=actor)
        if offer:
            command.give_up_on(offer, why=str(refusal))
    else:
        if offer:
            command.note_asked(offer, paged_as=started)


ANSWERED = {"accepted", "declined", "lapsed", "withdrawn"}


@on(HandOverChanged, when=lambda fact: fact.what in ANSWERED)
def page_no_more(fact: HandOverChanged, meta: Meta) -> None:
    """Whoever was paged to command has answered, or somebody else is asked: their page is over."""
    offer = HandOver.objects.select_related("to").filter(pk=fact.hand_over_id, paged_as__isnull=False).first()
    if offer is not None and offer.paged_as is not None:
        accepted = fact.what == "accepted"
        to = EscalationStatus.ACKNOWLEDGED if accepted else EscalationStatus.CLOSED
        escalation.stop_by_hand(offer.paged_as, to=to, by=offer.to if accepted else None)


def _give_up(escalation_id: int, *, why: str, declined: bool = False) -> None:
    if offer := command.asked_by(escalation_id):
        command.give_up_on(offer, why=why, declined=declined)


@on(Acknowledged)
def stop_when_taken(fact: Acknowledged, meta: Meta) -> None:
    """Somebody took the incident: nobody else is asked about it or its alerts."""
    _stop(fact.incident_id, EscalationStatus.ACKNOWLEDGED, meta)


@on(Resolved)
def stop_when_resolved(fact: Resolved, meta: Meta) -> None:
    """The service works again: nobody is asked any more."""
    _stop(fact.incident_id, EscalationStatus.CLOSED, meta)


@on(Closed)
def stop_when_closed(fact: Closed, meta: Meta) -> None:
    """The incident is over, or was none: nobody is asked any more."""
    _stop(fact.incident_id, EscalationStatus.CLOSED, meta)


@on(PageSent, when=_for_incident)
def note_page(fact: PageSent, meta: Meta) -> None:
    """A page for an incident went out."""
    escalation.tell_sent(fact.page_id)


@on(PageFailed, when=_for_incident)
def note_failure(fact: PageFailed, meta: Meta) -> None:
    """A page for an incident reached nobody."""
    escalation.tell_failed(fact.page_id, reason=fact.reason)


@on(PageDeclined, when=_for_incident)
def note_decline(fact: PageDeclined, meta: Meta) -> None:
    """Somebody who was paged for an incident does not come."""
    escalation.tell_declined(fact.page_id)
    if run := Escalation.objects.filter(pages=fact.page_id).first():
        _give_up(run.pk, why=fact.reason, declined=True)


@on(AnsweredInChannel, when=_for_incident)
def note_answer(fact: AnsweredInChannel, meta: Meta) -> None:
    """Somebody took or passed on a page for an incident by a button in a channel."""
    escalation.tell_answered(fact.page_id, by=_person(meta), epoch=fact.epoch, said=fact.said)


@on(AcknowledgementCounted, when=_for_incident)
def note_count(fact: AcknowledgementCounted, meta: Meta) -> None:
    """Somebody acknowledged a page for an incident, and more people have to."""
    escalation.tell_counted(fact.escalation_id, by=_person(meta), count=fact.count, needed=fact.needed)


@on(EscalationExhausted, when=_for_incident)
def note_exhaustion(fact: EscalationExhausted, meta: Meta) -> None:
    """Nobody answered a page for an incident."""
    escalation.tell_exhausted(fact.escalation_id)
    _give_up(fact.escalation_id, why="Nobody answered the page.")


@on(AlertAttached)
def note_what_was_before(fact: AlertAttached, meta: Meta) -> None:
    """An alert became part of an incident: so did who was paged about it."""
    escalation.carry_over(fact.alert_id)


@on(AlertResolved, when=lambda fact: not fact.by_source and fact.incident_id is not None)
def note_end(fact: AlertResolved, meta: Meta) -> None:
    """A person ended an alert of an incident; what its source ended, the pipeline has noted."""
    escalation.tell_ended(fact.alert_id, by=_person(meta))


@on(NotificationRulesChanged)
def replan(fact: NotificationRulesChanged, meta: Meta) -> None:
    """Somebody may have changed their quiet hours: what waits for their end is planned anew."""
    escalation.replan_held(fact.user_id)


@on(UserTimeZoneChanged)
def replan_by_other_clocks(fact: UserTimeZoneChanged, meta: Meta) -> None:
    """Somebody's quiet hours and nights are other hours now: what waits for their end is planned anew."""
    escalation.replan_held(fact.user_id, changed="time zone was")


@on(SignalDamaged)
def page_for_damage(fact: SignalDamaged, meta: Meta) -> None:
    """Something was sent for a reason and cannot be read: ask those who can look at the file, once for all of them."""
    about_that = Escalation.objects.filter(alert=None, incident=None, message=DAMAGED)
    if about_that.filter(status=EscalationStatus.ESCALATING).exists():
        return
    admins = [(user.pk, str(user)) for user in escalations.admins()]
    plan = plans.for_people("Every admin", admins, reason="A file is damaged, so every admin is asked")
    escalation.start_many([escalation.Start(message=DAMAGED, plan=plan, by_hand=True)])


@on(ScheduleChanged)
def tell_calendars(fact: ScheduleChanged, _meta: Meta) -> None:
    """A schedule was edited: note what calendars are told of it, so that they recognise its shifts after the next edit."""
    feeds.schedule_changed(fact.schedule_id)


@on(ShiftChanged)
def announce_who_took_over(fact: ShiftChanged, _meta: Meta) -> None:
    """Others are on call now: topics and groups of chats say so."""
    announcements.refresh([fact.schedule_id])


@on(ScheduleChanged)
def announce_who_is_on_call(fact: ScheduleChanged, _meta: Meta) -> None:
    """A schedule was edited, covered, deleted or restored: topics and groups of chats say what counts now."""
    announcements.refresh([fact.schedule_id])


@on(UserDeactivated)
def announce_without(fact: UserDeactivated, _meta: Meta) -> None:
    """Somebody left: no chat says that they are on call."""
    announcements.refresh_all()


@on(ScheduleChanged)
def tell_whose_duty_changed(fact: ScheduleChanged, meta: Meta) -> None:
    """A schedule was edited: who is on call otherwise by it hears of it, but for who did it."""
    handoffs.schedule_changed(
        fact.schedule_id,
        event_id=meta.event_id,
        actor_id=meta.actor_id,
        told=fact.told,
        spans=fact.spans,
    )


@on(ScheduleClocksChanged)
def tell_calendars_of_clocks(fact: ScheduleClocksChanged, _meta: Meta) -> None:
    """New zone data moved hand-offs: note what calendars are told of them."""
    feeds.schedule_changed(fact.schedule_id)


@on(ScheduleClocksChanged)
def tell_whose_duty_moved(fact: ScheduleClocksChanged, meta: Meta) -> None:
    """New zone data moved hand-offs: who is on call otherwise hears of it, as of an edit."""
    handoffs.schedule_changed(fact.schedule_id, event_id=meta.event_id, actor_id=None)


@on(ScheduleClocksChanged)
def follow_moved_shifts(fact: ScheduleClocksChanged, _meta: Meta) -> None:
    """New zone data moved hand-offs: swaps follow their shifts."""
    swaps.refresh(fact.schedule_id)


@on(UserDeactivated)
def tell_who_takes_over(fact: UserDeactivated, meta: Meta) -> None:
    """Somebody left: who is on call instead hears of it."""
    handoffs.person_left(fact.user_id, event_id=meta.event_id, actor_id=meta.actor_id)


@on(UserDeactivated)
def revoke_calendars(fact: UserDeactivated, _meta: Meta) -> None:
    """Somebody left: their calendar addresses, which led nowhere at once, stay dead when they come back."""
    feeds.revoke_all(fact.user_id)


@on(ScheduleChanged)
def follow_shifts(fact: ScheduleChanged, _meta: Meta) -> None:
    """A schedule was edited: its swaps follow their shifts, and end where those are somebody else's by now."""
    swaps.refresh(fact.schedule_id)


@on(UserDeactivated)
def end_swaps(fact: UserDeactivated, _meta: Meta) -> None:
    """Somebody left: what they took is its giver's again, who is told so."""
    if user := User.objects.filter(pk=fact.user_id).first():
        swaps.refresh_of(user)


def _page(fact: ResponderWanted, incident: Incident, actor: User | None, *, asks: str) -> int:
    ask = partial(escalation.page_by_hand, actor=actor, message=fact.message, incident=incident, asks=asks)
    match TARGETS[fact.kind].objects.filter(pk=fact.target_id).first():
        case User() as user:
            return ask(user=user)
        case Schedule(deleted_at=None) as schedule:
            return ask(schedule=schedule)
        case Team() as team:
            return ask(team=team)
        case Policy() as policy:
            return ask(policy=policy)
        case _:
            raise escalation.CannotPage(f"The {fact.kind} is gone.")


def _start(incident_id: int, *, actor_id: int | None) -> None:
    incident = Incident.objects.get(pk=incident_id)
    if not incident.is_active:
        return
    found = routing.policies_for(list(incident.services.values_list("pk", flat=True)))
    policies: list[int | None] = [*found] or [None]
    escalation.start_many(
        [
            escalation.Start(incident_id=incident.pk, policy_id=policy, actor_id=actor_id)
            for policy in policies
        ]
    )


def _stop(incident_id: int, to: EscalationStatus, meta: Meta) -> None:
    escalation.stop_incident(incident_id, to=to, by=_person(meta), before=meta.occurred_at)


def _person(meta: Meta) -> User | None:
    return User.objects.filter(pk=meta.actor_id).first() if meta.actor_id else None
