from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Count, OuterRef, Q, Subquery
from django.shortcuts import get_object_or_404
from django.utils import timezone

from core.accounts import queries as people
from core.accounts.models import Membership, Role, TeamRole
from core.accounts.policy import Verb, can
from incidents.board import queries as board
from incidents.catalog import models as catalog
from incidents.changes import queries as changes
from incidents.lifecycle.models import Incident, Outcome
from incidents.runbooks import queries as runbooks
from incidents.ties import queries as ties
from oncall.alerts.models import CANARY, Alert, AlertQuerySet, Signal, Status, Verdict
from oncall.escalation import queries as escalations
from oncall.escalation.models import Escalation, EscalationStatus
from oncall.escalation.rules.reach import Reach
from oncall.inbox import rules
from oncall.paging import queries as paging
from oncall.paging.models import Page
from oncall.routing.models import ServicePolicy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from core.accounts.models import User
    from incidents.board.queries import Consequences
    from incidents.changes.queries import Before
    from incidents.runbooks.models import Runbook

PAGE_SIZE = 50
IN_VAIN = (Verdict.FALSE_ALARM, Verdict.NOT_ACTIONABLE)
DAY = timedelta(days=1)

NEEDS, OPEN, SNOOZED, CLOSED = "needs", "open", "snoozed", "closed"
_OPEN = Q(status__in=[Status.TRIGGERED, Status.ACKNOWLEDGED])
TABS = {
    NEEDS: ("Needs someone", Q(status=Status.TRIGGERED, snoozed_until=None, not_paged="")),
    OPEN: ("Open", _OPEN),
    SNOOZED: ("Snoozed", _OPEN & Q(snoozed_until__isnull=False)),
    CLOSED: ("Closed", Q(status=Status.RESOLVED)),
}


@dataclass(frozen=True, slots=True)
class Tab:
    key: str
    label: str
    count: int | None


@dataclass(frozen=True, slots=True)
class Line:
    """An alert in the list, with what happens next to it."""

    alert: Alert
    escalation: Escalation | None
    asked: str


@dataclass(frozen=True, slots=True)
class Inbox:
    tabs: list[Tab]
    lines: list[Line]
    has_more: bool
    funnel: dict[str, int]


def visible(user: User) -> AlertQuerySet:
    """The alerts a person may know of, with what a line shows."""
    return Alert.objects.visible_to(user).select_related(
        "service", "integration", "incident", "acknowledged_by", "judged_by"
    )


def with_acks(rows: AlertQuerySet) -> AlertQuerySet:
    """Read alerts with how many people must acknowledge (`acks_needed`), and who of several has (`acks`)."""
    runs = Escalation.objects.filter(alert=OuterRef("pk"), by_hand=False)
    latest = runs.exclude(status=EscalationStatus.CLOSED).order_by("-generation", "-pk")
    return rows.annotate(
        acks_needed=Subquery(latest.values("acks_needed")[:1]), acks=Subquery(latest.values("acks")[:1])
    )


def inbox(user: User, *, tab: str, search: str, service: str = "", page: int = 1) -> Inbox:
    """One tab of the list, the latest first; high urgency before low while something needs someone."""
    rows = visible(user).filter(TABS[tab][1])
    if search:
        rows = rows.filter(Q(title__icontains=search) | Q(service__name__icontains=search))
    if service:
        rows = rows.filter(service__slug=service)
    order = ["urgency", "-last_at", "-id"] if tab == NEEDS else ["-last_at", "-id"]
    shown = list(rows.order_by(*order)[(page - 1) * PAGE_SIZE : page * PAGE_SIZE + 1])
    return Inbox(_tabs(user), _lines(shown[:PAGE_SIZE]), len(shown) > PAGE_SIZE, funnel(user))


def _tabs(user: User) -> list[Tab]:
    counted = (
        Alert.objects.visible_to(user)
        .filter(_OPEN)
        .aggregate(
            **{key: Count("pk", filter=condition) for key, (_, condition) in TABS.items() if key != CLOSED}
        )
    )
    return [Tab(key, label, counted.get(key)) for key, (label, _) in TABS.items()]


def _lines(alerts: Sequence[Alert]) -> list[Line]:
    live: dict[int, Escalation] = {}
    rows = Escalation.objects.filter(alert__in=[alert.pk for alert in alerts]).exclude(
        status=EscalationStatus.CLOSED
    )
    for escalation in rows.order_by("id"):
        if escalation.alert_id:
            live[escalation.alert_id] = escalation
    asked = _asked([escalation.pk for escalation in live.values()])
    return [
        Line(alert, live.get(alert.pk), asked.get(live[alert.pk].pk, "") if alert.pk in live else "")
        for alert in alerts
    ]


def _asked(escalation_ids: Sequence[int]) -> dict[int, str]:
    """The last person asked in each escalation."""
    pages = Page.objects.filter(escalation__in=escalation_ids, user__isnull=False).select_related("user")
    return {page.escalation_id: str(page.user) for page in pages.order_by("id") if page.escalation_id}


def funnel(user: User) -> dict[str, int]:
    """How many events of the last 24 hours became how many alerts, pages and incidents."""
    since = timezone.now() - DAY
    alerts = Alert.objects.visible_to(user).filter(last_at__gte=since)
    return {
        "signals": Signal.objects.filter(received_at__gte=since).exclude(integration__kind=CANARY).count(),
        "alerts": alerts.count(),
        "pages": Page.objects.filter(
            created_at__gte=since, user__isnull=False, escalation__isnull=False
        ).count(),
        "incidents": Incident.objects.visible_to(user).counted().filter(declared_at__gte=since).count(),
    }


def waiting(user: User) -> AlertQuerySet:
    """The alerts that need someone."""
    return Alert.objects.visible_to(user).filter(TABS[NEEDS][1])


@dataclass(frozen=True, slots=True)
class Snooze:
    """One of the spans in which nobody is asked, when it ends, and who is asked then."""

    span: rules.Span
    label: str
    until: datetime
    people: tuple[User, ...]


@dataclass(frozen=True, slots=True)
class Detail:
    """One alert with all that helps to decide about it."""

    alert: Alert
    escalation: Escalation | None
    next_up: escalations.NextUp | None
    ledger: list[paging.Entry]
    signals: list[Signal]
    before: int
    before_in_vain: int
    verdicts: list[tuple[str, str]]
    related: list[Alert]
    changes: list[Before]
    incidents: list[Incident]
    snoozes: list[Snooze]
    after_snooze: tuple[User, ...]
    acked: tuple[User, ...]
    asks_again_at: datetime | None
    declares: Consequences | None
    fixers: list[User]
    runbooks: list[Runbook]

    @property
    def has_more_pages(self) -> bool:
        return len(self.ledger) >= paging.MOST_SHOWN

    @property
    def reach(self) -> list[Reach]:
        """How many people each level asked, in the order in which they were asked."""
        pages = [entry.page for entry in self.ledger if entry.page.user_id is not None]
        return sorted(
            {
                Reach(page.escalation_id or 0, page.round + 1, page.level + 1, page.recipients)
                for page in pages
            }
        )

    @property
    def is_open(self) -> bool:
        return self.alert.status in (Status.TRIGGERED, Status.ACKNOWLEDGED)


def get(user: User, pk: int) -> Alert:
    """One alert; 404 where absent or not visible."""
    return get_object_or_404(visible(user), pk=pk)


def detail(user: User, alert: Alert) -> Detail:
    """Gather what the alert's page shows."""
    month = timezone.now() - timedelta(days=30)
    same = Alert.objects.filter(
        integration=alert.integration_id, dedup_key=alert.dedup_key, first_at__gte=month
    ).exclude(pk=alert.pk)
    current = escalations.current(alert=alert)
    ledger = paging.ledger(user, alert=alert)
    return Detail(
        alert=alert,
        escalation=current,
        next_up=escalations.next_up(current) if current else None,
        ledger=ledger,
        signals=_signals(alert),
        before=same.count(),
        before_in_vain=same.filter(verdict__in=IN_VAIN).count(),
        verdicts=Verdict.choices if alert.status == Status.RESOLVED and ledger else [],
        related=_related(user, alert),
        changes=_changes(alert),
        incidents=list(
            Incident.objects.visible_to(user)
            .active()
            .select_related("severity")
            .order_by("severity__rank", "pk")[:10]
        ),
        snoozes=_snoozes(alert, current),
        after_snooze=escalations.asked_first(current, at=alert.snoozed_until)
        if current and alert.snoozed_until
        else (),
        acked=escalations.acked(current) if current else (),
        runbooks=runbooks.for_alert(
            user, title=alert.title, labels=alert.labels, service_id=alert.service_id
        ),
        asks_again_at=escalations.asks_again_at(alert),
        declares=_declares(user, alert),
        fixers=fixers(user, alert) if alert.incident is None and can(user, Verb.RESPOND) else [],
    )


def fixers(user: User, alert: Alert) -> list[User]:
    """Who can put an alert's rule right, whose it is first: managers of its service's team, who made its source."""
    found = [person for person in people.people() if person.role != Role.VIEWER]
    team = alert.service.team_id if alert.service else None
    lead = Membership.objects.filter(team=team, role=TeamRole.MANAGER).values_list("user_id", flat=True)
    source = alert.integration.created_by_id if alert.integration else None
    first = [*lead.order_by("pk"), source, user.pk] if team else [source, user.pk]
    return sorted(found, key=lambda person: first.index(person.pk) if person.pk in first else len(first))


def _declares(user: User, alert: Alert) -> Consequences | None:
    """What happens when it is declared as it stands; None where that is no longer asked."""
    if alert.incident is not None or alert.status not in (Status.TRIGGERED, Status.ACKNOWLEDGED):
        return None
    return board.consequences(user, services=[alert.service] if alert.service else [])


def _snoozes(alert: Alert, escalation: Escalation | None) -> list[Snooze]:
    """What can be chosen for an alert that is open; nobody is asked after it where nobody is asked now."""
    if alert.status not in (Status.TRIGGERED, Status.ACKNOWLEDGED):
        return []
    at, zone = timezone.now(), timezone.get_current_timezone()
    ends = {span: rules.ends_at(span, at=at, zone=zone) for span in rules.Span}
    return [
        Snooze(
            span,
            rules.LABELS[span],
            until,
            escalations.asked_first(escalation, at=until) if escalation else (),
        )
        for span, until in ends.items()
    ]


def _signals(alert: Alert) -> list[Signal]:
    rows = Signal.objects.filter(
        integration=alert.integration_id,
        dedup_key=alert.dedup_key[:255],
        received_at__gte=alert.first_at - timedelta(minutes=5),
    )
    return list(rows.order_by("-id")[:5])


def _related(user: User, alert: Alert) -> list[Alert]:
    if alert.service_id is None:
        return []
    rows = Alert.objects.visible_to(user).open().filter(service=alert.service_id).exclude(pk=alert.pk)
    return list(rows.order_by("-last_at", "-pk")[:5])


def _changes(alert: Alert) -> list[Before]:
    return changes.before([alert.service_id], begun=alert.first_at, most=5) if alert.service_id else []


def of_incident(user: User, number: int) -> tuple[Incident, list[Alert]]:
    """An incident's alerts, those included that a merge took elsewhere; 404 where it is absent or not visible."""
    incident = get_object_or_404(Incident.objects.visible_to(user), number=number)
    gone = ties.carried(incident) if incident.outcome == Outcome.DUPLICATE else ()
    found = Alert.objects.visible_to(user).filter(Q(incident=incident) | Q(pk__in=gone))
    return incident, list(found.select_related("service").order_by("-last_at", "-pk")[:30])


def pages_of_incident(user: User, number: int) -> tuple[Incident, list[paging.Entry]]:
    """An incident's pages with their deliveries; 404 where it is absent or not visible."""
    incident = get_object_or_404(Incident.objects.visible_to(user), number=number)
    return incident, paging.ledger(user, incident=incident, limit=20)


@dataclass(frozen=True, slots=True)
class ServicePanel:
    """Who is woken for a service right now, and what is open."""

    ladder: escalations.Ladder | None
    alerts: list[Alert]


def service_panel(user: User, slug: str) -> ServicePanel:
    """What on-call knows of a service; 404 where it is absent."""
    service = get_object_or_404(catalog.Service, slug=slug)
    paged = ServicePolicy.objects.filter(service=service).values("policy")
    policies = escalations.policies(user)
    policy = policies.filter(pk__in=paged).first() or policies.filter(is_default=True).first()
    rows = Alert.objects.visible_to(user).open().filter(service=service).order_by("-last_at", "-pk")
    return ServicePanel(escalations.ladder(policy) if policy else None, list(rows[:10]))


def address(alert: Alert) -> str:
    """The alert's page for people."""
    return f"{settings.BASE_URL}/alerts/{alert.pk}/"


def open_pages(user: User) -> list[paging.Entry]:
    """The pages that still wait for somebody, the latest first."""
    rows = (
        paging.pages(user).open().filter(user__isnull=False, escalation__status=EscalationStatus.ESCALATING)
    )
    return paging.entries(rows.order_by("-id")[:8])
