"""The sample company, built by the same operations that people use. It is seeded once and marked by its team."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from config.demo import mitigations, runbooks, services, story
from config.demo.people import BERLIN, PEOPLE, PHONES, TEAMS, TESTED
from core.accounts.models import Membership, Role, Team, TeamRole, User
from core.channels import secrets as seals
from core.outbox import sealing
from incidents.audiences import operations as audiences
from incidents.audiences.models import AudienceList
from incidents.audiences.operations import Who
from incidents.command import operations as commanding
from oncall.alerts import operations as alerts
from oncall.alerts.models import Urgency
from oncall.escalation import operations as escalation
from oncall.escalation.rules.plans import Kind, LevelSpec, TargetSpec
from oncall.lookahead import operations as lookahead
from oncall.paging.models import ContactMethod, NotificationRule, Page, PageStatus
from oncall.routing import operations as routing
from oncall.schedules import operations as schedules
from oncall.schedules.models import Schedule, ScheduleVersion
from statuspage.components import operations as components
from statuspage.components.models import Component, StatusPage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from incidents.catalog.models import Service
    from oncall.models import Policy

PUSH_SERVER = "https://push.example.com"

COMPONENTS = (
    ("Card payments", "payments-api"),
    ("Checkout", "checkout"),
    ("Wallet payments", None),
    ("Search", "search"),
    ("Sign-in and dashboard", "auth"),
    ("API and webhooks", "webhooks"),
    ("Invoices", "billing-worker"),
)


@dataclass(slots=True)
class Company:
    """What was made, by the names that the story uses."""

    people: dict[str, User] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    schedules: dict[str, Schedule] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    key: str = ""

    @property
    def curl(self) -> str:
        """A line to paste that sends a test alert."""
        body = (
            '{"title": "Checkout API error rate above 5%", "severity": "critical", '
            '"description": "About 3 in 10 card payments fail.", "labels": {"service": "payments-api"}}'
        )
        return (
            f"curl -X POST {settings.BASE_URL}/integrations/v1/generic/{self.key}/"
            f" -H 'Content-Type: application/json' -d '{body}'"
        )


def exists() -> bool:
    """Say whether the sample company is there already."""
    return (
        Team.objects.filter(slug="payments").exists()
        and User.objects.filter(email="admin@example.com").exists()
    )


@transaction.atomic
def build() -> Company:
    """Make all of it, or nothing."""
    company = Company()
    _people(company)
    _services(company)
    _schedules(company)
    _policies(company)
    _ways_in(company)
    _status_page(company)
    _audiences(company)
    _commanders(company)
    story.tell(company)
    return company


def _commanders(company: Company) -> None:
    """Four were trained to command."""
    for first, note in (
        ("marta", "Game day in May"),
        ("tomas", "Game day in May"),
        ("aiko", "Game day in September"),
        ("jonas", "Shadowed two incidents in October"),
    ):
        commanding.put_in(company.people[first], actor=company.people["lena"], note=note)


def _people(company: Company) -> None:
    for slug, name in TEAMS.items():
        company.teams[slug] = Team.objects.create(slug=slug, name=name)
    company.passwords = {
        sample.email.split("@")[0]: settings.DEMO_PASSWORD or secrets.token_urlsafe(12) for sample in PEOPLE
    }
    # Hashing is slow on purpose and most of all that is done here: every processor takes a share.
    with ThreadPoolExecutor() as pool:
        hashes = list(pool.map(make_password, company.passwords.values()))
    for sample, hashed in zip(PEOPLE, hashes, strict=True):
        first = sample.email.split("@")[0]
        user = User.objects.create(
            email=sample.email, password=hashed, name=sample.name, role=sample.role, time_zone=sample.zone
        )
        part = TeamRole.MANAGER if sample.role == Role.MANAGER else TeamRole.MEMBER
        for slug in sample.teams:
            Membership.objects.create(user=user, team=company.teams[slug], role=part)
        tested_at = timezone.now() - timedelta(days=TESTED[first]) if first in TESTED else None
        _reach(user, tested_at)
        if first in PHONES:
            _give_phone(user, tested_at)
        if tested_at:
            _note_test(user, tested_at)
        company.people[first] = user


def _reach(user: User, tested_at: datetime | None) -> None:
    """Everybody is reached at the e-mail they sign in with, at once."""
    method = ContactMethod.objects.create(
        user=user,
        channel="email",
        address=user.email,
        label="Work e-mail",
        verified_at=Now(),
        last_ok_at=tested_at,
    )
    for urgency in Urgency.values:
        NotificationRule.objects.create(user=user, method=method, urgency=urgency, delay_seconds=0)


def _give_phone(user: User, tested_at: datetime | None) -> None:
    """Give somebody a second way to be reached, which stands in when mail fails. Its server does not exist."""
    ContactMethod.objects.create(
        user=user,
        channel="gotify",
        address=sealing.stored(PUSH_SERVER),
        address_lookup=seals.lookup("gotify", PUSH_SERVER),
        secret=seals.seal(secrets.token_urlsafe(12)),
        label="Phone",
        verified_at=Now(),
        last_ok_at=tested_at,
    )


def _note_test(user: User, at: datetime) -> None:
    """Let somebody have acknowledged a test page a minute after it was sent."""
    answered = at + timedelta(minutes=1)
    Page.objects.create(
        user=user,
        why="You asked for a test page.",
        message="Test page",
        nonce=secrets.token_hex(8),
        status=PageStatus.ACKNOWLEDGED,
        planned_at=at,
        created_at=at,
        sent_at=at,
        acknowledged_at=answered,
        ended_at=answered,
    )


def _services(company: Company) -> None:
    company.services = services.make(company.teams)
    mitigations.think(company.services)
    runbooks.write(company.people, company.teams, company.services)


def _schedules(company: Company) -> None:
    monday = _monday(weeks_ago=12)
    crews = {
        "payments": ("Payments primary", "payments", ["priya", "tomas", "marta", "noah"]),
        "payments-secondary": ("Payments secondary", "payments", []),
        "platform": ("Platform", "platform", ["aiko", "samir"]),
        "database": ("Database", "database", ["elif", "jonas"]),
        "command": ("Incident command", "platform", ["lena", "admin"]),
    }
    for slug, (name, team, people) in crews.items():
        layers = [_weekly("Primary", monday, [company.people[person] for person in people])] if people else []
        terms = None if people else schedules.Terms(stands_behind=company.schedules["payments"], offset=2)
        if slug == "platform":
            layers.append(_weekend_nights(monday, [company.people["samir"], company.people["aiko"]]))
        made = schedules.create(
            name=name,
            slug=slug,
            time_zone=BERLIN,
            team=company.teams[team],
            layers=layers,
            terms=terms,
            actor=None,
        )
        company.schedules[slug] = made
        # A small company knows that it is small: it is told of what is worse than that.
        lookahead.set_limits(
            made, people=len(people) or 4, days=7, rest_hours=11, actor=company.people["admin"]
        )
    Schedule.objects.update(created_at=monday)
    ScheduleVersion.objects.update(effective_from=monday)
    saturday = (timezone.now() + timedelta(days=7 - timezone.now().weekday() + 5)).replace(
        hour=9, minute=0, second=0, microsecond=0
    )
    schedules.add_override(
        company.schedules["platform"],
        start=saturday,
        end=saturday + timedelta(hours=10),
        user=company.people["samir"],
        reason="Aiko is at a wedding",
        actor=company.people["aiko"],
    )


def _monday(*, weeks_ago: int) -> datetime:
    today = timezone.now().date()
    monday = today - timedelta(days=today.weekday() + 7 * weeks_ago)
    return datetime.combine(monday, time(8), UTC)


def _weekly(name: str, start: datetime, people: Sequence[User]) -> schedules.LayerSpec:
    return schedules.LayerSpec(
        name=name, start=start, handoff_at=time(9), weekday=0, participants=[[person] for person in people]
    )


def _weekend_nights(start: datetime, people: Sequence[User]) -> schedules.LayerSpec:
    return schedules.LayerSpec(
        name="Friday and Saturday nights",
        start=start,
        handoff_at=time(9),
        weekday=0,
        participants=[[person] for person in people],
        restrictions=[(4, time(22), time(6)), (5, time(22), time(6))],
    )


def _policies(company: Company) -> None:
    def watch(slug: str) -> TargetSpec:
        return TargetSpec(Kind.SCHEDULE, company.schedules[slug].pk)

    lena = TargetSpec(Kind.USER, company.people["lena"].pk)
    plans: dict[str, tuple[str, str, list[tuple[TargetSpec, ...]]]] = {
        "payments": ("Payments standard", "payments", [(watch("payments"),), (watch("payments-secondary"),), (watch("command"), lena)]),
        "platform": ("Platform standard", "platform", [(watch("platform"),), (watch("command"),)]),
        "database": ("Database standard", "database", [(watch("database"),), (watch("platform"),), (watch("command"),)]),
    }  # fmt: skip
    for slug, (name, team, levels) in plans.items():
        company.policies[slug] = escalation.create_policy(
            name=name,
            slug=slug,
            team=company.teams[team],
            repeat=2,
            is_default=slug == "platform",
            levels=[LevelSpec(300, targets) for targets in levels],
            actor=None,
        )
    for service in company.services.values():
        routing.set_service_policy(service, policy=company.policies[service.team.slug])


def _ways_in(company: Company) -> None:
    admin = company.people["admin"]
    _, company.key = alerts.create_integration(kind="generic", name="Anything that speaks JSON", actor=admin)
    alerts.create_integration(kind="alertmanager", name="Prometheus production", actor=admin)
    alerts.create_integration(
        kind="pagerduty",
        name="Legacy PagerDuty senders",
        actor=admin,
        service=company.services["payments-api"],
    )
    routing.create_route(
        actor=admin,
        name="Payments by team label",
        match=[{"label": "team", "op": "equals", "value": "payments"}],
        service=company.services["payments-api"],
    )


def _audiences(company: Company) -> None:
    people, teams = company.people, company.teams
    on_it = {
        "stakeholders": [
            Who(user=people["lena"]),
            Who(user=people["viewer"]),
            Who(email="sales@alderpay.example"),
        ],
        "support": [Who(email="support@alderpay.example"), Who(team=teams["payments"])],
        "executives": [Who(user=people["admin"]), Who(email="board@alderpay.example")],
        "customers": [Who(email="key-accounts@alderpay.example")],
    }
    for slug, members in on_it.items():
        row = AudienceList.objects.get(slug=slug)
        audiences.change(row, members=members, actor=people["admin"])


def _status_page(company: Company) -> None:
    page: StatusPage = components.create_page(
        actor=None,
        name="Alder Pay",
        slug="alder-pay",
        time_zone=BERLIN,
        support_url="https://support.example.com",
    )
    for name, slug in COMPONENTS:
        components.add_component(
            page, actor=None, name=name, service=company.services[slug] if slug else None
        )
    long_ago = timezone.now() - timedelta(days=400)
    StatusPage.objects.filter(pk=page.pk).update(created_at=long_ago)
    Component.objects.filter(page=page).update(created_at=long_ago, updated_at=long_ago)
