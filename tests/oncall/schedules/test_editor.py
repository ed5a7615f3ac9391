from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from oncall.schedules import operations, queries
from oncall.schedules.rules.windows import over_days
from tests import cast
from tests.forms import as_shown

if TYPE_CHECKING:
    from core.accounts.models import User
    from oncall.models import Schedule

pytestmark = pytest.mark.django_db

EDIT, VERSIONS = "/on-call/search/edit/", "/on-call/search/versions/"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def search(*turns: list[User] | None) -> Schedule:
    layer = operations.LayerSpec(
        name="Primary", start=datetime(2026, 1, 5, 9, tzinfo=UTC), handoff_at=time(9), weekday=0,
        participants=turns,
    )  # fmt: skip
    return operations.create(name="Search", slug="search", time_zone="UTC", layers=[layer], actor=None)


def shown(client: Client, address: str = EDIT) -> dict[str, str]:
    return as_shown(client.get(address).content.decode(), action=EDIT)


def entered(schedule: Schedule) -> list[operations.LayerSpec]:
    return operations.specs_of(queries.layers_in_force(schedule, at=timezone.now()))


def test_a_preview_says_what_changes_and_saves_nothing() -> None:
    alice, bob = cast.alice(), cast.bob()
    schedule = search([alice])
    client = signed_in(cast.ada())
    given = shown(client) | {"layers-0-person_0": str(bob.pk), "do": "preview"}
    answer = client.post(EDIT, given)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "<b>Bob Example</b>: 672 h more on call" in page
    assert "<b>Alice Example</b>: 672 h less on call" in page
    assert entered(schedule)[0].participants == [[alice]]
    assert schedule.versions.count() == 1
    # What was typed is still there, so that it can be saved.
    assert client.post(EDIT, as_shown(page, action=EDIT)).status_code == 302
    assert entered(schedule)[0].participants == [[bob]]


def test_a_preview_names_the_gaps_that_an_edit_makes() -> None:
    search([cast.alice()])
    client = signed_in(cast.ada())
    window = {"layers-0-from_0": "09:00", "layers-0-to_0": "17:00", "layers-0-day_0": "0", "do": "preview"}
    page = client.post(EDIT, shown(client) | window).content.decode()
    assert "Nobody would be on call" in page


def test_an_edit_counts_from_the_moment_that_was_chosen_in_the_zone_of_the_schedule() -> None:
    alice, bob = cast.alice(), cast.bob()
    schedule = search([alice])
    client = signed_in(cast.ada())
    later = (timezone.now() + timedelta(days=9)).replace(second=0, microsecond=0)
    given = {"layers-0-person_0": str(bob.pk), "effective_at": f"{later:%Y-%m-%dT%H:%M}"}
    assert client.post(EDIT, shown(client) | given).status_code == 302
    (planned,) = queries.planned(schedule, at=timezone.now())
    assert planned.effective_from == later
    assert entered(schedule)[0].participants == [[alice]]
    # The planned one is shown apart and edited apart.
    assert "Version 2 is planned" in client.get(EDIT).content.decode()
    apart = shown(client, f"{EDIT}?of=2")
    assert (apart["layers-0-person_0"], apart["effective_at"]) == (str(bob.pk), given["effective_at"])
    assert client.post(EDIT, apart | {"layers-0-name": "Later"}).status_code == 302
    assert [layer.name for layer in queries.layers_of(queries.planned(schedule, at=timezone.now())[0])] == [
        "Later"
    ]


def test_a_time_that_has_passed_is_said_at_the_form_and_saves_nothing() -> None:
    schedule = search([cast.alice()])
    client = signed_in(cast.ada())
    answer = client.post(EDIT, shown(client) | {"effective_at": "2020-01-01T09:00"})
    assert answer.status_code == 422
    assert "An edit cannot count from a time that has passed" in answer.content.decode()
    assert schedule.versions.count() == 1


def test_turns_are_shared_and_left_empty() -> None:
    alice, bob = cast.alice(), cast.bob()
    schedule = search([alice])
    client = signed_in(cast.ada())
    given = {
        "layers-0-person_1": str(bob.pk),
        "layers-0-with_1": "on",
        "layers-0-person_2": "nobody",
        "layers-0-person_4": str(bob.pk),
    }
    assert client.post(EDIT, shown(client) | given | {"gaps": "on"}).status_code == 302
    assert entered(schedule)[0].participants == [[alice, bob], None, [bob]]


def test_a_rotation_has_a_zone_a_rank_and_windows_over_days() -> None:
    schedule = search([cast.alice()])
    client = signed_in(cast.ada())
    given = {
        "layers-0-time_zone": "Asia/Tokyo",
        "layers-0-rank": "7",
        "layers-0-day_0": "4",
        "layers-0-from_0": "17:00",
        "layers-0-until_0": "0",
        "layers-0-to_0": "09:00",
    }
    assert client.post(EDIT, shown(client) | given | {"gaps": "on"}).status_code == 302
    (spec,) = entered(schedule)
    assert (spec.time_zone, spec.rank, spec.start) == ("Asia/Tokyo", 7, datetime(2026, 1, 5, tzinfo=UTC))
    assert spec.restrictions == over_days(4, time(17), 0, time(9))
    # It is shown as the one window that it is, and saving what is shown changes nothing.
    again = shown(client)
    assert [again[f"layers-0-{part}_0"] for part in ("day", "from", "until", "to")] == [
        "4",
        "17:00",
        "0",
        "09:00",
    ]
    assert again["layers-0-from_1"] == ""
    assert client.post(EDIT, again).status_code == 302
    assert entered(schedule)[0].restrictions == spec.restrictions
    assert "Friday 17:00 until Monday 09:00" in client.get(f"{VERSIONS}2/").content.decode()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"layers-0-time_zone": "Europe/Atlantis"}, "is no time zone that is known here"),
        ({"time_zone": "Europe/Atlantis"}, "is no time zone that is known here"),
        ({"layers-0-until_0": "3"}, "begins on one weekday"),
        ({"effective_at": "soon"}, "Enter a valid date/time"),
    ],
)
def test_what_cannot_be_meant_is_said_and_nothing_is_saved(given: dict[str, str], said: str) -> None:
    schedule = search([cast.alice()])
    client = signed_in(cast.ada())
    answer = client.post(EDIT, shown(client) | given)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert schedule.versions.count() == 1


def test_who_saves_second_sees_what_the_first_saved_and_keeps_what_they_typed() -> None:
    alice, bob, carol = cast.alice(), cast.bob(), cast.carol()
    schedule = search([alice])
    client = signed_in(cast.ada())
    mine = shown(client) | {"layers-0-person_0": str(bob.pk), "layers-0-name": "Mine"}
    (theirs,) = entered(schedule)
    lineage = theirs.lineage
    operations.save_layers(schedule, layers=[_with(schedule, carol)], actor=carol)
    for pressed in ("preview", "save"):
        answer = client.post(EDIT, mine | {"do": pressed})
        page = answer.content.decode()
        assert answer.status_code == 422
        assert "<b>Version 2</b>: Rotations changed by Carol Example" in page
    assert entered(schedule)[0].participants == [[carol]]
    # What was typed is still there, and says what it changes of theirs.
    again = as_shown(page, action=EDIT)
    assert "<b>Carol Example</b>: 672 h less" in client.post(EDIT, again | {"do": "preview"}).content.decode()
    assert client.post(EDIT, again).status_code == 302
    (saved,) = entered(schedule)
    assert (saved.name, saved.participants, saved.lineage) == ("Mine", [[bob]], lineage)


def test_an_override_of_somebody_else_is_no_other_rotation() -> None:
    alice = cast.alice()
    schedule, start = search([alice]), timezone.now() + timedelta(days=1)
    client = signed_in(cast.ada())
    mine = shown(client) | {"layers-0-name": "Mine"}
    operations.add_override(schedule, start=start, end=start + timedelta(hours=1), user=alice, actor=None)
    page = client.post(EDIT, mine).content.decode()
    assert "The rotations are as you saw them" in page
    assert client.post(EDIT, as_shown(page, action=EDIT)).status_code == 302
    assert entered(schedule)[0].name == "Mine"


def test_another_rotation_is_added_to_what_was_typed() -> None:
    alice, bob = cast.alice(), cast.bob()
    schedule = search([alice])
    client = signed_in(cast.ada())
    answer = client.post(EDIT, shown(client) | {"layers-0-name": "Days", "do": "add"})
    assert answer.status_code == 200
    given = as_shown(answer.content.decode(), action=EDIT)
    assert (given["layers-0-name"], given["layers-1-name"]) == ("Days", "Rotation 2")
    assert client.post(EDIT, given | {"layers-1-person_0": str(bob.pk)}).status_code == 302
    assert [spec.name for spec in entered(schedule)] == ["Days", "Rotation 2"]


def test_a_schedule_gets_another_name_and_address() -> None:
    search([cast.alice()])
    cast.always(cast.bob(), "Platform")
    client, address = signed_in(cast.ada()), "/on-call/search/about/"
    given = as_shown(client.get(address).content.decode(), action=address)
    assert (
        "Another schedule has this name."
        in client.post(address, given | {"name": "Platform"}).content.decode()
    )
    assert "Another page is at" in client.post(address, given | {"slug": "new"}).content.decode()
    assert client.post(address, given | {"name": "Find", "slug": "find"}).status_code == 302
    assert client.get("/on-call/find/").status_code == 200
    assert signed_in(cast.vera()).get("/on-call/find/about/").status_code == 403


def test_an_earlier_version_is_compared_and_restored() -> None:
    alice, bob = cast.alice(), cast.bob()
    schedule = search([alice])
    operations.save_layers(schedule, layers=[_with(schedule, bob)], actor=bob)
    client = signed_in(cast.ada())
    assert "Rotations changed by Bob Example" in client.get(VERSIONS).content.decode()
    page = client.get(f"{VERSIONS}1/").content.decode()
    assert "<b>Alice Example</b>: 672 h more on call" in page
    action = reverse("oncall:restore-schedule", args=["search", 1])
    assert client.post(action, as_shown(page, action=action)).status_code == 302
    assert entered(schedule)[0].participants == [[alice]]
    # The form shows a schedule that is not any more: nothing is saved.
    assert client.post(action, as_shown(page, action=action)).status_code == 422
    assert schedule.versions.count() == 3
    assert signed_in(cast.vera()).post(action).status_code == 403


def test_a_planned_version_is_withdrawn() -> None:
    schedule = search([cast.alice()])
    later = timezone.now() + timedelta(days=3)
    operations.save_layers(schedule, layers=[_with(schedule, cast.bob())], effective_at=later, actor=None)
    client, action = signed_in(cast.ada()), f"{VERSIONS}2/withdraw/"
    as_shown(client.get(VERSIONS).content.decode(), action=action)
    assert signed_in(cast.vera()).post(action).status_code == 403
    assert client.post(action).status_code == 302
    assert not queries.planned(schedule, at=timezone.now())
    assert client.get(f"{EDIT}?of=2").status_code == 404
    assert client.get(f"{VERSIONS}9/").status_code == 404


def _with(schedule: Schedule, user: User) -> operations.LayerSpec:
    (spec,) = entered(schedule)
    return operations.LayerSpec(
        name=spec.name, start=spec.start, handoff_at=spec.handoff_at, weekday=0, participants=[[user]]
    )
