"""Schedules that are begun from a preset, and what is said beside the rotations."""

from __future__ import annotations

import json
import re
from datetime import time, timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.utils import timezone

from oncall.models import Schedule
from oncall.schedules import operations, queries
from oncall.schedules.rules import resolver
from tests import cast
from tests.forms import as_shown

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse

    from core.accounts.models import User

pytestmark = pytest.mark.django_db
NEW, EDIT = "/on-call/new/", "/on-call/search/edit/"
ABOUT = {"name": "Search", "slug": "search", "time_zone": "Europe/Berlin"}


@pytest.fixture
def own() -> Client:
    return cast.sign_in(Client(), cast.ada())


def begun(own: Client, preset: str, *people: User, **given: str) -> _MonkeyPatchedWSGIResponse:
    """Fill in a preset, each rotation with one person, and send it."""
    shown = as_shown(own.get(f"{NEW}?preset={preset}").content.decode(), action=NEW)
    chosen = {f"layers-{n}-person_0": str(person.pk) for n, person in enumerate(people)}
    return own.post(NEW, shown | ABOUT | chosen | given)


def year(schedule: Schedule) -> tuple[resolver.Slice, ...]:
    start = timezone.now()
    end = start + timedelta(days=365)
    return queries.resolve([schedule.pk], start=start, end=end)[schedule.pk].final(start, end)


def test_follow_the_sun_has_no_gap_in_a_year_and_each_region_works_by_day(own: Client) -> None:
    assert begun(own, "follow-the-sun", cast.alice(), cast.bob(), cast.carol()).status_code == 302
    schedule = Schedule.objects.get()
    assert {len(piece.users) for piece in year(schedule)} == {1}
    layers = queries.layers_in_force(schedule, at=timezone.now())
    assert [(layer.time_zone, layer.handoff_at) for layer in layers] == [
        ("America/New_York", time(10)),
        ("Europe/Berlin", time(9)),
        ("Asia/Tokyo", time(9)),
    ]


def test_weekdays_and_weekends_share_the_week(own: Client) -> None:
    assert begun(own, "weekdays-weekends", cast.alice(), cast.bob()).status_code == 302
    pieces = year(Schedule.objects.get())
    assert {piece.layer for piece in pieces} == {"Weekdays", "Weekends"}
    assert {len(piece.users) for piece in pieces} == {1}


def test_business_hours_leave_the_night_closed_without_a_gap(own: Client) -> None:
    assert begun(own, "business-hours", cast.alice()).status_code == 302
    schedule = Schedule.objects.get()
    assert {piece.kind for piece in year(schedule)} == {resolver.Kind.DUTY, resolver.Kind.CLOSED}
    assert (
        "Nobody is on call"
        not in own.get("/on-call/search/?view=month").content.decode().split("On call now")[0]
    )


def test_a_secondary_never_has_the_person_who_is_primary(own: Client) -> None:
    primary = cast.weekly(cast.alice(), cast.bob())
    assert begun(own, "secondary").status_code == 422
    ahead = {"terms-stands_behind": str(primary.pk)}
    assert begun(own, "secondary", **ahead).status_code == 302
    secondary, now = Schedule.objects.get(slug="search"), timezone.now()
    duty = queries.on_call([primary.pk, secondary.pk], now)
    assert duty[secondary.pk].users
    assert not set(duty[primary.pk].users) & set(duty[secondary.pk].users)
    # And the editor shows what it says, without a rotation of its own.
    shown = as_shown(own.get(EDIT).content.decode(), action=EDIT)
    assert (shown["terms-stands_behind"], shown["terms-offset"]) == (str(primary.pk), "1")
    assert shown["layers-TOTAL_FORMS"] == "0"


def test_terms_are_previewed_saved_and_kept_by_the_next_save(own: Client) -> None:
    schedule = cast.weekly(cast.alice())
    Schedule.objects.update(slug="search")
    window = {"terms-day_0": "0", "terms-from_0": "09:00", "terms-until_0": "1", "terms-to_0": "12:00"}
    given = as_shown(own.get(EDIT).content.decode(), action=EDIT) | window
    assert "less on call" in own.post(EDIT, given | {"do": "preview"}).content.decode()
    assert not operations.terms_at(schedule, None).coverage
    assert own.post(EDIT, given).status_code == 302
    saved = operations.terms_at(schedule, None).coverage
    assert [(day, f"{start:%H:%M}", f"{end:%H:%M}") for day, start, end in saved] == [
        (0, "09:00", "00:00"),
        (1, "00:00", "12:00"),
    ]
    again = as_shown(own.get(EDIT).content.decode(), action=EDIT)
    assert own.post(EDIT, again | {"layers-0-name": "Renamed"}).status_code == 302
    assert operations.terms_at(schedule, None).coverage == saved


def test_rotations_change_places_and_keep_who_they_are(own: Client) -> None:
    schedule = cast.weekly(cast.alice())
    Schedule.objects.update(slug="search")
    (one,) = operations.specs_of(queries.layers_in_force(schedule, at=timezone.now()))
    other = operations.LayerSpec(
        name="Nights", start=one.start, handoff_at=one.handoff_at, participants=[[cast.bob()]]
    )
    operations.save_layers(schedule, layers=[one, other], actor=None)
    before = {layer.name: layer.lineage for layer in queries.layers_in_force(schedule, at=timezone.now())}
    given = as_shown(own.get(EDIT).content.decode(), action=EDIT)
    moved = as_shown(own.post(EDIT, given | {"do": "up-1"}).content.decode(), action=EDIT)
    assert [moved[f"layers-{n}-name"] for n in (0, 1)] == ["Nights", "Weekly"]
    assert [moved[f"layers-{n}-rank"] for n in (0, 1)] == ["0", "1"]
    assert own.post(EDIT, moved).status_code == 302
    layers = queries.layers_in_force(schedule, at=timezone.now())
    assert [(layer.name, layer.lineage) for layer in layers] == [
        ("Nights", before["Nights"]),
        ("Weekly", before["Weekly"]),
    ]


@pytest.mark.parametrize(
    ("pressed", "order"),
    [
        ("turn-up-0-2", "Bob +Carol Nobody Alice"),
        ("turn-down-0-1", "Bob +Carol Nobody Alice"),
        ("turn-up-0-1", "Alice Bob +Carol Nobody"),
        ("turn-down-0-0", "Alice Bob +Carol Nobody"),
    ],
)
def test_turns_change_places_with_all_who_share_them(own: Client, pressed: str, order: str) -> None:
    alice, bob, carol = cast.alice(), cast.bob(), cast.carol()
    cast.weekly(bob)
    Schedule.objects.update(slug="search")
    # Two share the first turn, nobody has the third, and a line is left out in between.
    entered = {
        "layers-0-person_1": str(carol.pk),
        "layers-0-with_1": "on",
        "layers-0-person_3": str(alice.pk),
        "layers-0-person_4": "nobody",
        "layers-0-with_4": "on",
    }
    given = as_shown(own.get(EDIT).content.decode(), action=EDIT) | entered
    names = {str(bob.pk): "Bob", str(carol.pk): "Carol", str(alice.pk): "Alice", "nobody": "Nobody", "": ""}
    answer = own.post(EDIT, given | {"do": pressed})
    moved = as_shown(answer.content.decode(), action=EDIT)
    lines = [names[moved[f"layers-0-person_{n}"]] for n in range(5)]
    ticks = ["+" if f"layers-0-with_{n}" in moved else "" for n in range(5)]
    assert [tick + name for tick, name in zip(ticks, lines, strict=True)] == [*order.split(), ""]


def test_a_turn_that_moved_is_said_and_keeps_the_focus(own: Client) -> None:
    cast.weekly(cast.alice(), cast.bob(), cast.carol())
    Schedule.objects.update(slug="search")
    given = as_shown(own.get(EDIT).content.decode(), action=EDIT)
    answer = own.post(EDIT, given | {"do": "turn-up-0-2"})
    assert json.loads(answer["HX-Trigger"]) == {"say": {"text": "Carol Example has turn 2 of 3."}}
    assert focused(answer.content.decode()) == "Up: Carol Example, turn 2 of 3"
    # At the end of its way the other button has it.
    again = as_shown(answer.content.decode(), action=EDIT)
    first = own.post(EDIT, again | {"do": "turn-up-0-1"}).content.decode()
    assert focused(first) == "Down: Carol Example, turn 1 of 3"
    assert Schedule.objects.get().versions.count() == 1


def focused(page: str) -> str:
    (button,) = re.findall(r"<button[^>]* autofocus>(.*?)</button>", page)
    return re.sub(r"<[^>]+>", "", button)


@pytest.mark.parametrize(
    "moves",
    [
        *["up-0", "up-9", "up-", "up-x", "up-99999999999999999999"],
        *[
            "turn-",
            "turn-up-0-0",
            "turn-up-0-9",
            "turn-down-0-0",
            "turn-up-9-1",
            "turn-up-x-1",
            "turn-left-0-1",
        ],
    ],
)
def test_a_move_that_means_nothing_moves_nothing(own: Client, moves: str) -> None:
    cast.weekly(cast.alice())
    Schedule.objects.update(slug="search")
    given = as_shown(own.get(EDIT).content.decode(), action=EDIT)
    answer = own.post(EDIT, given | {"do": moves})
    assert answer.status_code == 200
    assert as_shown(answer.content.decode(), action=EDIT)["layers-0-name"] == "Weekly"


def test_a_version_says_its_terms(own: Client) -> None:
    primary = cast.weekly(cast.alice(), cast.bob())
    ahead = {"terms-stands_behind": str(primary.pk), "terms-is_informal": "on"}
    days = {"terms-day_0": "4", "terms-from_0": "17:00", "terms-until_0": "0", "terms-to_0": "09:00"}
    assert begun(own, "secondary", **ahead, **days).status_code == 302
    page = own.get("/on-call/search/versions/1/").content.decode()
    assert "Friday 17:00 until Monday 09:00" in page
    assert f'href="/on-call/{primary.slug}/">{primary}</a>, with its rotations 1 turn ahead.' in page
    assert "Nobody takes turns" in page


def test_a_schedule_without_a_rotation_is_refused(own: Client) -> None:
    schedule = cast.weekly(cast.alice())
    Schedule.objects.update(slug="search")
    given = as_shown(own.get(EDIT).content.decode(), action=EDIT)
    answer = own.post(EDIT, given | {"layers-0-DELETE": "on"})
    assert answer.status_code == 422
    assert "A schedule needs a rotation" in answer.content.decode()
    assert schedule.versions.count() == 1
