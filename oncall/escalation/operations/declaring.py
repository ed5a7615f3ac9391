"""Make an incident of what an escalation is about, with all that is known; or take one that is open already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Q

from core.steady import steadily
from incidents.catalog.models import Service
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.models import EntryKind, Incident, Trigger
from incidents.lifecycle.rules import Status
from incidents.severities.models import Severity
from incidents.ties import queries as ties
from oncall.alerts import operations as alerts
from oncall.alerts import rules
from oncall.alerts.models import Alert
from oncall.escalation import queries
from oncall.escalation.models import Escalation
from oncall.escalation.operations.handing import NothingToDo
from oncall.escalation.operations.taking import acknowledge
from oncall.paging.models import Page

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.accounts.models import User

LONGEST_TITLE = 200


@steadily
def declare_alert(
    alert: Alert,
    *,
    actor: User,
    title: str = "",
    severity: Severity | None = None,
    services: Iterable[Service] | None = None,
    **chosen: Any,
) -> Incident:
    """Acknowledge an alert and make it an incident that carries over what is known (R012).

    What a person `chosen` (arguments of `lifecycle.declare`) goes before what the alert says. The same alert again
    gives the incident that it is part of.
    """
    # Locked alone: a row joined to one that was waited for would be as old as the wait.
    row = Alert.objects.select_for_update(of=("self",)).get(pk=alert.pk)
    if row.incident is not None:
        return row.incident
    known = {
        "started_at": row.started_at or row.first_at,
        "detected_at": row.first_at,
        "acknowledged_at": row.acknowledged_at,
        "summary": row.description,
        **{name: value for name, value in chosen.items() if value},
    }
    own = Service.objects.filter(pk=row.service_id) if row.service_id else ()
    incident = lifecycle.declare(
        title=(title.strip() or row.title)[:LONGEST_TITLE],
        actor=actor,
        severity=severity,
        services=own if services is None else services,
        trigger=Trigger.ALERT,
        **known,
    )
    join_alert(row, incident, actor=actor)
    return incident


@steadily
def declare_by_route(alert_id: int, *, severity_id: int, route_id: int) -> Incident | None:
    """Make an alert an incident that waits in triage, as its route says (R023); or part of one that is open.

    That is the open one of its service; of what belongs to no service, the one that the same route declared, or into
    which that was merged. So a storm is one incident. Who has the alert already commands. While nobody has taken the
    incident a worse level counts.
    None where the alert is over, or was removed.
    """
    alert = Alert.objects.select_for_update(of=("self",)).filter(pk=alert_id).first()
    severity = Severity.objects.filter(pk=severity_id).first()
    if alert is None or severity is None or alert.status == "resolved" or alert.incident_id is not None:
        return alert.incident if alert else None
    with connection.cursor() as cursor:
        about = f"declare-{'service' if alert.service_id else 'route'}-{alert.service_id or route_id}"
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [about])
    incident = _open_for(alert, route_id)
    if incident is None:
        incident = lifecycle.declare(
            title=alert.title[:LONGEST_TITLE],
            actor=alert.acknowledged_by,
            severity=severity,
            services=Service.objects.filter(pk=alert.service_id) if alert.service_id else (),
            trigger=Trigger.ALERT,
            started_at=alert.started_at or alert.first_at,
            detected_at=alert.first_at,
            acknowledged_at=alert.acknowledged_at,
            summary=alert.description,
        )
        lifecycle.add_entry(
            incident,
            kind=EntryKind.NOTE,
            text="Declared by a route, for its alert.",
            data={"route": route_id},
        )
    elif incident.status == Status.TRIAGE and severity.rank < incident.severity.rank:
        lifecycle.change_severity(
            incident, severity=severity, reason=f"An alert came that is worse: {alert.title}", actor=None
        )
    join_alert(alert, incident, actor=None)
    return incident


def _open_for(alert: Alert, route_id: int) -> Incident | None:
    """The oldest open incident that an alert belongs to; never a private one, of which others may not know."""
    known = Incident.objects.active().filter(private=False, drill=False).select_related("severity")
    if alert.service_id:
        return known.filter(services=alert.service_id).order_by("pk").first()
    made = Incident.objects.filter(timeline__kind=EntryKind.NOTE, timeline__data__route=route_id)
    by_route = known.filter(Q(pk__in=made, services=None) | Q(pk__in=ties.survivors(made)))
    return by_route.order_by("pk").first()


def join_alert(alert: Alert, incident: Incident, *, actor: User | None) -> None:
    """Make an alert part of an incident in the caller's transaction; a person who does that has it."""
    if alerts.attach_alerts([alert.pk], incident_id=incident.pk, actor=actor):
        lifecycle.add_entry(
            incident,
            kind=EntryKind.ALERT,
            text=f"Alert: {alert.title}",
            at=alert.first_at,
            data={"alert": alert.pk, "links": rules.web_links(alert.links)},
        )
        _admit_who_took_it(alert, incident)
    alert.incident = incident
    if actor is not None and alert.status != "resolved":
        acknowledge(alert=alert, actor=actor)


def _admit_who_took_it(alert: Alert, incident: Incident) -> None:
    """Let those who acknowledged an alert take part; what happened to it comes onto the timeline by its event."""
    if incident.private:  # Whom it may be seen by is said by its own people alone.
        return
    pages = Page.objects.filter(escalation__alert=alert, user__isnull=False, acknowledged_at__isnull=False)
    people = {page.user for page in pages.select_related("user")} | {alert.acknowledged_by}
    for person in people:
        if person is not None:
            lifecycle.join(incident, user=person)


@steadily
def declare_page(page: Page, *, actor: User) -> Incident:
    """Acknowledge a page and make what it is about an incident; what belongs to one already gives that one."""
    if page.escalation_id is None:
        raise NothingToDo("A test page is about nothing.")
    row = Escalation.objects.select_related(*queries.RELATED).get(pk=page.escalation_id)
    if (incident := queries.incident_of(row)) is None:
        incident = declare_alert(row.alert, actor=actor) if row.alert else _declare_words(row, actor)
    page.escalation = Escalation.objects.select_related(*queries.RELATED).get(pk=row.pk)
    acknowledge(page=page, actor=actor)
    return incident


def _declare_words(escalation: Escalation, actor: User) -> Incident:
    """Make the words of a page by hand an incident, once."""
    row = Escalation.objects.select_for_update(of=("self",)).get(pk=escalation.pk)
    if row.incident is not None:
        return row.incident
    title = queries.title(escalation)[:LONGEST_TITLE]
    incident = lifecycle.declare(title=title, actor=actor, summary=row.message, detected_at=row.started_at)
    Escalation.objects.filter(pk=row.pk).update(incident=incident)
    return incident
