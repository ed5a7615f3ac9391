from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Case, Count, F, Q, Value, When
from django.shortcuts import get_object_or_404

from core.accounts.policy import Verb, can
from core.errors import Refused
from core.ui import times
from incidents.audiences import queries as audiences
from incidents.audiences import rules as telling_rules
from incidents.estimates import queries as estimates
from incidents.lifecycle.models import RoleAssignment
from incidents.lifecycle.operations import rhythm
from incidents.lifecycle.rules import Status
from incidents.subscriptions import queries as subscriptions
from incidents.updates import rules
from incidents.updates.models import BAD, Audience, Fate, Told, Update, UpdateTemplate
from incidents.updates.registry import Outlook, public_outlet
from incidents.wording import rules as tone

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from core.accounts.models import User
    from incidents.audiences.queries import Choice
    from incidents.audiences.rules import Kind, Recipient
    from incidents.lifecycle.models import Incident
    from incidents.subscriptions.models import Subscription
    from incidents.updates.registry import Preview


class NotAList(Refused):
    """An update goes to lists that hear its kind."""


def updates(user: User | AnonymousUser, incident: Incident) -> QuerySet[Update]:
    """Give the updates of an incident, newest first."""
    found = Update.objects.visible_to(user).filter(incident=incident)
    return found.select_related("author", "approved_by").order_by("-published_at", "-id")


def templates(incident: Incident, audience: str) -> list[UpdateTemplate]:
    """Give the templates for this audience and severity, those for the present stage first."""
    rows = UpdateTemplate.objects.filter(audience=audience).select_related("for_list")
    fitting = [row for row in rows if row.severity_id in (None, incident.severity_id)]
    return sorted(fitting, key=lambda row: (row.status != incident.status, row.position, row.name))


def wordings(user: User | AnonymousUser) -> QuerySet[UpdateTemplate]:
    """Give every template, by who reads it."""
    found = UpdateTemplate.objects.visible_to(user).select_related("for_list", "severity")
    return found.order_by("audience", "position", "name")


def wording(user: User | AnonymousUser, pk: int) -> UpdateTemplate:
    """Give one template; 404 where there is none."""
    return get_object_or_404(wordings(user), pk=pk)


def example(template: UpdateTemplate) -> tuple[str, list[str]]:
    """Give a template as it would read in a made-up incident, and what to look at twice in it."""
    public = template.audience == Audience.PUBLIC
    text = rules.fill(template.text, rules.EXAMPLE, public=public)
    return text, tone.hints(text, audience=template.audience, status=template.status)


def filled(
    template: UpdateTemplate, incident: Incident, *, at: datetime, next_seconds: int | None = None
) -> str:
    """Give a template's text with this incident's facts in it; times are in the zone in force."""
    public = template.audience == Audience.PUBLIC
    return rules.fill(
        template.text, facts(incident, at=at, next_seconds=next_seconds, public=public), public=public
    )


def facts(
    incident: Incident, *, at: datetime, next_seconds: int | None = None, public: bool = False
) -> dict[str, str]:
    """Give what templates may say of an incident."""
    begun = incident.started_at or incident.declared_at
    every = next_seconds or rhythm(incident)
    estimate = estimates.for_customers(incident) if public else estimates.current(incident)
    restored_by = estimate.restored_at if estimate else None
    following = at + timedelta(seconds=every) if every else None
    return {
        "title": incident.title,
        "severity": str(incident.severity),
        "services": "" if public else ", ".join(service.name for service in incident.services.all()),
        "started": times.full(begun),
        "status": incident.status,
        "impact": incident.impact,
        "hypothesis": incident.hypothesis,
        "next_decision": incident.next_decision,
        "recent_changes": incident.recent_changes,
        "commander": "" if public else commander(incident),
        "next_update": times.full(following) if following else "",
        "restored_by": times.full(restored_by) if restored_by else "",
        "duration": times.words(((incident.resolved_at or at) - begun).total_seconds()),
        "link": f"{settings.BASE_URL}/incidents/{incident}/",
    }


def commander(incident: Incident) -> str:
    """Name who commands; empty where nobody does."""
    held = RoleAssignment.objects.filter(incident=incident, ended_at=None, role__is_commander=True)
    found = held.select_related("user").first()
    return str(found.user) if found else ""


def choices_of_next(incident: Incident) -> list[int]:
    """Give the spans offered until the next update, in seconds, no longer than the rhythm; the rhythm itself last."""
    every = rhythm(incident)
    spans = [300, 600, 900, 1800, 3600, 7200]
    return [*(span for span in spans if span < every), every] if every else spans


@dataclass(frozen=True, slots=True)
class Telling:
    """Whom an update goes to: the lists it may go to, and those it does."""

    kind: Kind
    choices: Sequence[Choice]
    chosen: Sequence[Choice]
    was_told: bool = False

    @property
    def recipients(self) -> list[Recipient]:
        """Give everybody who is told, once."""
        return audiences.recipients(self.chosen)

    @property
    def slugs(self) -> list[str]:
        return [choice.row.slug for choice in self.chosen]

    def only(self, slugs: Collection[str]) -> Telling:
        """Give the same with these lists ticked."""
        chosen = [each for each in self.choices if each.row.slug in slugs]
        return Telling(self.kind, self.choices, chosen, self.was_told)

    @property
    def words(self) -> str:
        """Say how many are told, "" for nobody."""
        return telling_rules.counted(*telling_rules.count(self.recipients))

    @property
    def button(self) -> str:
        """Say on the button who will be told."""
        only = self.chosen[0].row.name if len(self.chosen) == 1 else ""
        return telling_rules.button(self.recipients, named=only)

    @property
    def promise(self) -> str:
        """Name what the button says: by this it is known whether it still holds when it is pressed."""
        return f"{self.kind}: {self.button}"

    @property
    def too_soon(self) -> list[Choice]:
        """Give the lists that were told a moment ago."""
        return [choice for choice in self.chosen if choice.too_soon]


def telling(
    incident: Incident,
    *,
    audience: str,
    status: str,
    no_news: bool = False,
    lists: Sequence[str] | None = None,
    actor: User | None,
    at: datetime,
) -> Telling:
    """Give whom an update would go to now: the `lists` named by their slugs, else as it is configured."""
    earlier = _earlier(incident).get(audience, [])
    kind = _kind(earlier, status, no_news=no_news)
    found = _choices(incident, earlier, kind, audience=audience, actor=actor, at=at)
    if lists is None:
        return found
    known = {choice.row.slug for choice in found.choices}
    if unknown := set(lists) - known:
        raise NotAList(f"No list “{min(unknown)}” hears {audience} updates.")
    return found.only(lists)


Earlier = list[tuple["datetime", list[str]]]


def _earlier(incident: Incident) -> dict[str, Earlier]:
    """Give when whom was told of an incident, by audience, the first first."""
    found: dict[str, Earlier] = {audience: [] for audience in Audience.values}
    rows = Update.objects.filter(incident=incident).order_by("published_at")
    for audience, published, names in rows.values_list("audience", "published_at", "lists"):
        found[audience].append((published, names))
    return found


def _kind(earlier: Earlier, status: str, *, no_news: bool = False) -> Kind:
    is_over = status in {Status.RESOLVED, Status.CLOSED}
    return telling_rules.kind_of(is_first=not earlier, no_news=no_news, is_over=is_over)


def _choices(
    incident: Incident,
    earlier: Earlier,
    kind: Kind,
    *,
    audience: str,
    actor: User | None,
    at: datetime,
    known: audiences.Everybody | None = None,
    mailed: Sequence[Subscription] | None = None,
) -> Telling:
    told_at = {name: published for published, names in earlier for name in names}
    found = audiences.choices(
        incident, audience=audience, kind=kind, actor=actor, told_at=told_at, at=at, known=known
    )
    found += subscriptions.choice(incident, audience=audience, kind=kind, actor=actor, rows=mailed)
    return Telling(kind, found, [choice for choice in found if choice.is_told], bool(earlier))


def tellings(
    incident: Incident, *, status: str, actor: User | None, at: datetime
) -> tuple[dict[str, Telling], tuple[str, ...]]:
    """Give whom an update to each audience would go to, as it is configured, and the first names of who takes part."""
    known, earlier = audiences.everybody(incident, actor), _earlier(incident)
    mailed = subscriptions.subscribed(incident, actor)
    return {
        audience: _choices(
            incident,
            said,
            _kind(said, status),
            audience=audience,
            actor=actor,
            at=at,
            known=known,
            mailed=mailed,
        )
        for audience, said in earlier.items()
    }, tuple(person.get_short_name() for person in known.taking_part)


def told(user: User | AnonymousUser, incident: Incident) -> QuerySet[Told]:
    """Give everybody whom the updates of an incident went to, in the order in which they were told.

    `shown` is what each is called and `said` what was answered; who does not respond reads no address of others in it.
    """
    found = Told.objects.visible_to(user).filter(update__incident=incident).order_by("update", "pk")
    if can(user, Verb.RESPOND):
        return found.annotate(shown=F("name"), said=F("detail"))
    outside = Q(user=None, room=None)
    return found.annotate(
        shown=Case(When(outside, then=Value(telling_rules.OUTSIDE)), default=F("name")),
        said=Case(When(outside, then=Value("")), default=F("detail")),
    )


@dataclass(frozen=True, slots=True)
class Tally:
    """How many an update went to, and how many it did not reach."""

    people: int
    rooms: int
    waiting: int
    bad: int

    @property
    def words(self) -> str:
        return telling_rules.counted(self.people, self.rooms)


def tallies(ids: Sequence[int]) -> dict[int, Tally]:
    """Give for updates by their ids how many they went to."""
    if not ids:
        return {}
    rows = (
        Told.objects.filter(update__in=ids)
        .values("update")
        .annotate(
            people=Count("pk", filter=Q(room=None)),
            rooms=Count("pk", filter=Q(room__isnull=False)),
            waiting=Count("pk", filter=Q(state=Fate.PENDING)),
            bad=Count("pk", filter=Q(state__in=BAD)),
        )
    )
    return {row["update"]: Tally(row["people"], row["rooms"], row["waiting"], row["bad"]) for row in rows}


def outlook(incident: Incident) -> Outlook | None:
    """Give where a public update goes; None where it may not, or nothing public is installed."""
    outlet = public_outlet()
    return None if outlet is None or incident.private or incident.drill else outlet.outlook(incident)


def preview(
    incident: Incident, *, status: str, text: str, public_title: str, components: Mapping[str, str]
) -> Sequence[Preview]:
    """Show a public update as it would stand on each page."""
    outlet = public_outlet()
    if outlet is None:
        return ()
    return outlet.preview(
        incident, status=status, text=text, public_title=public_title, components=components
    )


def debtors(incident: Incident, *, overdue: bool) -> list[User]:
    """Give who owes the next update: communications, else the commander; once overdue both."""
    held = RoleAssignment.objects.filter(incident=incident, ended_at=None, user__is_active=True)
    by_role: dict[str, User] = {}
    for row in held.select_related("user", "role"):
        by_role.setdefault("commander" if row.role.is_commander else row.role.slug, row.user)
    found = [by_role[slug] for slug in ("communications", "commander") if slug in by_role]
    return list(dict.fromkeys(found if overdue else found[:1]))
