from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.utils import timezone

from core.outbox.models import Message
from oncall.absences import operations as absences
from oncall.lookahead import operations, queries
from oncall.lookahead.models import AheadWarning
from oncall.lookahead.rules.worries import Kind
from oncall.schedules import operations as schedules
from tests import cast

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from oncall.models import Schedule

pytestmark = pytest.mark.django_db
API = "/api/v1/on-call/ahead/"


def kinds(schedule: Schedule) -> set[Kind]:
    now = timezone.now()
    found = queries.worries_of(schedule, now)
    assert found == queries.worries(now)[schedule.pk]
    return {worry.kind for worry in found}


def test_one_schedule_and_all_of_them_say_the_same() -> None:
    bob = cast.bob()
    primary = cast.always(bob)
    cast.policy((60, [primary]))
    assert kinds(primary) == {Kind.LONG, Kind.FEW, Kind.UNREACHABLE}
    backup = cast.always(bob, "Backup")
    assert kinds(primary) == {Kind.LONG, Kind.FEW, Kind.UNREACHABLE, Kind.DOUBLE}
    # Too long are both together, and it is told of one.
    assert kinds(backup) == {Kind.FEW, Kind.UNREACHABLE, Kind.DOUBLE, Kind.UNUSED}
    now = timezone.now()
    absences.add(bob, start=now + timedelta(days=2), end=now + timedelta(days=4))
    assert Kind.AWAY in kinds(primary)


def test_an_informal_schedule_hears_of_gaps_and_reach_alone() -> None:
    bob = cast.bob()
    schedule = cast.always(bob)
    layers = schedules.specs_of(schedule.layers.all())
    schedules.save_layers(schedule, layers=layers, terms=schedules.Terms(is_informal=True), actor=None)
    cast.policy((60, [schedule]))
    assert kinds(schedule) == {Kind.UNREACHABLE}


def test_reading_all_takes_as_many_statements_for_more_schedules(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(4):
        cast.always(cast.person(f"P{number}"), f"S{number}")
    with django_assert_max_num_queries(9):
        assert len(queries.worries(timezone.now())) == 4


def test_the_managers_are_mailed_once_per_step_with_everything_in_one_mail() -> None:
    cast.ada()
    mona = cast.mona()
    schedule = cast.always(None)
    assert operations.warn() == 1
    (mail,) = Message.objects.all()
    assert (mail.address, mail.lane) == (mona.email, 2)
    assert mail.content["subject"] == (
        "Nobody is on call in Payments primary in the next 14 days. And 1 more."
    )
    assert "No escalation policy asks Payments primary." in mail.content["text"]
    assert f"/on-call/{schedule.slug}/ahead/" in mail.content["text"]
    assert operations.warn() == 0
    assert set(AheadWarning.objects.values_list("key", "days")) == {("gap@standing", 1), ("unused", 1)}


def test_what_lasts_until_its_begin_is_forgotten_is_not_mailed_again() -> None:
    cast.ada()
    schedule = cast.always(None)
    begin = timezone.now() - timedelta(days=16)
    AheadWarning.objects.bulk_create(
        AheadWarning(schedule=schedule, key=key, days=1) for key in (f"gap@{begin.isoformat()}", "unused")
    )
    assert operations.warn() == 0
    AheadWarning.objects.filter(key__startswith="gap").update(days=3)
    assert operations.warn() == 1


def test_without_a_team_the_admins_are_mailed_and_a_later_step_is_another_mail() -> None:
    ada, bob = cast.ada(), cast.bob()
    schedule = cast.always(bob)
    type(schedule).objects.update(team=None)
    assert operations.warn() == 1
    now = timezone.now()
    schedules.add_override(
        schedule, start=now + timedelta(days=2), end=now + timedelta(days=2, hours=2), user=None, actor=None
    )
    assert operations.warn() == 1
    last = Message.objects.latest("id")
    assert last.address == ada.email
    assert last.content["subject"].startswith("Nobody is on call in Payments primary from ")
    assert AheadWarning.objects.filter(days=3).count() == 1


def test_the_panel_the_page_and_the_list_show_it() -> None:
    schedule = cast.always(None)
    client = cast.sign_in(Client(), cast.vera())
    shown = "Nobody is on call in Payments primary in the next 14 days."
    for path in (
        "/on-call/-/ahead/",
        f"/on-call/{schedule.slug}/ahead/",
        f"/on-call/{schedule.slug}/-/ahead/",
    ):
        assert shown in client.get(path).content.decode()
    assert f"/on-call/{schedule.slug}/ahead/" in client.get(f"/on-call/{schedule.slug}/").content.decode()
    assert "/on-call/-/ahead/" in client.get("/on-call/").content.decode()


def test_programs_read_it_for_one_schedule_or_all() -> None:
    client = cast.caller(cast.vera())
    cast.always(None)
    cast.always(cast.bob(), "Backup")
    everything = client.get(API).json()
    assert {row["schedule"] for row in everything} == {"payments-primary", "backup"}
    first, *_ = client.get(API, {"schedule": "payments-primary"}).json()
    assert (first["kind"], first["grave"], first["users"]) == ("gap", True, [])
    assert client.get(API, {"schedule": "nowhere"}).status_code == 400
    assert client.post(API).status_code == 405


def test_managers_say_what_is_too_much_for_a_schedule() -> None:
    schedule = cast.always(cast.bob())
    cast.policy((60, [schedule]))
    mona, path = cast.sign_in(Client(), cast.mona()), f"/on-call/{schedule.slug}/ahead/"
    assert {Kind.LONG, Kind.FEW} <= kinds(schedule)
    given = {"people": 1, "days": 60, "rest_hours": 0}
    assert mona.post(f"{path}limits/", given | {"days": 0}).status_code == 400
    assert mona.post(f"{path}limits/", given).status_code == 302
    assert 'value="60"' in mona.get(path).content.decode()
    assert not {Kind.LONG, Kind.FEW} & kinds(type(schedule).objects.get())
    other = cast.sign_in(Client(), cast.carol())
    assert "What is too much" not in other.get(path).content.decode()
    assert other.post(f"{path}limits/", given).status_code == 403


def test_programs_read_and_set_what_is_too_much() -> None:
    schedule = cast.always(None)
    mona, path = cast.caller(cast.mona()), f"/api/v1/on-call/limits/{schedule.slug}/"
    assert mona.get(path).json() == {"people": 6, "days": 7, "rest_hours": 11}
    given = {"people": 4, "days": 14, "rest_hours": 8}
    assert mona.put(path, given, format="json").json() == given
    assert mona.put(path, given | {"days": 61}, format="json").status_code == 400
    assert cast.caller(cast.carol()).put(path, given, format="json").status_code == 403
    assert mona.get(path).json() == given
