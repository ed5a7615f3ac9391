"""What has happened at Alder Pay lately, so that every screen has something true to show.

The incidents are led with the real operations and then moved into the past; nobody is paged or mailed for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pgtrigger
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from config.demo import mitigations
from core.events.models import Event, EventDelivery
from core.outbox.models import Message
from core.timers.models import Timer
from incidents.changes.models import Change, ChangeKind
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.models import EntryKind, Incident, TimelineEntry
from incidents.lifecycle.rules import TIMES, Status
from incidents.observations import operations as observations
from incidents.production import operations as production
from incidents.production.models import ProductionChange
from incidents.severities.models import Severity
from incidents.tasks import operations as tasks
from incidents.tasks.models import State, Task
from incidents.tasks.rules import Occasion
from incidents.updates import operations as updates
from incidents.updates.models import Fate, Told, Update
from postmortems.action_items import operations as action_items
from postmortems.reports import operations as reports
from postmortems.reports.rules import Section
from statuspage.components.models import Component, ComponentSpan, ComponentState
from statuspage.notices import operations as notices
from statuspage.notices.models import Notice, NoticeUpdate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from config.demo.company import Company
    from core.accounts.models import User
    from postmortems.action_items.models import ActionItem
    from postmortems.reports.models import Postmortem

MOVED = (*TIMES, "next_update_due_at", "last_update_at")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing somebody did, so many minutes after the declaration."""

    minute: float
    kind: str
    text: str
    who: str
    status: str | None = None
    components: tuple[tuple[str, str], ...] = ()


def tell(company: Company) -> None:
    """Play everything, oldest first."""
    _certificate(company)
    _webhooks(company)
    _slow_search(company)
    _search(company)
    _invoices(company)
    _changes(company)
    _odd(company)
    # Listeners' work was done here, in order; delivering these events again would page people for old stories.
    EventDelivery.objects.filter(done_at=None).update(done_at=Now())
    Message.objects.filter(client=updates.TOLD).delete()
    Told.objects.update(state=Fate.ACCEPTED)


def _certificate(company: Company) -> None:
    incident = _play(
        company,
        title="Login unavailable after certificate expiry",
        severity=1,
        services=["auth"],
        commander="marta",
        began=-6,
        impact="Nobody can sign in. Payments already under way are not affected.",
        steps=[
            Step(1, "public", "Signing in does not work at the moment. We are looking into it.", "lena",
                 Status.INVESTIGATING, (("Sign-in and dashboard", ComponentState.MAJOR),)),
            Step(5, "hypothesis", "The edge serves a certificate that expired at 09:14.", "aiko"),
            Step(8, "decision", "Issue by hand now, repair the automatic renewal afterwards.", "marta"),
            Step(9, "public", "We have found the cause, an expired certificate, and are replacing it.", "lena",
                 Status.IDENTIFIED, (("Sign-in and dashboard", ComponentState.MAJOR),)),
            Step(22, "action", "New certificate rolled out to all edge nodes.", "aiko"),
            Step(24, "public", "Signing in works again. We keep watching.", "lena",
                 Status.MONITORING, (("Sign-in and dashboard", ComponentState.DEGRADED),)),
            Step(31, "public", "Signing in works normally again.", "lena",
                 Status.RESOLVED, (("Sign-in and dashboard", ComponentState.OPERATIONAL),)),
        ],
    )  # fmt: skip
    _into_the_past(incident, timedelta(days=5, hours=3))
    postmortem = reports.open_draft(incident.pk)
    _write(
        postmortem,
        company.people["marta"],
        {
            Section.SUMMARY: "For 31 minutes nobody could sign in to the dashboard, because the edge served a "
            "certificate that had expired. Payments were not affected.",
            Section.IMPACT: "About 2,300 merchants saw an error when they signed in. Support had 41 conversations.",
            Section.FACTORS: "The renewal job had failed for 19 days. Its alert went to a channel that nobody reads, "
            "and the expiry check covers public hosts but not the edge.",
            Section.WENT_WELL: "The first page was acknowledged within a minute, and the manual issue was rehearsed.",
            Section.WENT_BADLY: "It took nine minutes to see which certificate was served where.",
            Section.LESSONS: "Expiry is a countdown; it should page weeks before it is an outage.",
        },
    )
    reports.add_factor(postmortem, kind="process", text="The renewal alert had no owner")
    reports.add_factor(postmortem, kind="technical", text="The expiry check does not cover edge certificates")
    _act(
        company, postmortem, "Page Platform 21 days before any edge certificate expires", "aiko", 6, "detect"
    )
    done = _act(
        company, postmortem, "Renew edge certificates from the same job as all others", "samir", -1, "prevent"
    )
    action_items.move(done, to="done", actor=company.people["samir"])
    postmortem.refresh_from_db()
    reports.publish(postmortem, actor=company.people["marta"])


def _webhooks(company: Company) -> None:
    incident = _play(
        company,
        title="Webhook deliveries retried twice",
        severity=2,
        services=["webhooks"],
        commander="tomas",
        began=-13,
        impact="Merchants get some notifications twice. None is lost.",
        steps=[
            Step(2, "note", "Duplicate ratio is 2.4%, normally 0.01%.", "tomas"),
            Step(9, "hypothesis", "v5.1 gives up after 3 s instead of 10 s, below the slowest tenth of receivers.", "priya"),
            Step(21, "decision", "Restore the 10 s time-out by flag, keep the release.", "tomas"),
            Step(23, "internal", "Some webhooks go out twice since 14:18. A flag restores the old time-out now.", "tomas"),
            Step(35, "note", "Duplicate ratio back to 0.01%.", "priya"),
            Step(48, "resolve", "", "tomas"),
        ],
    )  # fmt: skip
    _into_the_past(incident, timedelta(days=1, hours=9))
    postmortem = reports.open_draft(incident.pk)
    _write(
        postmortem,
        company.people["tomas"],
        {
            Section.SUMMARY: "For 48 minutes about 2% of webhook deliveries were sent twice, after a release "
            "shortened the time we wait for receivers.",
            Section.IMPACT: "12,400 duplicate deliveries to 310 merchants. Four opened a ticket.",
            Section.FACTORS: "Configuration changes skip the load test, and no check compares a time-out with "
            "measured latency. Tomás forgot to watch the ratio after the deploy.",
        },
    )
    reports.add_factor(postmortem, kind="process", text="Config changes bypass load tests")
    _act(company, postmortem, "Reject time-outs below the measured p99 in config CI", "tomas", 7, "prevent")
    _act(company, postmortem, "Put the duplicate ratio on the deploy dashboard", "priya", 1, "detect")


def _slow_search(company: Company) -> None:
    incident = _play(
        company,
        title="Back-office search fails for long queries",
        severity=3,
        services=["search"],
        commander="samir",
        began=-4,
        impact="Support staff cannot search with more than 12 words.",
        steps=[
            Step(
                12,
                "note",
                "The query parser runs into its limit; a smaller limit upstream hides it.",
                "samir",
            ),
            Step(125, "resolve", "", "samir"),
        ],
    )
    _into_the_past(incident, timedelta(days=3, hours=5))


def _search(company: Company) -> None:
    incident = _play(
        company,
        title="Search results stale in the EU region, index lag 25 min",
        severity=2,
        services=["search"],
        commander="aiko",
        began=-19,
        impact="Payments of the last minutes are missing from search in the EU. They are not lost.",
        steps=[
            Step(4, "public", "Search results in the EU region are about 25 minutes behind. Payments are not affected.", "lena",
                 Status.INVESTIGATING, (("Search", ComponentState.DEGRADED),)),
            Step(26, "hypothesis", "A replica fell behind after the ledger migration and the indexer waits for it.", "samir"),
            Step(40, "decision", "Reindex from the primary instead of waiting for the replica.", "aiko"),
            Step(41, "changed", "Indexer reads from the primary", "samir"),
            Step(42, "task", "Reindex the EU region from the primary", "samir"),
            Step(44, "task", "Hold back deploys of search", "aiko"),
            Step(95, "open task", "Compare ten payments in search with the ledger", "priya"),
            Step(96, "note", "Reindex at 82%, lag down to 6 min.", "samir"),
            Step(97, "public", "Search in the EU region is about 6 minutes behind, down from 25. We expect it to be current within the hour.", "lena",
                 Status.MONITORING, (("Search", ComponentState.DEGRADED),)),
        ],
    )  # fmt: skip
    lifecycle.set_picture(
        incident,
        next_decision="Call it when the lag has stayed under one minute for half an hour.",
        actor=company.people["aiko"],
    )
    _into_the_past(incident, timedelta(minutes=115))
    mitigations.stop_indexer(incident, actor=company.people["samir"])


def _invoices(company: Company) -> None:
    incident = _play(
        company,
        title="Invoice e-mails delayed by up to 40 min",
        severity=3,
        services=["billing-worker"],
        commander="noah",
        began=-7,
        impact="Customers get invoices late. None are lost.",
        steps=[
            Step(11, "note", "The mail provider answers 429 to one in five messages.", "noah"),
            Step(33, "internal", "Invoices are late, none are lost. The queue drains slowly after the mail provider throttled us.", "noah"),
        ],
    )  # fmt: skip
    _into_the_past(incident, timedelta(minutes=68))


def _odd(company: Company) -> None:
    row = observations.note(
        text="Invoices open a second slower than last week, for two customers.",
        service=company.services["billing-worker"],
        actor=company.people["priya"],
    )
    observations.seen_again(row, actor=company.people["samir"])


def _changes(company: Company) -> None:
    now = timezone.now()
    rows = (
        ("payments-api", ChangeKind.DEPLOY, "payments-api v2.3.4 to production", "v2.3.4", 12),
        ("payments-api", ChangeKind.CONFIG, "Fraud rules, revision 118", "118", 95),
        ("search", ChangeKind.INFRASTRUCTURE, "Ledger migration 0341", "0341", 140),
        ("webhooks", ChangeKind.DEPLOY, "webhooks v5.1.1 to production", "v5.1.1", 1500),
    )
    Change.objects.bulk_create(
        Change(
            service=company.services[slug],
            kind=kind,
            summary=summary,
            version=version,
            at=now - timedelta(minutes=minutes),
            source="deploy bot",
            previous={"v2.3.4": "v2.3.3", "118": "117", "v5.1.1": "v5.1.0"}.get(version, ""),
        )
        for slug, kind, summary, version, minutes in rows
    )


def _play(
    company: Company,
    *,
    title: str,
    severity: int,
    services: Sequence[str],
    commander: str,
    began: int,
    impact: str,
    steps: Sequence[Step],
) -> Incident:
    """Lead an incident through its steps; `began` is when it started, in minutes before the declaration (negative)."""
    now = timezone.now()
    actor = company.people[commander]
    incident = lifecycle.declare(
        title=title,
        actor=actor,
        severity=Severity.objects.get(rank=severity),
        services=[company.services[slug] for slug in services],
        started_at=now + timedelta(minutes=began),
        impact=impact,
    )
    lifecycle.acknowledge(incident, actor=actor)
    tasks.come_up(incident.pk, Occasion.DECLARED)
    for step in steps:
        before = (
            TimelineEntry.objects.filter(incident=incident)
            .order_by("-id")
            .values_list("id", flat=True)
            .first()
            or 0
        )
        _do(company, incident, step, company.people[step.who])
        _stamp(incident, after=before, minute=step.minute)
    incident.refresh_from_db()
    _tick(incident, Occasion.DECLARED, incident.declared_at + timedelta(minutes=4), actor)
    if incident.resolved_at is not None:
        tasks.come_up(incident.pk, Occasion.RESOLVED)
        _tick(incident, Occasion.RESOLVED, incident.resolved_at + timedelta(minutes=20), actor)
    return incident


def _tick(incident: Incident, occasion: Occasion, at: datetime, actor: User) -> None:
    """Let the checklists of an occasion have been worked through."""
    Task.objects.open().filter(incident=incident, step__checklist__occasion=occasion).update(
        state=State.DONE, ended_at=at, ended_by=actor
    )


def _do(company: Company, incident: Incident, step: Step, actor: User) -> None:
    if step.kind == "hypothesis":
        lifecycle.set_picture(incident, hypothesis=step.text, actor=actor)
    elif step.kind == "resolve":
        lifecycle.resolve(incident, actor=actor)
    elif step.kind in {"public", "internal"}:
        if step.status == Status.RESOLVED:
            why = "The edge was watched together for seven minutes, short of the stable period"
            lifecycle.resolve(incident, actor=actor, reason=why, early=True)
        update = updates.publish(
            incident,
            audience=step.kind,
            text=step.text,
            status=step.status,
            components=_components(step),
            actor=actor,
        )
        if step.kind == "public":
            notices.publish_update(update.pk)
    elif step.kind in {"task", "open task", "changed"}:
        _work(incident, step, actor)
    else:
        lifecycle.add_entry(incident, kind=EntryKind(step.kind), text=step.text, actor=actor)


def _work(incident: Incident, step: Step, actor: User) -> None:
    if step.kind == "changed":
        row = production.note(incident, what=step.text, place="search indexer", actor=actor)
        ProductionChange.objects.filter(pk=row.pk).update(at=F("at") + timedelta(minutes=step.minute))
        return
    task = tasks.add(incident, title=step.text, assignee=actor, actor=actor)
    if step.kind == "task":
        tasks.finish(task, actor=actor)


def _components(step: Step) -> dict[str, str]:
    ids = dict(Component.objects.values_list("name", "public_id"))
    return {ids[name]: state for name, state in step.components}


def _stamp(incident: Incident, *, after: int, minute: float) -> None:
    """Give what the last step wrote the time at which it is said to have happened."""
    span = timedelta(minutes=minute)
    with pgtrigger.ignore():
        TimelineEntry.objects.filter(incident=incident, pk__gt=after).update(
            at=F("at") + span, recorded_at=F("recorded_at") + span
        )
        Update.objects.filter(incident=incident, published_at__lte=timezone.now()).filter(
            pk__in=Update.objects.filter(incident=incident).order_by("-pk").values("pk")[:1]
        ).update(published_at=F("published_at") + span)
    incident.refresh_from_db()
    moved = {
        name: getattr(incident, name) + span
        for name in ("identified_at", "mitigated_at", "resolved_at")
        if (at := getattr(incident, name)) and at - incident.declared_at < timedelta(seconds=30)
    }
    if incident.next_update_due_at and _published_since(incident, after):
        moved["next_update_due_at"] = incident.next_update_due_at + span
        moved["last_update_at"] = incident.declared_at + span
    if moved:
        Incident.objects.filter(pk=incident.pk).update(**moved)


def _published_since(incident: Incident, entry_id: int) -> bool:
    kinds = [EntryKind.UPDATE, EntryKind.PUBLIC_UPDATE]
    return TimelineEntry.objects.filter(incident=incident, pk__gt=entry_id, kind__in=kinds).exists()


def _into_the_past(incident: Incident, span: timedelta) -> None:
    """Move everything that belongs to an incident back by `span`."""
    shifted = {name: F(name) - span for name in MOVED}
    Incident.objects.filter(pk=incident.pk).update(**shifted)
    incident.roles.update(started_at=F("started_at") - span)
    with pgtrigger.ignore():
        TimelineEntry.objects.filter(incident=incident).update(
            at=F("at") - span, recorded_at=F("recorded_at") - span
        )
        Update.objects.filter(incident=incident).update(
            published_at=F("published_at") - span, next_update_due_at=F("next_update_due_at") - span
        )
    ProductionChange.objects.filter(incident=incident).update(at=F("at") - span)
    Task.objects.filter(incident=incident).update(
        created_at=F("created_at") - span, ended_at=F("ended_at") - span
    )
    Event.objects.filter(name__startswith="incident.", subject_id=incident.pk).update(
        occurred_at=F("occurred_at") - span
    )
    Timer.objects.filter(kind=lifecycle.UPDATE_DUE, subject_id=incident.pk, done_at=None).update(
        done_at=Now()
    )
    _notices_into_the_past(incident, span)


def _notices_into_the_past(incident: Incident, span: timedelta) -> None:
    published = dict(Update.objects.filter(incident=incident).values_list("pk", "published_at"))
    for notice in Notice.objects.filter(incident=incident):
        for row in NoticeUpdate.objects.filter(notice=notice):
            NoticeUpdate.objects.filter(pk=row.pk).update(at=published.get(row.source_update_id or 0, row.at))
        times = list(notice.updates.order_by("at").values_list("at", flat=True))
        incident.refresh_from_db()
        Notice.objects.filter(pk=notice.pk).update(
            created_at=times[0],
            updated_at=times[-1],
            started_at=incident.started_at,
            resolved_at=times[-1] if notice.resolved_at else None,
            next_update_due_at=incident.next_update_due_at if not notice.resolved_at else None,
        )
        for part in notice.components.all():
            _spans(part, times, notice)
            Component.objects.filter(pk=part.pk).update(updated_at=times[-1])


def _spans(part: Component, times: Sequence[object], notice: Notice) -> None:
    """One stretch from the first word to the last, in the worst state that was shown."""
    spans = ComponentSpan.objects.filter(component=part, start__gte=timezone.now() - timedelta(minutes=5))
    worst = spans.order_by("pk").first()
    if worst is None:
        return
    spans.exclude(pk=worst.pk).delete()
    end = times[-1] if notice.resolved_at else None
    ComponentSpan.objects.filter(pk=worst.pk).update(start=times[0], end=end)


def _write(postmortem: Postmortem, author: User, texts: dict[Section, str]) -> None:
    postmortem.refresh_from_db()
    reports.save_sections(postmortem, texts=texts, version=postmortem.version, actor=author)
    reports.set_author(postmortem, author=author)
    postmortem.refresh_from_db()


def _act(
    company: Company, postmortem: Postmortem, title: str, owner: str, days: int, kind: str
) -> ActionItem:
    return action_items.create(
        actor=company.people[owner],
        title=title,
        postmortem_id=postmortem.pk,
        owner=company.people[owner],
        due_on=timezone.localdate() + timedelta(days=days),
        kind=kind,
    )
