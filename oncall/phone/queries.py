"""Everything that the page on a phone shows, for whoever has its address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import Http404

from core.accounts.models import User
from core.accounts.policy import Verb, can
from incidents.catalog.models import ServiceLink
from incidents.changes import queries as changes
from incidents.lifecycle.models import Incident
from incidents.severities import queries as severities
from oncall.alerts.models import Alert
from oncall.escalation import queries as escalations
from oncall.paging import queries as paging
from oncall.paging import tokens
from oncall.paging.models import Page, PageStatus
from oncall.paging.rules import Over
from oncall.phone import rules

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from core.outbox.models import Message
    from incidents.catalog.models import Service
    from incidents.changes.queries import Before
    from incidents.severities.models import Severity
    from oncall.escalation.models import Escalation
    from oncall.escalation.queries import NextUp
    from oncall.phone.rules import State

MOST_CHANGES = 3
MOST_RELATED = 5
PLAIN_LABELS = 12
MOST_LINES = 200
_LINE = (
    "user",
    "escalation__alert__service",
    "escalation__alert__incident",
    "escalation__incident",
    "escalation__acknowledged_by",
    "escalation__started_by",
)


@dataclass(frozen=True, slots=True)
class Link:
    """Somewhere to look; `kind` is runbook, dashboard or another word."""

    kind: str
    label: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """The page on a phone. `hidden` tells nothing of a private incident to whoever only has the address."""

    page: Page
    state: State
    actor: User
    signed_in: bool
    hidden: bool
    title: str
    impact: str
    value: str
    since: datetime | None
    escalation: Escalation | None
    alert: Alert | None
    incident: Incident | None
    service: Service | None
    upcoming: NextUp | None
    next_people: tuple[User | escalations.Told, ...]
    undo_until: datetime | None
    labels: tuple[tuple[str, str], ...] = ()
    links: tuple[Link, ...] = ()
    changes: tuple[Before, ...] = ()
    related: tuple[Alert, ...] = ()
    others: tuple[Page, ...] = ()
    acked: tuple[User, ...] = ()
    acknowledged_at: datetime | None = None
    asks_again_at: datetime | None = None
    declares: Severity | None = None

    @property
    def waits(self) -> bool:
        """Whether it still needs somebody."""
        return self.state in rules.NOBODYS

    @property
    def by_hand(self) -> bool:
        """Whether somebody asks for this very person, who can decline."""
        return self.escalation is not None and self.escalation.by_hand

    @property
    def epoch(self) -> int:
        """What makes two presses of one button one press."""
        return self.escalation.epoch if self.escalation else 0

    @property
    def wait_seconds(self) -> float:
        """How long the count-down runs in all."""
        return (self.upcoming.at - self.page.planned_at).total_seconds() if self.upcoming else 0.0

    @property
    def took_seconds(self) -> float:
        """From the page's first message to the acknowledgement."""
        at = self.acknowledged_at or self.page.acknowledged_at
        return max(0.0, (at - self.page.sent_at).total_seconds()) if at and self.page.sent_at else 0.0

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the person who is paged, in which the page's times are."""
        assert self.page.user is not None  # noqa: S101 - a page with an address has a person
        return _zone(self.page.user)

    @property
    def runbook(self) -> Link | None:
        """The first runbook."""
        return next((link for link in self.links if link.kind == "runbook"), None)


def _zone(user: User) -> ZoneInfo:
    try:
        return ZoneInfo(user.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def find(token: str, viewer: User | AnonymousUser) -> Screen:
    """Give what an address shows; 404 where it was not made here, its person left, or it ended long ago."""
    page = paging.by_token(token)
    if page is None or page.user is None or not page.user.is_active:
        raise Http404
    at = escalations.now()
    facts = facts_of(page)
    if rules.is_gone(facts, now=at):
        raise Http404
    return _screen(page, facts, viewer, at)


@dataclass(frozen=True, slots=True)
class Line:
    """A page of a digest: what it is about, as far as its reader may know, how it stands, and its own address."""

    page: Page
    title: str
    service: Service | None
    state: State
    token: str

    @property
    def waits(self) -> bool:
        """Whether it still needs somebody."""
        return self.state in rules.NOBODYS


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestScreen:
    """What is in a digest, those that wait first. `rest` says how many more there are than are shown."""

    user: User
    actor: User
    signed_in: bool
    lines: tuple[Line, ...]
    rest: int
    waiting: int

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the person it was sent to."""
        return _zone(self.user)


def find_digest(token: str, viewer: User | AnonymousUser) -> DigestScreen:
    """Give what is in a digest; 404 where it was not made here, its person left, or it is of long ago."""
    digest = paging.digest_by_token(token)
    if digest is None or digest.user is None or not digest.user.is_active:
        raise Http404
    if escalations.now() - digest.due_at > rules.GONE:
        raise Http404
    waiting = waiting_in(digest)
    others = paging.bundled(digest).exclude(pk__in=waiting.values("pk"))
    shown = [*waiting[:MOST_LINES], *others.select_related(*_LINE).order_by("-pk")[:MOST_LINES]][:MOST_LINES]
    still = waiting.count()
    return DigestScreen(
        user=digest.user,
        actor=viewer if isinstance(viewer, User) and can(viewer, Verb.RESPOND) else digest.user,
        signed_in=viewer.is_authenticated,
        lines=tuple(_line(page, viewer) for page in shown),
        rest=still + others.count() - len(shown),
        waiting=still,
    )


def waiting_in(digest: Message) -> QuerySet[Page]:
    """Give the pages of a digest that nobody has taken, the newest first."""
    open_ = paging.bundled(digest).open().filter(escalation__status__in=paging.WAITING)
    return open_.select_related(*_LINE).order_by("-pk")


def _line(page: Page, viewer: User | AnonymousUser) -> Line:
    incident = escalations.incident_of(page.escalation) if page.escalation else None
    hidden = incident is not None and incident.private and not _is_member(incident, viewer)
    alert = page.escalation.alert if page.escalation and not hidden else None
    return Line(
        page,
        _title(page, hidden=hidden),
        alert.service if alert else None,
        rules.state(facts_of(page)),
        tokens.make(page),
    )


def facts_of(page: Page) -> rules.Facts:
    """Give what decides the state of a page, read with its escalation."""
    escalation = page.escalation
    if escalation is None:
        return rules.Facts(
            status="",
            person_id=page.user_id,
            is_acknowledged=page.acknowledged_at is not None,
            ended_at=page.ended_at,
        )
    return rules.Facts(
        status=escalation.status,
        person_id=page.user_id,
        holder_id=escalation.acknowledged_by_id,
        is_declined=page.status == PageStatus.DECLINED,
        is_counted=page.user_id in escalation.acked_by,
        is_open=page.ended_at is None,
        acknowledged_at=_counted_at(page) or escalation.acknowledged_at,
        ended_at=page.ended_at if page.status == PageStatus.DECLINED else escalation.closed_at,
    )


def _counted_at(page: Page) -> datetime | None:
    """When its person acknowledged what needs several."""
    acks = page.escalation.acks if page.escalation else []
    return next((datetime.fromisoformat(ack["at"]) for ack in acks if ack["user"] == page.user_id), None)


def actor_of(page: Page, viewer: User | AnonymousUser) -> User:
    """Give who acts: the signed-in person where there is one who may, else the page's own."""
    assert page.user is not None  # noqa: S101 - a page with an address has a person
    if isinstance(viewer, User) and can(viewer, Verb.RESPOND):
        return viewer
    return page.user


def _screen(page: Page, facts: rules.Facts, viewer: User | AnonymousUser, at: datetime) -> Screen:
    escalation = page.escalation
    incident = escalations.incident_of(escalation) if escalation else None
    hidden = incident is not None and incident.private and not _is_member(incident, viewer)
    alert = escalation.alert if escalation and not hidden else None
    service = alert.service if alert else None
    upcoming = escalations.next_up(escalation) if escalation else None
    broke_at = (alert.started_at or alert.first_at) if alert else None
    return Screen(
        page=page,
        state=rules.state(facts),
        actor=actor_of(page, viewer),
        signed_in=viewer.is_authenticated,
        hidden=hidden,
        title=_title(page, hidden=hidden),
        impact="" if hidden or escalation is None else escalations.summary(escalation),
        value=_value(alert),
        since=broke_at or (escalation.started_at if escalation else page.created_at),
        escalation=escalation,
        alert=alert,
        incident=incident,
        service=service,
        upcoming=upcoming,
        next_people=upcoming.people if upcoming else _after_me(escalation, at),
        undo_until=rules.undo_until(facts, now=at),
        labels=_labels(alert),
        links=_links(alert, service),
        changes=_changes(service, broke_at),
        related=_related(alert),
        others=_others(page),
        acked=escalations.acked(escalation) if escalation else (),
        acknowledged_at=facts.acknowledged_at,
        asks_again_at=escalations.asks_again_at(alert) if alert else None,
        declares=severities.default() if escalation and incident is None else None,
    )


def _is_member(incident: Incident, viewer: User | AnonymousUser) -> bool:
    return Incident.objects.visible_to(viewer).filter(pk=incident.pk).exists()


def _title(page: Page, *, hidden: bool) -> str:
    if page.escalation is None:
        return "Test page"
    return "You are needed for a private incident" if hidden else escalations.title(page.escalation)


def _value(alert: Alert | None) -> str:
    """What was measured, where the source says so."""
    if alert is None:
        return ""
    for words in (alert.annotations, alert.labels):
        if isinstance(words, dict) and str(words.get("value") or "").strip():
            return str(words["value"]).strip()[:40]
    return ""


def _labels(alert: Alert | None) -> tuple[tuple[str, str], ...]:
    labels = alert.labels if alert is not None and isinstance(alert.labels, dict) else {}
    return tuple((str(key), str(value)) for key, value in list(labels.items())[:PLAIN_LABELS])


def _links(alert: Alert | None, service: Service | None) -> tuple[Link, ...]:
    own = [_link(link) for link in alert.links if isinstance(link, dict)] if alert else []
    known = ServiceLink.objects.filter(service=service).order_by("id") if service else []
    links = [*own, *(Link(link.kind, link.label, link.url) for link in known)]
    unique: dict[str, Link] = {}
    for link in links:
        if link.url.startswith(("http://", "https://")):
            unique.setdefault(link.url, link)
    return tuple(sorted(unique.values(), key=lambda link: link.kind != "runbook"))


def _link(link: dict[str, object]) -> Link:
    url = str(link.get("url") or link.get("href") or "")
    return Link(str(link.get("kind") or "link"), str(link.get("label") or link.get("text") or "Link"), url)


def _changes(service: Service | None, broke_at: datetime | None) -> tuple[Before, ...]:
    if service is None or broke_at is None:
        return ()
    return tuple(changes.before([service.pk], begun=broke_at, most=MOST_CHANGES))


def _related(alert: Alert | None) -> tuple[Alert, ...]:
    if alert is None or alert.service_id is None:
        return ()
    found = Alert.objects.open().filter(service=alert.service_id).exclude(pk=alert.pk)
    # Only what anybody may see: the address alone says nothing of a private incident.
    public = found.exclude(incident__private=True)
    return tuple(public.order_by("-last_at", "-pk")[:MOST_RELATED])


def _others(page: Page) -> tuple[Page, ...]:
    if page.escalation is None:
        return ()
    found = Page.objects.select_related("user").filter(escalation=page.escalation, user__isnull=False)
    asked = found.exclude(over_limit=Over.PASSED_OVER).exclude(sent_at=None, in_front__isnull=False)
    return tuple(asked.exclude(user=page.user).order_by("-id")[:MOST_RELATED])


def _after_me(escalation: Escalation | None, at: datetime) -> tuple[User, ...]:
    """Who would be asked if it were passed on now."""
    return escalations.asked_after(escalation, at=at) if escalation else ()
