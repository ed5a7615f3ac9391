from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from html import unescape
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from oncall.models import Override, Schedule, SwapRule
from oncall.schedules import operations, queries
from oncall.swaps import operations as swaps
from oncall.swaps import queries as swap_queries
from tests import cast
from tests.forms import as_shown

if TYPE_CHECKING:
    from core.accounts.models import User

pytestmark = pytest.mark.django_db

NIGHTS = operations.LayerSpec(
    name="Nights", start=datetime(2026, 1, 5, 18, tzinfo=UTC), handoff_at=time(18), restrictions=[(None, time(18), time(6))]
)  # fmt: skip
DAYS = operations.LayerSpec(
    name="Days", start=datetime(2026, 1, 5, 8, tzinfo=UTC), handoff_at=time(8), restrictions=[(None, time(8), time(18))]
)  # fmt: skip


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def with_gap(alice: User, bob: User) -> Schedule:
    """Nobody is on call from 06:00 to 08:00."""
    layers = [
        operations.LayerSpec(
            name=each.name,
            start=each.start,
            handoff_at=each.handoff_at,
            restrictions=each.restrictions,
            participants=[[user]],
        )
        for each, user in ((NIGHTS, alice), (DAYS, bob))
    ]
    return operations.create(name="Search", slug="search", time_zone="UTC", layers=layers, actor=None)


TOMORROW = (timezone.now() + timedelta(days=1)).replace(minute=0, second=0, microsecond=0)


def tomorrow(hour: int) -> datetime:
    return TOMORROW.replace(hour=hour)


NEXT_DAY = f"/on-call/search/?view=day&zone=utc&from={TOMORROW:%Y-%m-%d}"


def at(moment: datetime) -> str:
    return f"/on-call/search/-/shift/?at={moment:%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.parametrize("view", ["day", "week", "2weeks", "month", "list"])
def test_each_view_leads_to_the_shifts_and_is_remembered(view: str) -> None:
    with_gap(cast.alice(), cast.bob())
    client = signed_in(cast.vera())
    page = client.get("/on-call/search/", {"view": view, "zone": "utc"}).content.decode()
    assert ("Hours are drawn to scale" in page) is (view != "list")
    assert "/on-call/search/-/shift/?at=" in page
    again = client.get("/on-call/search/").content.decode()
    assert f'view={view}" aria-current="true"' in again
    assert client.cookies["calendar-view"].value == view


def test_a_shift_says_who_has_it_and_what_each_rotation_says() -> None:
    alice, bob = cast.alice(), cast.bob()
    schedule = with_gap(alice, bob)
    start = tomorrow(9)
    for who, reason in ((alice, "Train back from Hamburg"), (bob, "Feeling better")):
        operations.add_override(
            schedule, start=start, end=start + timedelta(hours=2), user=who, reason=reason, actor=bob
        )
    page = signed_in(cast.vera()).get(at(start)).content.decode()
    assert "Bob Example" in page
    assert page.index("Train back from Hamburg") < page.index("Feeling better")
    assert "the one entered last wins" in page
    assert "Put them on call" not in page


def test_a_gap_says_why_it_is_there_and_is_covered_once() -> None:
    alice, bob = cast.alice(), cast.bob()
    with_gap(alice, bob)
    client = signed_in(bob)
    banner = client.get(NEXT_DAY).content.decode()
    assert "Nights ends" in banner
    assert "Days begins" in banner
    page = client.get(at(tomorrow(7))).content.decode()
    assert "Nobody is on call" in page
    action = reverse("oncall:add-override", args=["search"])
    given = as_shown(page, action=action)
    assert given["start"] == f"{tomorrow(6):%Y-%m-%dT%H:%M}"
    assert client.post(action, given | {"user": str(bob.pk)}).status_code == 302
    override = Override.objects.get()
    assert (override.start, override.end, override.layer) == (tomorrow(6), tomorrow(8), None)


def test_a_cover_of_one_rotation_changes_that_one_and_overlaps_are_said() -> None:
    alice, bob = cast.alice(), cast.bob()
    schedule = with_gap(alice, bob)
    days = schedule.layers.get(name="Days")
    client, action = signed_in(bob), reverse("oncall:add-override", args=["search"])
    given = as_shown(client.get(at(tomorrow(9))).content.decode(), action=action)
    assert given["replaces"] == str(bob.pk)
    chosen = {"user": str(alice.pk), "layer": str(days.pk), "replaces": ""}
    client.post(action, given | chosen)
    assert Override.objects.get().layer == days.lineage
    assert "Override in Days" in client.get(at(tomorrow(9))).content.decode()
    answer = client.post(action, given | {"user": str(alice.pk)}, follow=True)
    assert "This one, entered later, wins" in answer.content.decode()


def test_a_rotation_is_started_when_the_gap_before_it_begins() -> None:
    schedule = with_gap(cast.alice(), cast.bob())
    client = signed_in(cast.ada())
    page = client.get(NEXT_DAY).content.decode()
    (follow,) = re.findall(r'href="([^"]+)">Start Days at 06:00<', page)
    edit = "/on-call/search/edit/"
    given = as_shown(client.get(unescape(follow)).content.decode(), action=edit)
    assert given["layers-1-from_0"] == "06:00"
    assert "Nobody would be on call" not in client.post(edit, given | {"do": "preview"}).content.decode()
    assert client.post(edit, given).status_code == 302
    days = schedule.layers.get(name="Days", effective_until=None)
    assert [(window.start, window.end) for window in days.restrictions.all()] == [(time(6), time(18))]


@pytest.mark.parametrize(
    "asked", ["", "?at=soon", "?at=2026-13-45T00:00:00Z", "?at=9999-12-31T23:59:59Z", "?at=2026-01-05"]
)
def test_a_shift_without_a_time_is_the_one_of_now(asked: str) -> None:
    schedule = cast.always(cast.alice())
    page = signed_in(cast.vera()).get(f"/on-call/{schedule.slug}/-/shift/{asked}").content.decode()
    assert "Alice Example" in page


def test_what_is_over_is_not_covered() -> None:
    bob = cast.bob()
    with_gap(cast.alice(), bob)
    page = signed_in(bob).get(at(timezone.now() - timedelta(days=3))).content.decode()
    assert "The past stays as it was" in page
    assert "Put them on call" not in page
    yesterday = TOMORROW - timedelta(days=2)
    page = signed_in(bob).get(f"/on-call/search/?view=day&from={yesterday:%Y-%m-%d}").content.decode()
    assert "Cover once" not in page


def test_my_shifts_are_listed_and_the_next_one_stands_in_the_header() -> None:
    vera, bob = cast.vera(), cast.bob()
    schedule = cast.always(cast.alice(), "Later")
    page = signed_in(vera).get("/on-call/-/mine/").content.decode()
    assert "No shift of yours" in page
    assert "Your next shift" not in page
    start = tomorrow(6)
    operations.add_override(schedule, start=start, end=start + timedelta(hours=3), user=vera, actor=bob)
    page = signed_in(vera).get("/on-call/-/mine/").content.decode()
    assert "3 h on call" in page
    assert "Your next shift" in page
    assert f"/on-call/{schedule.slug}/-/shift/?at=" in page


def test_my_shifts_say_whose_they_were_and_lead_to_why() -> None:
    alice, bob, carol = cast.alice(), cast.bob(), cast.carol()
    schedule = cast.weekly(alice, bob)
    Schedule.objects.update(slug="search")
    SwapRule.objects.create(schedule=schedule, takers="everybody")
    given = swap_queries.shifts_of(
        schedule, alice, start=timezone.now(), end=timezone.now() + timedelta(days=60)
    )[-1]
    asked = swaps.ask(schedule, beneficiary=alice, keys=[given.key], actor=alice)
    swap = swaps.take(asked, user=carol, actor=carol)
    first = tomorrow(6)
    second, end = first + timedelta(hours=1), first + timedelta(hours=2)
    who = [
        person
        for person in (alice, bob)
        if queries.on_call([schedule.pk], first)[schedule.pk].users == (person.pk,)
    ]
    # Two overrides one after the other are one shift; the second one says instead of whom.
    operations.add_override(schedule, start=first, end=second, user=carol, actor=bob)
    operations.add_override(schedule, start=second, end=end, user=carol, replaces=who[0], actor=carol)
    # One that gives it to somebody else is none of theirs.
    operations.add_override(schedule, start=end, end=end + timedelta(hours=1), user=bob, actor=bob)
    page = signed_in(carol).get("/on-call/-/mine/").content.decode()
    found = re.findall(r'href="([^"]+)">((?:Override|Swap)[^<]+)<', page)
    assert [unescape(words) for _, words in found] == [
        f"Override by Bob Example, instead of {who[0]}",
        f"Override by Carol Example, instead of {who[0]}",
        "Swap, instead of Alice Example",
    ]
    own = signed_in(carol)
    assert [own.get(unescape(address)).status_code for address, _ in found] == [200, 200, 200]
    assert found[2][0] == f"/on-call/-/swaps/{swap.pk}/"
    assert f"instead of {who[0]}, by Carol Example" in own.get(unescape(found[1][0])).content.decode()
