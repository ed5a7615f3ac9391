from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from oncall.models import Override, Schedule
from oncall.schedules import operations, queries
from tests import cast
from tests.forms import as_shown

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from core.accounts.models import User

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def local(at: object) -> str:
    return f"{at:%Y-%m-%dT%H:%M}"


@pytest.mark.parametrize(
    "query", ["", "?zone=utc", "?zone=mine&from=2026-03-24", "?from=nonsense", "?from=2026-13-45"]
)
def test_the_calendar_opens_in_every_zone_and_shrugs_at_nonsense(query: str) -> None:
    schedule = cast.always(cast.alice())
    answer = signed_in(cast.bob()).get(reverse("oncall:calendar", args=[schedule.slug]) + query)
    assert answer.status_code == 200
    assert "Alice Example" in answer.content.decode()


def test_an_override_is_entered_in_the_zone_that_is_shown() -> None:
    alice, bob = cast.alice(), cast.bob()
    schedule = cast.always(alice)
    Schedule.objects.update(time_zone="Asia/Tokyo")
    start = (timezone.now() + timedelta(days=2)).replace(hour=3, minute=0, second=0, microsecond=0)
    tokyo = start + timedelta(hours=9)
    answer = signed_in(bob).post(
        reverse("oncall:add-override", args=[schedule.slug]),
        {"user": bob.pk, "start": local(tokyo), "end": local(tokyo + timedelta(hours=2)), "zone": "schedule"},
    )
    assert answer.status_code == 302
    override = Override.objects.get()
    assert (override.start, override.end, override.user, override.created_by) == (
        start,
        start + timedelta(hours=2),
        bob,
        bob,
    )


def test_an_override_that_ends_first_comes_back_with_what_was_typed() -> None:
    alice, bob = cast.alice(), cast.bob()
    schedule = cast.always(alice)
    start = timezone.now() + timedelta(days=2)
    answer = signed_in(bob).post(
        reverse("oncall:add-override", args=[schedule.slug]),
        {"user": bob.pk, "start": local(start), "end": local(start), "reason": "Train back from Hamburg"},
    )
    assert answer.status_code == 422
    assert "Train back from Hamburg" in answer.content.decode()
    assert "It has to end after it starts" in answer.content.decode()
    assert not Override.objects.exists()


def test_a_viewer_covers_nobody() -> None:
    alice = cast.alice()
    schedule = cast.always(alice)
    start = timezone.now() + timedelta(days=2)
    given = {"user": alice.pk, "start": local(start), "end": local(start + timedelta(hours=1))}
    answer = signed_in(cast.vera()).post(reverse("oncall:add-override", args=[schedule.slug]), given)
    assert answer.status_code == 403
    assert not Override.objects.exists()


def test_a_manager_of_the_team_makes_and_changes_a_schedule() -> None:
    mona, alice, bob = cast.mona(), cast.alice(), cast.bob()
    client = signed_in(mona)
    layer = {
        "layers-TOTAL_FORMS": 1,
        "layers-INITIAL_FORMS": 1,
        "layers-0-name": "Primary",
        "layers-0-every": 1,
        "layers-0-unit": "week",
        "layers-0-weekday": "0",
        "layers-0-handoff_at": "09:00",
        "layers-0-start": "2026-01-05",
        "layers-0-person_0": alice.pk,
        "layers-0-person_1": bob.pk,
    }
    about = {"name": "Search", "slug": "search", "team": cast.team().pk, "time_zone": "Europe/Berlin"}
    answer = client.post(reverse("oncall:new-schedule"), {**about, **layer})
    assert answer.status_code == 302
    schedule = Schedule.objects.get()
    (made,) = schedule.layers.all()
    assert f"{made.start:%Y-%m-%d %H:%M}" == "2026-01-05 08:00"
    assert [place.user for place in made.participants.all()] == [alice, bob]
    edit = reverse("oncall:edit-schedule", args=["search"])
    assert client.get(edit).status_code == 200
    changed = {**layer, "layers-0-person_1": "", "layers-0-kept": made.pk}
    assert client.post(edit, changed).status_code == 302
    before, after = schedule.layers.order_by("effective_from")
    assert before.effective_until == after.effective_from
    assert [place.user for place in after.participants.all()] == [alice]


def test_somebody_from_another_team_does_not() -> None:
    schedule = cast.always(cast.alice())
    client = signed_in(cast.mallory())
    assert client.get(reverse("oncall:edit-schedule", args=[schedule.slug])).status_code == 403
    assert client.get(reverse("oncall:new-schedule")).status_code == 403


def test_a_rotation_needs_somebody() -> None:
    answer = signed_in(cast.ada()).post(
        reverse("oncall:new-schedule"),
        {
            "name": "Search",
            "slug": "search",
            "time_zone": "UTC",
            "layers-TOTAL_FORMS": 1,
            "layers-INITIAL_FORMS": 1,
            "layers-0-name": "Primary",
            "layers-0-every": 1,
            "layers-0-unit": "week",
            "layers-0-handoff_at": "09:00",
            "layers-0-start": "2026-01-05",
        },
    )
    assert answer.status_code == 422
    assert "Choose who takes the first turn" in answer.content.decode()
    assert not Schedule.objects.exists()


NIGHTS = [(4, time(22), time(6)), (5, time(22), time(6))]


def night_watch(*turns: list[User] | None) -> Schedule:
    """A weekly rotation that counts on two nights of the week."""
    layer = operations.LayerSpec(
        name="Nights", start=datetime(2026, 1, 5, 9, tzinfo=UTC), handoff_at=time(9), weekday=0,
        participants=turns, restrictions=NIGHTS,
    )  # fmt: skip
    return operations.create(name="Search", slug="search", time_zone="UTC", layers=[layer], actor=None)


def in_force(schedule: Schedule) -> tuple[object, ...]:
    (layer,) = queries.layers_in_force(schedule, at=timezone.now())
    value = queries.layer_value(layer)
    return layer.pk, value.handoff, value.participants, value.restrictions


@pytest.mark.parametrize("shared", [False, True])
def test_saving_what_is_shown_changes_nothing(*, shared: bool) -> None:
    alice, bob = cast.alice(), cast.bob()
    schedule = night_watch([alice], [bob]) if not shared else night_watch([alice, bob], None, [bob])
    client, address = signed_in(cast.ada()), reverse("oncall:edit-schedule", args=["search"])
    before = in_force(schedule)
    page = client.get(address).content.decode()
    assert ("Alice Example and Bob Example" in page) is shared
    assert client.post(address, as_shown(page, action=address)).status_code == 302
    after = in_force(schedule)
    assert after[1:] == before[1:]
    assert after[0] != before[0]


def test_what_only_the_api_sets_is_kept_by_the_editor() -> None:
    alice, bob = cast.alice(), cast.bob()
    layers = [
        operations.LayerSpec(
            name=name, start=datetime(2026, 1, 5, 9, tzinfo=UTC), handoff_at=time(9), participants=[[one]],
            rank=2, time_zone=zone, counts_only_active=name == "East",
        )
        for name, one, zone in (("East", alice, "Asia/Tokyo"), ("West", bob, "America/New_York"))
    ]  # fmt: skip
    schedule = operations.create(name="Search", slug="search", time_zone="UTC", layers=layers, actor=None)
    before = operations.specs_of(queries.layers_in_force(schedule, at=timezone.now()))
    client, address = signed_in(cast.ada()), reverse("oncall:edit-schedule", args=["search"])
    given = as_shown(client.get(address).content.decode(), action=address)
    assert client.post(address, {**given, "layers-0-name": "Far East"}).status_code == 302
    after = operations.specs_of(queries.layers_in_force(schedule, at=timezone.now()))
    assert after == [
        replace(before[0], name="Far East", start=after[0].start),
        replace(before[1], start=after[1].start),
    ]
    assert who_is_on_call(schedule) == {alice.pk, bob.pk}


def who_is_on_call(schedule: Schedule) -> set[int]:
    return set(queries.on_call([schedule.pk])[schedule.pk].users)


def test_a_window_is_added_changed_and_taken_away() -> None:
    schedule = night_watch([cast.alice()])
    client, address = signed_in(cast.ada()), reverse("oncall:edit-schedule", args=["search"])
    given = as_shown(client.get(address).content.decode(), action=address)
    given |= {"layers-0-to_0": "07:30", "layers-0-from_1": "", "layers-0-to_1": "", "layers-0-day_1": ""}
    given |= {"layers-0-from_2": "12:00", "layers-0-to_2": "13:00"}
    assert client.post(address, given | {"gaps": "on"}).status_code == 302
    windows = [(window.weekday, window.start, window.end) for window in in_force(schedule)[3]]  # type: ignore[attr-defined]
    assert windows == [(4, time(22), time(7, 30)), (None, time(12), time(13))]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"layers-0-to_1": ""}, "A window needs both times"),
        ({"layers-0-from_2": "25:00"}, "Enter a valid time"),
        ({"layers-0-kept": "0"}, "Somebody changed the rotations in between"),
    ],
)
def test_an_edit_that_cannot_be_meant_saves_nothing(changes: dict[str, str], said: str) -> None:
    schedule = night_watch([cast.alice()])
    client, address = signed_in(cast.ada()), reverse("oncall:edit-schedule", args=["search"])
    before = in_force(schedule)
    answer = client.post(
        address, {**as_shown(client.get(address).content.decode(), action=address), **changes}
    )
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert in_force(schedule) == before


def test_who_saves_second_does_not_undo_what_the_first_saved() -> None:
    alice, bob = cast.alice(), cast.bob()
    schedule = night_watch([alice], [bob])
    client, address = signed_in(cast.ada()), reverse("oncall:edit-schedule", args=["search"])
    given = as_shown(client.get(address).content.decode(), action=address)
    client.post(address, {**given, "layers-0-person_0": str(bob.pk), "layers-0-person_1": ""})
    first = in_force(schedule)
    assert client.post(address, given).status_code == 422
    assert in_force(schedule) == first


def test_an_override_is_taken_back_once(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    alice, bob = cast.alice(), cast.bob()
    schedule = cast.always(alice)
    start = timezone.now() + timedelta(days=2)
    override = operations.add_override(
        schedule, start=start, end=start + timedelta(hours=1), user=bob, actor=bob
    )
    address = reverse("oncall:cancel-override", args=[schedule.slug, override.pk])
    assert signed_in(cast.vera()).post(address).status_code == 403
    assert signed_in(bob).get(address).status_code == 405
    page = signed_in(bob).get(reverse("oncall:calendar-region", args=[schedule.slug])).content.decode()
    assert "Bob Example" in page
    assert signed_in(bob).post(address).status_code == 302
    override.refresh_from_db()
    assert override.cancelled_at is not None
    assert signed_in(bob).post(address).status_code in (302, 404)
    for n in range(6):
        cast.always(alice, f"Schedule {n}")
    client = signed_in(bob)
    with django_assert_max_num_queries(36):
        assert "Schedule 5" in client.get(reverse("oncall:schedules")).content.decode()
    with django_assert_max_num_queries(30):
        assert "Schedule 5" in client.get(reverse("oncall:on-call-now")).content.decode()
