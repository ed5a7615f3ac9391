"""Make an incident of what an escalation is about, with all that is known; or take one that is open already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from incidents.catalog.models import Service
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.models import EntryKind, Trigger
from oncall.alerts import operations as alerts
from oncall.alerts import rules
from oncall.alerts.models import Alert
from oncall.escalation import queries
from oncall.escalation.models import Escalation
from oncall.escalation.operations.handing import NothingToDo
from oncall.escalation.operations.rows import steadily
from oncall.escalation.operations.taking import acknowledge
from oncall.paging.models import Page

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.accounts.models import User
    from incidents.lifecycle.models import Incident
    from incidents.severities.models import Severity

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


def join_alert(alert: Alert, incident: Incident, *, actor: User) -> None:
    """Make an alert part of an incident in the caller's transaction; whoever does that has it."""
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
    if alert.status != "resolved":
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
