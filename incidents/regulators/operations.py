"""A data breach starts the clocks of the authorities that have to hear of it; each is stopped by a report, or a reason."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from core.clock import now
from core.errors import Refused
from core.events import bus
from core.outbox import operations as outbox
from core.outbox.models import Lane
from core.outbox.operations import NewMessage
from core.timers import operations as timers
from core.ui import times
from incidents.events import BreachChanged, ReportDutyChanged
from incidents.lifecycle.models import EntryKind, Incident
from incidents.lifecycle.operations import base, mail
from incidents.regulators import queries, rules
from incidents.regulators.models import DataBreach, Regime, ReportDuty, State
from incidents.updates import operations as updates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.accounts.models import User
    from core.outbox.models import Message
    from core.outbox.registry import Content, Outcome

CLIENT = DUE = "incidents.regulator"


class NoDrill(Refused):
    """In a drill no authority waits."""


class NoRegime(Refused):
    """A breach is reported to somebody."""


class NoReason(Refused):
    """What is not reported has a reason, what is has a reference."""


class IsOver(Refused):
    """It was answered in another way already."""


@transaction.atomic
def flag(
    incident: Incident,
    *,
    actor: User,
    aware_at: datetime | None = None,
    what: str | None = None,
    regimes: Sequence[Regime] | None = None,
    version: int | None = None,
) -> DataBreach:
    """Say that data may have been breached and since when somebody knew: the clocks of these authorities start.

    Without `regimes` those in use; what was laid down with a reason stays so, unless it was no breach in between. Said
    again with another time, all clocks that still run follow it; without `what`, what is known stays.
    """
    incident = base.locked(incident)
    if incident.drill:
        raise NoDrill("This is a drill: no authority waits for a report.")
    known = DataBreach.objects.select_for_update().filter(incident=incident).first()
    if known is not None and version is not None and known.version != version:
        raise base.ChangedMeanwhile("Somebody changed this meanwhile. Look again before you save.")
    wanted = _wanted(incident, regimes, known)
    if not wanted and not (known and known.ended_at is None and regimes is None):
        raise NoRegime("Choose who has to hear of it. Admins add authorities in the admin.")
    since = (base.past(aware_at) or (known.aware_at if known else now())).astimezone(UTC)
    row = known or DataBreach(incident=incident, flagged_by=actor)
    words = row.what if what is None else what.strip()
    is_same = known is not None and (known.aware_at, known.what, known.ended_at) == (since, words, None)
    if known and is_same and all(_has(incident, each) for each in wanted):
        return known
    row.aware_at, row.what, row.ended_at, row.ended_because = since, words, None, ""
    row.version += 1 if known else 0
    row.save()
    for regime in wanted:
        _start(incident, regime, row)
    names = ", ".join(each.name for each in wanted) or "nothing"
    again = "Data breach: known" if known else "Flagged as a data breach, known"
    text = f"{again} since {times.full(since)}. To report: {names}"
    base.enter(
        incident,
        EntryKind.DECISION,
        text,
        actor=actor,
        data={"breach": row.pk, "aware_at": since.isoformat()},
    )
    bus.emit(BreachChanged(incident.pk, row.pk, "changed" if known else "flagged"), actor=actor)
    base.tell(incident)
    return row


def _wanted(incident: Incident, regimes: Sequence[Regime] | None, known: DataBreach | None) -> list[Regime]:
    """Give who has to hear of it: those named, else those in use and not laid down, and whose clock runs already."""
    found = list(Regime.objects.filter(is_active=True)) if regimes is None else list(regimes)
    duties = ReportDuty.objects.filter(incident=incident).select_related("regime").order_by("due_at", "pk")
    if regimes is None and known is not None and known.ended_at is None:
        laid_down = {row.regime_id for row in duties if row.state == State.NOT_NEEDED}
        found = [each for each in found if each.pk not in laid_down]
    return list(dict.fromkeys([*found, *(row.regime for row in duties if row.state == State.OPEN)]))


def _has(incident: Incident, regime: Regime) -> bool:
    return ReportDuty.objects.filter(
        incident=incident, regime=regime, state__in=(State.OPEN, State.DONE)
    ).exists()


def _start(incident: Incident, regime: Regime, breach: DataBreach) -> None:
    due = rules.due(breach.aware_at, regime.within_seconds)
    row = ReportDuty.objects.filter(incident=incident, regime=regime).first()
    if row is not None and (row.state == State.DONE or (row.state, row.due_at) == (State.OPEN, due)):
        return
    _run(row or ReportDuty(incident=incident, regime=regime), breach)


def _run(row: ReportDuty, breach: DataBreach) -> None:
    due = rules.due(breach.aware_at, row.regime.within_seconds)
    row.due_at, row.state, row.why, row.ended_at, row.ended_by = due, State.OPEN, "", None, None
    row.save()
    timers.cancel(DUE, [row.pk])
    for share, at in rules.reminders(breach.aware_at, due, row.regime.remind_percent, at=now()):
        occurrence = f"{due.isoformat()} {share}"
        timers.set(
            DUE, row.pk, occurrence=occurrence, due_at=at, payload={"due_at": due.isoformat(), "share": share}
        )


@transaction.atomic
def unflag(incident: Incident, *, why: str, actor: User) -> DataBreach | None:
    """Say that it was no breach after all: nothing that was not reported has to be. A second time changes nothing."""
    incident = base.locked(incident)
    row = DataBreach.objects.select_for_update().filter(incident=incident).first()
    if row is None or row.ended_at is not None:
        return row
    if not why.strip():
        raise NoReason("Say how it is known that it was no breach.")
    row.ended_at, row.ended_because, row.version = now(), why.strip(), row.version + 1
    row.save(update_fields=["ended_at", "ended_because", "version"])
    for duty in ReportDuty.objects.open().filter(incident=incident).select_related("incident", "regime"):
        _end(duty, State.NOT_NEEDED, actor, why=f"No breach: {why.strip()}")
    text = f"No data breach after all: {why.strip()}"
    base.enter(incident, EntryKind.DECISION, text, actor=actor, data={"breach": row.pk})
    bus.emit(BreachChanged(incident.pk, row.pk, "ended"), actor=actor)
    base.tell(incident)
    return row


@transaction.atomic
def report(duty: ReportDuty, *, reference: str, actor: User, at: datetime | None = None) -> ReportDuty:
    """Say that the authority has the report, under which reference, and when. The same again changes nothing."""
    row = _held(duty)
    if row.state == State.DONE and row.reference == reference.strip():
        return row
    if row.state != State.OPEN:
        raise IsOver(f"{row.regime}: {row.get_state_display().lower()} already.")
    if not reference.strip():
        raise NoReason("Write the reference under which the authority has it, as “BfDI 25-8841”.")
    when = base.past(at) or now()
    _end(row, State.DONE, actor, reference=reference.strip(), at=when)
    late = f", {rules.left(0 - (when - row.due_at).total_seconds())}" if when > row.due_at else ""
    _note(row, f"Reported: {row.regime} ({row.reference}){late}", actor, "reported")
    return row


@transaction.atomic
def need_not(duty: ReportDuty, *, why: str, actor: User) -> ReportDuty:
    """Say why nothing has to be reported to this authority. A second time changes nothing."""
    row = _held(duty)
    if row.state == State.NOT_NEEDED:
        return row
    if row.state != State.OPEN:
        raise IsOver(f"{row.regime}: {row.get_state_display().lower()} already.")
    if not why.strip():
        raise NoReason("Say why nothing has to be reported there.")
    _end(row, State.NOT_NEEDED, actor, why=why.strip())
    _note(row, f"Need not be reported: {row.regime}. {row.why}", actor, "not_needed")
    return row


@transaction.atomic
def reopen(duty: ReportDuty, *, why: str, actor: User) -> ReportDuty:
    """Say why the clock runs after all: the wrong one was stopped. One that runs stays as it is."""
    row = _held(duty)
    if row.state == State.OPEN:
        return row
    breach = DataBreach.objects.get(incident=row.incident_id)
    if breach.ended_at is not None:
        raise IsOver("It was no breach. Flag it again first.")
    if not why.strip():
        raise NoReason("Say why its clock runs again.")
    before = f"{row.get_state_display().lower()}{row.reference and f' ({row.reference})'}"
    row.reference = ""
    _run(row, breach)
    _note(row, f"To report after all: {row.regime}, {before} until now. {why.strip()}", actor, "reopened")
    return row


def _held(duty: ReportDuty) -> ReportDuty:
    base.locked(duty.incident)
    return ReportDuty.objects.select_related("incident__severity", "regime").get(pk=duty.pk)


def _end(
    row: ReportDuty,
    state: State,
    actor: User,
    *,
    reference: str = "",
    why: str = "",
    at: datetime | None = None,
) -> None:
    row.state, row.reference, row.why = state, reference, why
    row.ended_at, row.ended_by = at or now(), actor
    row.save(update_fields=["state", "reference", "why", "ended_at", "ended_by"])
    timers.cancel(DUE, [row.pk])
    outbox.suppress(CLIENT, [row.pk], reason="it was reported, or need not be")


def _note(row: ReportDuty, text: str, actor: User | None, what: str) -> None:
    kind = EntryKind.REMINDER if actor is None else EntryKind.ACTION
    data = {"report_duty": row.pk, "what": what, "due_at": row.due_at.isoformat()}
    base.enter(row.incident, kind, text, actor=actor, data=data)
    bus.emit(ReportDutyChanged(row.incident_id, row.pk, what), actor=actor)
    base.tell(row.incident)


@transaction.atomic
def remind(duty_id: int, *, due_at: str, share: int) -> None:
    """A share of the time has passed, or all of it: whoever answers for it is told, also once the incident is over."""
    found = ReportDuty.objects.select_related("incident").filter(pk=duty_id).first()
    if found is None:
        return
    row = _held(found)
    if row.state != State.OPEN or row.due_at != datetime.fromisoformat(due_at):
        return
    said = {"report_duty": row.pk, "what": f"reminded_{share}", "due_at": row.due_at.isoformat()}
    if row.incident.timeline.filter(kind=EntryKind.REMINDER, data__contains=said).exists():
        return
    people = queries.listeners(row.incident)
    told = " and ".join(map(str, people)) or "nobody: nobody takes part"
    outbox.put([_message(row, person, share) for person in people])
    _note(row, f"{_said(row)}. Told {told}", None, f"reminded_{share}")


def _said(row: ReportDuty) -> str:
    left = rules.left((row.due_at - now()).total_seconds())
    return f"Report to {row.regime} due {times.full(row.due_at)}, {left}"


def _message(row: ReportDuty, person: User, share: int) -> NewMessage:
    words = _words(row)
    return NewMessage(
        key=f"{CLIENT}:{row.pk}:{row.due_at.isoformat()}:{share}:{person.pk}",
        client=CLIENT,
        subject_id=row.pk,
        lane=Lane.PEOPLE,
        channel="email",
        address=person.email,
        user_id=person.pk,
        content={"subject": words.subject, "text": words.text},
        not_after_seconds=6 * 3600,
    )


def _words(row: ReportDuty) -> Content:
    """Of a private incident not even what has to be reported is said outside (X-24)."""
    incident = row.incident
    url = settings.BASE_URL + reverse("incidents:regulators", args=[incident.number])
    if incident.private:
        subject = f"A report is due: {mail.named(incident)}"
        text = f"A report is due in {mail.named(incident)}.\n\n{url}\n"
    else:
        subject = f"{_said(row)}: {mail.named(incident)}"
        text = f"{_said(row)}, for {mail.named(incident)}.\n\n{row.regime.what}\n\n{url}\n"
    return mail.content(incident, subject, text, url=url)


def still_wanted(messages: Sequence[Message]) -> dict[int, str]:
    """Give a reason for each reminder of what has been reported meanwhile, or need not be."""
    ids = {message.subject_id for message in messages}
    open_ = set(ReportDuty.objects.open().filter(pk__in=ids).values_list("pk", flat=True))
    return {
        message.pk: "it was reported, or need not be"
        for message in messages
        if message.subject_id not in open_
    }


def render(message: Message) -> Content:
    """Write a reminder as things stand now."""
    rows = ReportDuty.objects.select_related("incident__severity", "regime")
    return _words(rows.get(pk=message.subject_id))


@transaction.atomic
def note_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Put a reminder that did not arrive onto the timeline, once."""
    for outcome in outcomes:
        row = ReportDuty.objects.select_related("incident").filter(pk=outcome.subject_id).first()
        if row is not None:
            updates.note_undelivered(row.incident, outcome, what="A reminder of a report to an authority")
