from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from oncall.models import Override, Schedule
from tests import cast

if TYPE_CHECKING:
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
    assert client.post(edit, {**layer, "layers-0-person_1": ""}).status_code == 302
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
