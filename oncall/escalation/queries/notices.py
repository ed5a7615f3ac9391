"""What a page says: what the outbox asks before it sends."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings

from core.clock import now
from core.outbox.registry import Content
from incidents.lifecycle.rules import ACTIVE
from oncall.alerts.models import Status as AlertStatus
from oncall.escalation.models import Escalation, EscalationStatus
from oncall.escalation.queries.asking import RELATED, next_up
from oncall.paging import queries as paging
from oncall.paging import rules as words
from oncall.paging import tokens
from oncall.paging.models import Page
from oncall.paging.rules import About, Notice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.outbox.models import Message
    from incidents.lifecycle.models import Incident

FRESH = timedelta(seconds=20)
"""A message that is sent so soon after it was written says what it was written with."""


def notice(escalation: Escalation, *, at: datetime) -> Notice:
    """Give what an escalation, read with its alert and incident, has to say to whoever is paged."""
    alert, incident = escalation.alert, incident_of(escalation)
    by = str(escalation.started_by) if escalation.by_hand and escalation.started_by else ""
    private = incident is not None and incident.private
    return Notice(
        about=About.ALERT if alert else About.INCIDENT if incident else About.MESSAGE,
        title=title(escalation),
        urgency=escalation.urgency,
        service=alert.service.name if alert and alert.service else "",
        label=incident.severity.label if incident else "",
        reference=str(incident) if incident else "",
        summary=summary(escalation),
        by=by,
        message=escalation.message,
        since=(alert.started_at or alert.first_at) if alert else incident.started_at if incident else None,
        asked_at=at,
        private=private,
        data=_data(escalation, incident),
    )


def incident_of(escalation: Escalation) -> Incident | None:
    """Give the incident that an escalation is about, by itself or through its alert."""
    return escalation.incident or (escalation.alert.incident if escalation.alert else None)


def title(escalation: Escalation) -> str:
    """Give what is wrong in one line."""
    if escalation.alert:
        return escalation.alert.title
    return escalation.incident.title if escalation.incident else escalation.message.split("\n", 1)[0]


def summary(escalation: Escalation) -> str:
    """Give what is wrong in the source's or the incident's own words."""
    if escalation.alert:
        annotations = escalation.alert.annotations
        said = (
            annotations.get("summary") or annotations.get("description")
            if isinstance(annotations, dict)
            else ""
        )
        text = escalation.alert.description or str(said or "")
        return "" if text.strip() == escalation.alert.title.strip() else text
    return escalation.incident.impact or escalation.incident.summary if escalation.incident else ""


def _data(escalation: Escalation, incident: Incident | None) -> dict[str, object]:
    alert = escalation.alert
    return {
        "alert": None
        if alert is None
        else {
            "id": str(alert.pk),
            "title": alert.title,
            "service": alert.service.slug if alert.service else None,
            "labels": alert.labels,
            "url": f"{settings.BASE_URL}/alerts/{alert.pk}/",
        },
        "incident": None
        if incident is None
        else {
            "number": incident.number,
            "title": incident.title,
            "severity": incident.severity.slug,
            "url": f"{settings.BASE_URL}/incidents/{incident}/",
        },
        "message": escalation.message,
    }


def attention(escalation: Escalation) -> str:
    """Say why what an escalation is about needs nobody's attention any more, "" while it does."""
    alert, incident = escalation.alert, escalation.incident
    return settled(
        alert.status if alert else None, incident.status if incident else None, by_hand=escalation.by_hand
    )


def settled(alert: str | None, incident: str | None, *, by_hand: bool) -> str:
    """Say the same by the states of the alert and the incident."""
    if alert in (AlertStatus.RESOLVED, AlertStatus.SUPPRESSED):
        return f"the alert is {alert}"
    if alert == AlertStatus.ACKNOWLEDGED and not by_hand:
        return "the alert is acknowledged"
    if incident is not None and incident not in ACTIVE:
        return f"the incident is {incident}"
    return ""


def content(message: Message) -> Content:
    """Give what a page's message says: as it was written, or as things stand now when that was a while ago."""
    stored = message.content
    taken_at = message.taken_at or message.created_at  # both by the database's clock
    if taken_at - message.created_at < FRESH and message.attempts <= 1:
        return Content(
            stored["subject"],
            stored["text"],
            stored.get("html", ""),
            stored.get("url", ""),
            stored.get("data", {}),
            stored.get("thread", ""),
            stored.get("code", ""),
            stored.get("token", ""),
            stored.get("room", ""),
        )
    related = [f"escalation__{path}" for path in RELATED]
    page = Page.objects.select_related("escalation", "user", *related).get(pk=message.subject_id)
    return as_things_stand(page)


def as_things_stand(page: Page) -> Content:
    """Give what a page, read with its escalation and person, has to say at this moment."""
    said = _notice_now(page)
    text = words.compose(said)
    return Content(
        text.subject,
        text.text,
        text.html,
        said.url,
        words.data(said, page_id=page.pk),
        thread(page),
        *tokens.answers(page),
        "" if said.private else tokens.room(page),
    )


def link_of(page: Page) -> str:
    """Give the address that goes with a page, read with its escalation: its person's own, or that of the thing."""
    if page.destination_id is None or page.escalation is None:
        return tokens.url(page)
    incident = incident_of(page.escalation)
    return paging.place(page.escalation.alert_id, str(incident) if incident else "")


def told_of(page: Page, said: Notice) -> Notice:
    """Give a notice as the receiver of a page may read it: a channel that an admin opened to what is private, all of it."""
    return replace(said, private=False) if page.destination and page.destination.hears_private else said


def thread(page: Page) -> str:
    """Name what joins the messages about one thing."""
    escalation = page.escalation
    if escalation is None:
        return ""
    return f"alert-{escalation.alert_id}" if escalation.alert_id else f"escalation-{escalation.pk}"


def _notice_now(page: Page) -> Notice:
    link = link_of(page)
    if page.escalation is None:
        return words.trial(url=link)
    at = now()
    said = told_of(page, notice(page.escalation, at=at))
    zone = page.user.time_zone if page.user else "UTC"
    upcoming = next_up(page.escalation)
    said = replace(said, url=link, why=page.why, zone=zone, late=page.created_at - page.planned_at)
    if upcoming is None or upcoming.at <= at:
        return said
    others = tuple(str(user) for user in upcoming.people if user.pk != page.user_id)
    again = bool(upcoming.people) and not others
    return replace(said, wait=upcoming.at - at, until=upcoming.at, after_you=others, again=again)


def alarm_unwanted(messages: Sequence[Message]) -> dict[int, str]:
    """Say which alarms about escalations that nobody answered are no longer wanted: the guard."""
    found = Escalation.objects.in_bulk([message.subject_id for message in messages])
    return {
        message.pk: "somebody took it"
        for message in messages
        if (escalation := found.get(message.subject_id)) is None
        or escalation.status != EscalationStatus.EXHAUSTED
        or escalation.epoch != message.epoch
    }
