"""The people of every story and the things around them, built by the same operations as the product uses.

Alice commands, Bob responds, Carol is next, Mona manages their team, Ada administers, Vera only reads, and
Mallory is not invited: she belongs to another team.
"""

from __future__ import annotations

import json
import time as clock
from datetime import UTC, datetime, time, timedelta
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

from django.contrib.auth.hashers import make_password

from core.accounts.models import Membership, Role, Team, TeamRole, User

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.test import Client
    from rest_framework.test import APIClient

    from core.outbox.models import Message
    from incidents.models import (
        Approval,
        Attachment,
        Checklist,
        CustomerReport,
        EmergencyAccess,
        Estimate,
        HandOver,
        Incident,
        IncidentField,
        Nudge,
        Observation,
        OwedWord,
        PrivateRead,
        Redaction,
        Service,
        Severity,
        Task,
        Tie,
    )
    from oncall.escalation.rules.plans import LevelSpec, TargetSpec
    from oncall.models import (
        Alert,
        Destination,
        Escalation,
        Integration,
        Page,
        Policy,
        Schedule,
        ScheduleImport,
        Shadow,
        Swap,
    )
    from statuspage.models import Component

PASSWORD = "correct horse battery staple"


def person(name: str, *, role: str = Role.RESPONDER, team: Team | None = None, zone: str = "UTC") -> User:
    """A signed-up person named `name`, a member of `team`."""
    user = User.objects.create(
        email=f"{name.lower()}@example.com",
        password=_hashed(),
        name=f"{name} Example",
        role=role,
        time_zone=zone,
    )
    if team is not None:
        part = TeamRole.MANAGER if role == Role.MANAGER else TeamRole.MEMBER
        Membership.objects.create(user=user, team=team, role=part)
    return user


@cache
def _hashed() -> str:
    # Hashing is made to be slow; anew for each person it was half of the time of all tests.
    return make_password(PASSWORD)


def team(name: str = "Payments") -> Team:
    """A team, made once per name."""
    return Team.objects.get_or_create(slug=name.lower(), defaults={"name": name})[0]


def alice() -> User:
    return person("Alice", team=team())


def bob() -> User:
    return person("Bob", team=team())


def carol() -> User:
    return person("Carol", team=team())


def mona() -> User:
    return person("Mona", role=Role.MANAGER, team=team())


def ada() -> User:
    return person("Ada", role=Role.ADMIN)


def vera() -> User:
    return person("Vera", role=Role.VIEWER)


def mallory() -> User:
    return person("Mallory", team=team("Elsewhere"))


def sign_in(client: Client, user: User) -> Client:
    """Let a client be somebody who gave their password a moment ago."""
    client.force_login(user)
    session = client.session
    session["proved_at"] = clock.time()
    session.save()
    return client


def caller(user: User, *, scopes: Sequence[str] = ("read", "write")) -> APIClient:
    """Somebody's program, with a token that reads and writes, or of other scopes."""
    from rest_framework.test import APIClient  # noqa: PLC0415 - it reads the settings

    from core.tokens import operations  # noqa: PLC0415 - models load after Django is set up

    _, secret = operations.create(user, name="test", scopes=list(scopes))
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def service(name: str = "Payments API", *, tier: int = 1) -> Service:
    """A service of the payments team."""
    from incidents.models import Service  # noqa: PLC0415 - models load after Django is set up

    return Service.objects.get_or_create(
        slug=name.lower().replace(" ", "-"), defaults={"name": name, "team": team(), "tier": tier}
    )[0]


def severity(word: str = "SEV2") -> Severity:
    """A level of the scale in force, which a flushed test database gets back first."""
    from incidents.audiences import operations as audiences  # noqa: PLC0415
    from incidents.closing import operations as closing  # noqa: PLC0415
    from incidents.lifecycle import operations as lifecycle  # noqa: PLC0415
    from incidents.nudges import operations as nudges  # noqa: PLC0415
    from incidents.owed import operations as owed  # noqa: PLC0415
    from incidents.security import operations as security  # noqa: PLC0415
    from incidents.severities import operations, queries  # noqa: PLC0415
    from incidents.tasks import operations as tasks  # noqa: PLC0415
    from incidents.updates import operations as updates  # noqa: PLC0415

    for feature in (operations, audiences, closing, lifecycle, nudges, owed, security, tasks, updates):
        feature.install_defaults()
    found = queries.find(word)
    assert found is not None, word
    return found


def status_page(*services: Service, name: str = "Alder Pay") -> list[Component]:
    """A status page with a component for each of these services, or one for none."""
    from statuspage.components import operations  # noqa: PLC0415 - models load after Django is set up

    page = operations.create_page(actor=None, name=name, slug=name.lower().replace(" ", "-"))
    known: list[Service | None] = [*services] or [None]
    return [
        operations.add_component(page, actor=None, name=each.name if each else "Checkout", service=each)
        for each in known
    ]


def owed_word(of: Incident, **given: Any) -> OwedWord:
    """A word to customers that is still owed in an incident."""
    from incidents.models import OwedWord  # noqa: PLC0415 - models load after Django is set up

    at = datetime.now(UTC)
    said = {"kind": "customers", "since": at, "due_at": at + timedelta(hours=1), **given}
    return OwedWord.objects.create(incident=of, **said)


def approval(of: Incident) -> Approval:
    """A public update that waits for a second person's yes; it is of whoever declared the incident."""
    from incidents.approvals import operations  # noqa: PLC0415 - models load after Django is set up
    from incidents.models import ApprovalRule  # noqa: PLC0415

    ApprovalRule.objects.get_or_create(audience="public", severity=None)
    assert of.declared_by is not None
    return operations.ask(of, content={"audience": "public", "text": "Cards fail."}, actor=of.declared_by)


def incident(
    title: str = "Checkout fails for some cards", *, by: User | None = None, **given: Any
) -> Incident:
    """An incident that Alice, or `by`, declared; `severity` may be a word."""
    from incidents.lifecycle import operations  # noqa: PLC0415

    level = given.pop("severity", "SEV2")
    level = severity(level) if isinstance(level, str) else level
    actor = by or User.objects.filter(email="alice@example.com").first() or alice()
    return operations.declare(title=title, actor=actor, severity=level, **given)


def attachment(
    of: Incident, *, by: User, name: str = "worker.log", content: bytes = b"out of memory\n", text: str = ""
) -> Attachment:
    from incidents.attachments import operations  # noqa: PLC0415
    from incidents.attachments.parsers import parse  # noqa: PLC0415

    file = parse(name, content, most=5_000_000)
    return operations.attach(of, files=[file], actor=by, text=text)[0]


def picture(width: int = 40, height: int = 20, kind: str = "PNG", **more: Any) -> bytes:
    """A picture of one colour, as a file of this kind."""
    from PIL import Image  # noqa: PLC0415

    out = BytesIO()
    Image.new("RGB", (width, height), "#c03030").save(out, kind, **more)
    return out.getvalue()


def tie(incident: Incident, *, by: User, reason: str = "Alike") -> Tie:
    """That an incident is related to a new one."""
    from incidents.ties import operations  # noqa: PLC0415 - models load after Django is set up

    other = operations.split(
        incident, title="Refunds are late", reason="Another queue", severity=severity("SEV3"), actor=by
    )
    return operations.relate(incident, other=other, kind="related", reason=reason, actor=by)


def estimate(of: Incident, **given: Any) -> Estimate:
    """By when it may work again: in an hour, as whoever declared it says."""
    from incidents.estimates import operations  # noqa: PLC0415 - models load after Django is set up

    assert of.declared_by is not None
    said = {"restored_at": datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1), **given}
    row = operations.estimate(of, **said, actor=of.declared_by)
    assert row is not None
    return row


def customer_report(of: Incident, **given: Any) -> CustomerReport:
    """What twelve customers report by themselves."""
    from incidents.customer_reports import operations  # noqa: PLC0415 - models load after Django is set up

    assert of.declared_by is not None
    said = {"text": "The card is declined at the last step", "count": 12, **given}
    return operations.note(of, **said, actor=of.declared_by)


def field(name: str = "Region", kind: str = "choice", *choices: str) -> IncidentField:
    """A field of incidents, made once per name."""
    from incidents.models import IncidentField  # noqa: PLC0415 - models load after Django is set up

    given = {"name": name, "kind": kind, "choices": list(choices) or ["eu", "us"]}
    return IncidentField.objects.get_or_create(slug=name.lower().replace(" ", "-"), defaults=given)[0]


def hand_over(of: Incident, *, to: User) -> HandOver:
    """Command of an incident, offered by whoever has it."""
    from incidents.command import operations  # noqa: PLC0415 - models load after Django is set up
    from incidents.lifecycle.operations import commander  # noqa: PLC0415

    return operations.offer(of, to=to, actor=commander(of) or to)


def looked_into(incident: Incident, *, by: User) -> LookedInto:
    """An emergency access of a person to an incident, a look at it, and a text that they took out of it."""
    from incidents.models import EmergencyAccess, PrivateRead, Redaction  # noqa: PLC0415 - models load after Django is set up

    at = datetime.now(UTC)
    return LookedInto(
        EmergencyAccess.objects.create(
            incident=incident, user=by, reason="Nobody answers", ends_at=at + timedelta(hours=1)
        ),
        PrivateRead.objects.create(incident=incident, user=by, way="screen", begun_at=at),
        Redaction.objects.create(incident=incident, by=by, reason="It held a password"),
    )


class LookedInto(NamedTuple):
    """What is kept of who looked into an incident."""

    emergency: EmergencyAccess
    read: PrivateRead
    redaction: Redaction


def checklist(*steps: str, name: str = "Database is slow", occasion: str = "by_hand") -> Checklist:
    """A checklist of these steps."""
    from incidents.models import Checklist, ChecklistStep  # noqa: PLC0415 - models load after Django is set up

    made = Checklist.objects.get_or_create(name=name, defaults={"occasion": occasion})[0]
    for place, title in enumerate(steps or ("Look at long queries",)):
        ChecklistStep.objects.get_or_create(checklist=made, position=place, defaults={"title": title})
    return made


def nudge(incident: Incident) -> Nudge:
    """Something that the room of an incident was told."""
    from incidents.models import Nudge  # noqa: PLC0415 - models load after Django is set up

    at = incident.declared_at
    return Nudge.objects.create(incident=incident, kind="no_progress", since=at, due_at=at)


def observation(
    text: str = "Login felt slow twice", *, by: User, service: Service | None = None
) -> Observation:
    """Something odd that a person noted."""
    from incidents.observations import operations  # noqa: PLC0415 - models load after Django is set up

    return operations.note(text=text, actor=by, service=service)


def task(
    title: str = "Roll back payments-api", *, of: Incident, by: User | None = None, **given: Any
) -> Task:
    """Something that Alice, or `by`, asks for in an incident."""
    from incidents.tasks import operations  # noqa: PLC0415 - models load after Django is set up

    actor = by or User.objects.filter(email="alice@example.com").first() or alice()
    return operations.add(of, title=title, actor=actor, **given)


def source(kind: str = "generic", *, of: Service | None = None, name: str = "") -> tuple[Integration, str]:
    """A source of signals made by Ada, with its key; everything it sends belongs to the service `of`."""
    from oncall.alerts import operations  # noqa: PLC0415

    actor = User.objects.filter(email="ada@example.com").first() or ada()
    return operations.create_integration(kind=kind, name=name or kind.capitalize(), actor=actor, service=of)


def alert(
    title: str = "Checkout API error rate above 5%",
    *,
    of: Service | None = None,
    urgency: str = "high",
    key: str = "",
    **told: Any,
) -> Alert:
    """An open alert of a generic source about a service, which nobody is asked about yet."""
    from oncall.alerts import operations  # noqa: PLC0415
    from oncall.alerts.models import Alert, Integration  # noqa: PLC0415
    from oncall.alerts.rules import Action, Entry, Parsed  # noqa: PLC0415

    known = Integration.objects.filter(kind="generic").first() or source("generic")[0]
    parsed = Parsed(action=Action.TRIGGER, dedup_key=key or title, title=title, urgency=urgency, **told)
    service_id = of.pk if of else None
    entry = Entry(signal_id=0, integration_id=known.pk, parsed=parsed, service_id=service_id, urgency=urgency)
    found = operations.record([entry])[0].alert_id
    assert found is not None
    return Alert.objects.get(pk=found)


def policy(
    *levels: tuple[int, Sequence[User | Schedule | Team | Destination | TargetSpec]] | LevelSpec,
    name: str = "Engineering",
    repeat: int = 1,
    **given: Any,
) -> Policy:
    """A policy whose levels are a time-out in seconds and whom they ask: people, schedules and teams; or as given."""
    from oncall.escalation import operations  # noqa: PLC0415
    from oncall.escalation.rules.plans import Kind, LevelSpec  # noqa: PLC0415

    specs = [
        level
        if isinstance(level, LevelSpec)
        else LevelSpec(
            level[0],
            tuple(target(whom) for whom in level[1]),
            pages_everyone=any(target(whom).kind is Kind.TEAM for whom in level[1]),
        )
        for level in levels
    ]
    return operations.create_policy(name=name, levels=specs, repeat=repeat, actor=None, **given)


def target(whom: User | Schedule | Team | Destination | TargetSpec, turn: str = "now") -> TargetSpec:
    """What a level asks: a person, a turn of a schedule, a team, or a channel that it tells."""
    from oncall.escalation.rules.plans import Kind, TargetSpec, Turn  # noqa: PLC0415
    from oncall.models import Destination  # noqa: PLC0415

    if isinstance(whom, TargetSpec):
        return whom
    kinds = {User: Kind.USER, Team: Kind.TEAM, Destination: Kind.CHANNEL}
    return TargetSpec(kinds.get(type(whom), Kind.SCHEDULE), whom.pk, str(whom), Turn(turn))


def channel(
    name: str = "#payments", *, kind: str = "room", address: str = "", of: Team | None = None
) -> Destination:
    """A channel that levels can tell, in the room of `tests.chats` unless another kind is named."""
    from oncall.destinations import operations  # noqa: PLC0415

    return operations.add(name=name, channel=kind, address=address or name, team=of, actor=None)[0]


def weekly(*people: User | None, name: str = "Payments primary", start: datetime | None = None) -> Schedule:
    """A schedule in which these people follow one another, each from Monday 9:00 UTC for a week."""
    from oncall.schedules import operations  # noqa: PLC0415

    layer = operations.LayerSpec(
        name="Weekly",
        start=start or datetime(2026, 1, 5, 9, tzinfo=UTC),
        handoff_at=time(9),
        weekday=0,
        participants=[[user] if user else None for user in people],
    )
    slug = name.lower().replace(" ", "-")
    return operations.create(name=name, slug=slug, time_zone="UTC", team=team(), layers=[layer], actor=None)


def always(user: User | None, name: str = "Payments primary") -> Schedule:
    """A schedule in which one person is on call all the time, or nobody."""
    return weekly(user, name=name)


def escalation(about: Alert | Incident, by: Policy | None, *, urgency: str = "high") -> Escalation:
    """A running escalation of an alert or an incident, whose first level is due."""
    from oncall.alerts.models import Alert  # noqa: PLC0415
    from oncall.escalation import operations  # noqa: PLC0415
    from oncall.escalation.models import Escalation  # noqa: PLC0415

    is_alert = isinstance(about, Alert)
    start = operations.Start(
        alert_id=about.pk if is_alert else None,
        incident_id=None if is_alert else about.pk,
        policy_id=by.pk if by else None,
        urgency=urgency,
    )
    return Escalation.objects.get(pk=operations.start_many([start])[0])


def paged_by(channel: str, address: str, *, secret: str = "") -> Escalation:
    """Alice is asked by this channel alone, and Bob is next; the message is still to be sent."""
    from oncall.paging.models import ContactMethod  # noqa: PLC0415

    whom = alice()
    ContactMethod.objects.create(
        user=whom, channel=channel, address=address, secret=secret, verified_at="2026-01-01T00:00Z"
    )
    return escalation(alert(), policy((600, [whom]), (600, [bob()])))


def digest(page: Page) -> Message:
    """The digest of this minute, with a page that went into it."""
    from django.db import transaction  # noqa: PLC0415

    from core.outbox import bundling  # noqa: PLC0415
    from core.outbox.models import Message, State  # noqa: PLC0415

    message = Message.objects.filter(client="oncall.page", subject_id=page.pk).earliest("id")
    Message.objects.filter(pk=message.pk).update(state=State.BUNDLED)
    with transaction.atomic():
        bundling.attach([message])
    return Message.objects.get(bundled=message)


def swap(schedule: Schedule) -> Swap:
    """Somebody asks who takes a shift of theirs in a schedule."""
    from django.utils import timezone  # noqa: PLC0415

    from oncall.schedules import queries  # noqa: PLC0415 - models load after Django is set up
    from oncall.swaps import operations  # noqa: PLC0415
    from oncall.swaps import queries as swaps  # noqa: PLC0415

    now = timezone.now()
    pk = queries.on_call([schedule.pk], now + timedelta(days=5))[schedule.pk].users[0]
    person = User.objects.get(pk=pk)
    shift = swaps.shifts_of(schedule, person, start=now, end=now + swaps.AHEAD)[-1]
    return operations.ask(schedule, beneficiary=person, keys=[shift.key], actor=person)


def shadow(schedule: Schedule) -> Shadow:
    """Somebody learns for a week from whoever is on call in a schedule."""
    from django.utils import timezone  # noqa: PLC0415

    from oncall.shadows import operations  # noqa: PLC0415 - models load after Django is set up

    now, admin = timezone.now(), User.objects.filter(role=Role.ADMIN).earliest("pk")
    trainee = User.objects.active().exclude(role=Role.VIEWER).latest("pk")
    end = now + timedelta(days=7)
    return operations.add(schedule, trainee=trainee, start=now, end=end, actor=admin)


def schedule_import() -> ScheduleImport:
    """A planned import of a schedule of Opsgenie, in whose rotation is somebody whom nobody here is."""
    from oncall.imports import operations  # noqa: PLC0415 - models load after Django is set up

    rotation = {
        "id": "r-1",
        "name": "Nights",
        "startDate": "2026-01-05T18:00:00Z",
        "type": "weekly",
        "participants": [{"type": "user", "id": "u-1", "username": "stranger@example.com"}],
    }
    timeline = {
        "_parent": {"id": "s-1"},
        "startDate": "2026-01-05T00:00:00Z",
        "endDate": "2030-01-05T00:00:00Z",
        "finalTimeline": {"rotations": [{"id": "r-1", "periods": []}]},
    }
    schedule = {"id": "s-1", "name": "Imported nights", "timezone": "Europe/Berlin", "rotations": [rotation]}
    return operations.plan(json.dumps([{"data": [schedule]}, {"data": timeline}]), actor=None)


def told_together(about: Alert) -> Message:
    """What told a channel of an alert together with others, in one message that has arrived."""
    from django.utils import timezone  # noqa: PLC0415

    from core.outbox.models import Lane, Message, State  # noqa: PLC0415
    from oncall.models import Escalation, Page  # noqa: PLC0415

    run, now = Escalation.objects.filter(alert=about).earliest("id"), timezone.now()
    room = channel("#payments-alerts", kind="slack", address="https://hooks.slack.com/services/T0/B0/x")
    page = Page.objects.create(
        escalation=run,
        destination=room,
        epoch=run.epoch,
        position=98,
        status="sent",
        planned_at=now,
        sent_at=now,
        why=f"Level 1 of {run.policy or 'the policy'}: told in the channel {room.name}.",
    )

    def arrived(key: str, client: str, subject_id: int, state: str, told: Message | None) -> Message:
        return Message.objects.create(
            key=f"{key}-{page.pk}",
            client=client,
            subject_id=subject_id,
            lane=Lane.PAGES,
            channel=room.channel,
            address=room.address,
            state=state,
            bundle_of=told,
            not_after=now,
            ended_at=now,
        )

    digest = arrived("together", "oncall.page.digest", 0, State.ACCEPTED, None)
    arrived("told", "oncall.page", page.pk, State.BUNDLED, digest)
    return digest
