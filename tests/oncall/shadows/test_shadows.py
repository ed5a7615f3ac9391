"""A trainee is paged along with those on call, and is not on call."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from core.outbox.models import Message
from core.people.directory import operations as directory
from oncall.escalation import queries as escalations
from oncall.escalation.rules.plans import Kind, TargetSpec
from oncall.models import Shadow
from oncall.schedules import operations as schedules
from oncall.schedules import queries as resolver
from oncall.shadows import operations
from tests import cast

if TYPE_CHECKING:
    from core.accounts.models import User
    from oncall.models import Schedule

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def schedule(alice: User) -> Schedule:
    layer = schedules.LayerSpec(
        name="Primary", start=datetime(2026, 1, 5, 9, tzinfo=UTC), handoff_at=time(9), participants=[[alice]]
    )
    return schedules.create(
        name="Payments", slug="payments", time_zone="UTC", team=cast.team(), layers=[layer], actor=None
    )


def asked(schedule: Schedule, at: datetime) -> tuple[tuple[int, ...], tuple[tuple[int, str], ...]]:
    """Whom the pager asks in a schedule, and how some of them came to be it."""
    target = TargetSpec(Kind.SCHEDULE, schedule.pk, schedule.name)
    found = escalations.answers([target], at=at)[target]
    return found.people, found.told


def learn(schedule: Schedule, trainee: User, **given: object) -> Shadow:
    now = timezone.now()
    span = {"start": now, "end": now + 24 * HOUR, "actor": cast.ada() if "actor" not in given else None}
    return operations.add(schedule, trainee=trainee, **{**span, **given})  # type: ignore[arg-type]


def test_the_trainee_is_paged_along_and_is_not_on_call(schedule: Schedule, alice: User, bob: User) -> None:
    now = timezone.now()
    shadow = learn(schedule, bob, reason="First week")
    tick = timedelta(microseconds=1)
    both = ((alice.pk, bob.pk), ((bob.pk, "shadows who is on call"),))
    alone = ((alice.pk,), ())
    edges = (now - HOUR, shadow.start, shadow.end - tick, shadow.end)
    assert [asked(schedule, at) for at in edges] == [alone, both, both, alone]
    assert resolver.on_call([schedule.pk], now + HOUR)[schedule.pk].users == (alice.pk,)
    assert resolver.shifts_of(bob, start=now, end=now + 24 * HOUR) == []
    said = Message.objects.get(subject_id=shadow.pk)
    assert (said.address, "First week" in said.content["text"]) == ("bob@example.com", True)
    operations.end(shadow, actor=bob)
    assert asked(schedule, timezone.now() + HOUR) == alone
    with pytest.raises(operations.Impossible, match="over already"):
        operations.end(shadow, actor=bob)


def test_they_follow_one_person_only_while_that_one_is_on_call(
    schedule: Schedule, alice: User, bob: User, carol: User
) -> None:
    now = timezone.now()
    ada = cast.ada()
    learn(schedule, bob, follows=alice, actor=ada)
    assert asked(schedule, now + HOUR)[1] == ((bob.pk, "shadows Alice Example"),)
    schedules.add_override(schedule, user=carol, start=now + 2 * HOUR, end=now + 3 * HOUR, actor=ada)
    assert asked(schedule, now + 2.5 * HOUR) == ((carol.pk,), ())
    schedules.add_override(schedule, user=bob, start=now + 4 * HOUR, end=now + 5 * HOUR, actor=ada)
    assert asked(schedule, now + 4.5 * HOUR) == ((bob.pk,), ()), "who is on call shadows nobody"
    directory.deactivate(bob, actor=ada)
    assert asked(schedule, now + HOUR) == ((alice.pk,), ())


def test_where_nobody_is_on_call_no_trainee_is_paged_alone(
    schedule: Schedule, alice: User, bob: User
) -> None:
    ada = cast.ada()
    learn(schedule, bob, actor=ada)
    directory.deactivate(alice, actor=ada)
    assert asked(schedule, timezone.now() + HOUR) == ((), ())


def test_an_escalation_asks_both_and_says_why(schedule: Schedule, alice: User, bob: User) -> None:
    from oncall.escalation.rules.plans import LevelSpec  # noqa: PLC0415
    from oncall.escalation.rules.targets import asks  # noqa: PLC0415

    learn(schedule, bob)
    target = TargetSpec(Kind.SCHEDULE, schedule.pk, schedule.name)
    known = escalations.answers([target], at=timezone.now() + HOUR)
    for round_robin, turns in ((False, ""), (True, ", by turns")):
        level = LevelSpec(60, targets=(target,), round_robin=round_robin)
        assert asks(level, known).people == (
            (alice.pk, f'on call in Payments (layer "Primary" (weekly, Monday 09:00 UTC)){turns}'),
            (bob.pk, f"shadows who is on call{turns}"),
        )


def test_what_makes_no_sense_or_is_not_theirs_is_refused(schedule: Schedule, alice: User, bob: User) -> None:
    now, ada = timezone.now(), cast.ada()
    boss = cast.person("Boss", role="manager", team=cast.team("Elsewhere"))
    for actor in (alice, bob, boss, cast.vera()):
        with pytest.raises(PermissionDenied):
            learn(schedule, bob, actor=actor)
    for wrong, words in (
        ({"start": now - 2 * HOUR, "end": now - HOUR}, "over already"),
        ({"start": now + HOUR, "end": now}, "end after it starts"),
        ({"end": now + timedelta(days=200)}, "92 days"),
        ({"follows": bob}, "themselves"),
    ):
        with pytest.raises(operations.Impossible, match=words):
            learn(schedule, bob, actor=ada, **wrong)
    with pytest.raises(operations.Impossible, match="only reads"):
        learn(schedule, cast.person("Viewer", role="viewer"), actor=ada)
    shadow = learn(schedule, bob, actor=ada)
    with pytest.raises(PermissionDenied):
        operations.end(shadow, actor=boss)


def test_screens_calendar_and_api(schedule: Schedule, alice: User, bob: User) -> None:
    manager, his = cast.sign_in(Client(), cast.mona()), cast.sign_in(Client(), bob)
    day = timezone.now() + 24 * HOUR
    body = {"trainee": bob.pk, "start": f"{day:%Y-%m-%dT09:00}", "end": f"{day:%Y-%m-%dT17:00}"}
    assert his.post("/on-call/payments/shadows/", body).status_code == 403
    wrong = manager.post("/on-call/payments/shadows/", {**body, "end": body["start"]})
    assert (wrong.status_code, "end after it starts" in wrong.content.decode()) == (422, True)
    assert manager.post("/on-call/payments/shadows/", {**body, "reason": "Learns"}).status_code == 302
    shadow = Shadow.objects.get()
    assert shadow.start == day.replace(hour=9, minute=0, second=0, microsecond=0)
    page = his.get("/on-call/payments/shadows/").content.decode()
    assert "Bob Example shadows whoever is on call" in page
    assert "Let somebody shadow" not in page
    calendar = his.get(f"/on-call/payments/?from={day:%Y-%m-%d}&view=week").content.decode()
    assert "Bob Example shadows whoever is on call: Learns" in calendar
    address = "/api/v1/schedules/payments/shadows/"
    api = cast.caller(cast.ada())
    given = {"trainee": str(bob.pk), "follows": str(alice.pk), "start": f"{day:%Y-%m-%dT%H:%M:%SZ}"}
    made = api.post(address, {**given, "end": f"{day + HOUR:%Y-%m-%dT%H:%M:%SZ}"}, format="json")
    assert (made.status_code, made.data["follows"]) == (201, str(alice.pk)), made.data
    assert len(api.get(address).data["results"]) == 2
    assert cast.caller(alice).delete(f"{address}{made.data['id']}/").status_code == 403
    assert api.delete(f"{address}{made.data['id']}/").status_code == 204
    assert his.post(f"/on-call/payments/shadows/{shadow.pk}/end/").status_code == 302
    assert api.get(address).data["results"] == []
