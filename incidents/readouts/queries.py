from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.utils import timezone

from core.accounts.policy import Verb, can
from core.ui import times
from incidents.audiences import queries as audiences
from incidents.audiences.models import Page
from incidents.customer_reports import queries as customer_reports
from incidents.estimates import queries as estimates
from incidents.lifecycle import queries as lifecycle
from incidents.lifecycle.models import EntryKind, RoleAssignment
from incidents.readouts import rules
from incidents.subscriptions import queries as subscriptions
from incidents.updates import queries as updates
from incidents.updates.models import Audience, Update
from incidents.wording import rules as wording

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from core.accounts.models import User
    from incidents.customer_reports.models import CustomerReport
    from incidents.estimates.models import Estimate
    from incidents.lifecycle.models import Incident
    from incidents.updates.models import UpdateTemplate

SHOWN = 50
MOST_DECISIONS = 5


def may_read(user: User, page: str) -> bool:
    """Say whether a person reads a page of the incidents that they may know of.

    Whoever responds reads all of them, everybody the one for stakeholders; the others are for those on a list of it.
    """
    return page == Page.STAKEHOLDERS or can(user, Verb.RESPOND) or audiences.is_on(user, page)


def get(user: User, number: int | str, page: str) -> Incident:
    """Give the incident to whoever may read this page of it; absent and invisible are the same 404."""
    incident = lifecycle.get(user, number)
    if not may_read(user, page):
        raise PermissionDenied("This page is for people on a list that reads it (Who is told).")
    return incident


@dataclass(frozen=True, slots=True)
class Word:
    """An update as those read it who do not repair."""

    at: datetime
    stage: str
    text: str
    public: bool = False


@dataclass(frozen=True, slots=True)
class Readout:
    """An incident for those who wait for its end: what is felt, where it stands, what comes next and when."""

    incident: Incident
    stands: str
    services: Sequence[str]
    estimate: Estimate | None
    doing: str
    next_steps: str
    business: str
    words: Sequence[Word]
    contact: str
    contact_role: str

    @property
    def estimate_passed(self) -> bool:
        """Whether it should have worked again by now."""
        return bool(
            self.estimate and self.estimate.restored_at and self.estimate.restored_at < timezone.now()
        )


def readout(incident: Incident, page: str) -> Readout:
    """Give what the readers of a page see; of the updates those that went to their lists, without technical detail."""
    rows = _heard(incident, page)
    latest = next((row for row in rows if not row.no_news and row.audience == Audience.INTERNAL), None)
    said = latest.fields if latest else {}
    contact, role = _contact(incident)
    return Readout(
        incident=incident,
        stands=rules.stands(incident.status, incident.outcome),
        services=[service.name for service in incident.services.order_by("name")],
        estimate=estimates.current(incident),
        doing=said.get("doing", ""),
        next_steps=said.get("next_steps", ""),
        business=said.get("business", ""),
        words=[_word(row) for row in rows],
        contact=contact,
        contact_role=role,
    )


def _heard(incident: Incident, page: str) -> list[Update]:
    names = audiences.names_of(page)
    if page == Page.STAKEHOLDERS:
        names.append(subscriptions.NAME)
    rows = Update.objects.filter(incident=incident).order_by("-published_at", "-pk")
    heard = rows.filter(lists__overlap=names, audience=Audience.INTERNAL) if names else rows.none()
    return list(heard[:SHOWN])


def _word(row: Update) -> Word:
    public = row.audience == Audience.PUBLIC
    text = row.text if public else wording.calm(row.layout, row.fields, row.text)
    return Word(row.published_at, row.status.capitalize(), text, public)


def _contact(incident: Incident) -> tuple[str, str]:
    """Name whom to ask: who has communications, else who commands."""
    held = RoleAssignment.objects.filter(incident=incident, ended_at=None)
    rows = list(held.select_related("user", "role"))
    for found in (
        next((row for row in rows if row.role.slug == "communications"), None),
        next((row for row in rows if row.role.is_commander), None),
    ):
        if found is not None:
            return str(found.user), found.role.name
    return "", ""


@dataclass(frozen=True, slots=True)
class Support:
    """What support needs beside the readout: what customers were told, agreed wording, and what they report."""

    said: Sequence[Word]
    wording: Sequence[tuple[UpdateTemplate, str]]
    reports: Sequence[CustomerReport]
    total: int
    stays_inside: bool


def support(user: User, incident: Incident) -> Support:
    """Give what support may say to customers, and what customers said."""
    inside = incident.private or incident.drill
    public = Update.objects.filter(incident=incident, audience=Audience.PUBLIC).order_by(
        "-published_at", "-pk"
    )
    at = timezone.now()
    agreed = [] if inside else updates.templates(incident, Audience.PUBLIC)
    fitting = [row for row in agreed if row.status in ("", incident.status)]
    return Support(
        said=[_word(row) for row in public[:SHOWN]],
        wording=[(row, updates.filled(row, incident, at=at)) for row in fitting],
        reports=list(customer_reports.of(user, incident)[:SHOWN]),
        total=customer_reports.total(incident),
        stays_inside=inside,
    )


def summary(incident: Incident) -> list[rules.Section]:
    """Write the executive summary from what the incident knows now."""
    found = readout(incident, Page.SUMMARY)
    said = found if found.doing or found.business else readout(incident, Page.STAKEHOLDERS)
    public = (
        Update.objects.filter(incident=incident, audience=Audience.PUBLIC).order_by("-published_at").first()
    )
    begun = incident.started_at or incident.declared_at
    end = incident.open_until or timezone.now()
    estimate = found.estimate
    return rules.summary(
        rules.Facts(
            name=str(incident),
            title=incident.title,
            severity=str(incident.severity),
            stands=found.stands,
            impact=incident.impact,
            services=found.services,
            began=times.full(begun),
            lasted=times.words((end - begun).total_seconds()),
            is_over=not incident.is_active,
            reports=customer_reports.total(incident),
            business=said.business,
            doing=said.doing,
            next_steps=said.next_steps,
            restored_by=times.full(estimate.restored_at) if estimate and estimate.restored_at else "",
            next_update=times.full(incident.next_update_due_at) if incident.next_update_due_at else "",
            ended_by=_ended(incident),
            commander=updates.commander(incident),
            decisions=_decisions(incident),
            told_customers=times.full(public.published_at) if public else "",
            risk=incident.accepted_risk.risk if incident.outcome == "accepted_risk" else "",
            postmortem=incident.severity.needs_postmortem and not incident.outcome,
        )
    )


def _ended(incident: Incident) -> str:
    found = incident.timeline.filter(kind=EntryKind.STATUS, data__new="resolved").order_by("-pk").first()
    return found.text.splitlines()[0] if found else ""


def _decisions(incident: Incident) -> list[str]:
    rows = incident.timeline.filter(kind=EntryKind.DECISION).order_by("-at", "-pk")[:MOST_DECISIONS]
    return [f"{times.plain(row.at, 'short')} {row.text}" for row in reversed(rows)]
