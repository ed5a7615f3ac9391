from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from core.tokens import operations as tokens
from oncall.models import Override, Schedule
from oncall.schedules import operations
from tests import cast

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from core.accounts.models import User

pytestmark = pytest.mark.django_db
PATH = "/api/v1/schedules/payments/"


def client(user: User) -> APIClient:
    _, secret = tokens.create(user, name="test", scopes=["read", "write", "page", "admin"])
    made = APIClient()
    made.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return made


def daily(*people: User, name: str = "Primary", **given: Any) -> operations.LayerSpec:
    return operations.LayerSpec(
        name=name, start=datetime(2026, 1, 5, 9, tzinfo=UTC), handoff_at=time(9), unit="day",
        participants=[[one] for one in people], **given,
    )  # fmt: skip


def payments(*layers: operations.LayerSpec) -> Schedule:
    return operations.create(name="Payments", slug="payments", time_zone="UTC", layers=layers, actor=None)


def layer(*people: User, **given: Any) -> dict[str, Any]:
    return {
        "name": "Primary",
        "start": "2026-01-05T09:00:00Z",
        "handoff": {"every": 1, "unit": "day", "at": "09:00"},
        "participants": [str(one.pk) for one in people],
        **given,
    }


def test_a_year_of_twenty_layers_takes_at_most_six_queries(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    alice, bob = cast.alice(), cast.bob()
    windows = [(weekday, time(9), time(17)) for weekday in range(5)]
    payments(*(daily(alice, bob, name=f"{n}", restrictions=windows if n % 2 else ()) for n in range(20)))
    caller = client(alice)
    path = f"{PATH}shifts/?from=2026-02-01T00:00:00Z&to=2027-02-01T00:00:00Z"
    assert caller.get(PATH).status_code == 200
    with django_assert_max_num_queries(6):
        answer = caller.get(path)
    assert len(answer.json()) > 365
    assert answer.json()[0]["turns"][0]["turn"] == 26


def test_who_writes_over_a_change_is_refused() -> None:
    alice, bob = cast.alice(), cast.bob()
    payments(daily(alice))
    caller = client(cast.ada())
    seen = caller.get(PATH)["ETag"]
    start = timezone.now() + timedelta(hours=1)
    cover = {"start": start.isoformat(), "end": (start + timedelta(hours=1)).isoformat(), "user": str(bob.pk)}
    assert caller.post(f"{PATH}overrides/", cover, format="json").status_code == 201
    late = caller.put(PATH, {"layers": [layer(bob)]}, format="json", headers={"If-Match": seen})
    assert late.status_code == 412
    fresh = caller.get(PATH)
    again = caller.put(PATH, {"layers": [layer(bob)]}, format="json", headers={"If-Match": fresh["ETag"]})
    assert (again.status_code, again.json()["version"]) == (200, fresh.json()["version"] + 1)


def test_versions_are_listed_compared_previewed_and_restored() -> None:
    alice, bob = cast.alice(), cast.bob()
    payments(daily(alice))
    caller = client(cast.ada())
    shown = caller.post(f"{PATH}preview/", {"layers": [layer(bob)]}, format="json").json()
    assert {(each["user"], each["effect"]) for each in shown["difference"]} == {
        (str(alice.pk), "lost"),
        (str(bob.pk), "gained"),
    }
    assert [(each["layer"], len(each["shifts"])) for each in shown["handoffs"]] == [("Primary", 3)]
    assert [each["number"] for each in caller.get(f"{PATH}versions/").json()] == [1]
    caller.put(PATH, {"layers": [layer(bob)], "coverage": [{"from": "09:00", "to": "17:00"}]}, format="json")
    found = caller.get(f"{PATH}versions/2/").json()
    assert found["layers"][0]["participants"] == [str(bob.pk)]
    assert found["coverage"] == [{"weekday": None, "from": "09:00", "to": "17:00"}]
    effects = {each["effect"] for each in caller.get(f"{PATH}versions/1/compare/2/").json()}
    assert effects == {"gained", "lost"}
    restored = caller.post(f"{PATH}versions/1/restore/", {}, format="json")
    assert (restored.status_code, restored.json()["number"], restored.json()["restored_from"]) == (200, 3, 1)
    assert caller.get(PATH).json()["coverage"] == []
    assert caller.get(f"{PATH}versions/9/").status_code == 404
    assert caller.delete(f"{PATH}versions/3/").status_code == 409


def test_a_planned_version_is_not_what_counts_and_can_be_withdrawn() -> None:
    alice, bob = cast.alice(), cast.bob()
    payments(daily(alice))
    caller = client(cast.ada())
    later = (timezone.now() + timedelta(days=3)).isoformat()
    caller.put(
        PATH, {"layers": [layer(bob)], "effective_at": later, "time_zone": "Asia/Tokyo"}, format="json"
    )
    now = caller.get(PATH).json()
    assert ([each["participants"] for each in now["layers"]], now["time_zone"]) == ([[str(alice.pk)]], "UTC")
    assert caller.delete(f"{PATH}versions/2/").status_code == 204
    at = (timezone.now() + timedelta(days=4)).isoformat().replace("+00:00", "Z")
    assert caller.get(f"{PATH}on-call/?at={at}").json()["users"] == [str(alice.pk)]


def test_layers_have_a_zone_a_rank_and_an_override_of_their_own() -> None:
    alice, bob = cast.alice(), cast.bob()
    payments(daily(alice))
    caller = client(cast.ada())
    layers = [
        layer(alice, rank=3, time_zone="Asia/Tokyo"),
        layer(bob, name="Other", rank=3, counts_only_active=True),
    ]
    caller.put(PATH, {"layers": layers}, format="json")
    shown = caller.get(PATH).json()["layers"]
    assert [(each["rank"], each["time_zone"], each["counts_only_active"]) for each in shown] == [
        (3, "Asia/Tokyo", False),
        (3, "UTC", True),
    ]
    assert set(caller.get(f"{PATH}on-call/").json()["users"]) == {str(alice.pk), str(bob.pk)}
    start = timezone.now() + timedelta(hours=1)
    cover = {"start": start.isoformat(), "end": (start + timedelta(hours=1)).isoformat(), "user": str(bob.pk)}
    made = caller.post(f"{PATH}overrides/", {**cover, "layer": "Other"}, format="json")
    assert made.json()["layer"] == shown[1]["id"]
    wrong = caller.post(f"{PATH}overrides/", {**cover, "layer": "Third"}, format="json")
    assert (wrong.status_code, wrong.json()["errors"]["layer"]) == (
        400,
        ["This schedule has no rotation 'Third' now."],
    )
    backwards = caller.post(f"{PATH}overrides/", {**cover, "end": cover["start"]}, format="json")
    assert (backwards.status_code, list(backwards.json()["errors"])) == (400, ["end"])
    assert Override.objects.count() == 1


def test_a_rotation_that_never_puts_anybody_on_call_is_not_saved() -> None:
    alice = cast.alice()
    schedule = payments(daily(alice))
    caller = client(cast.ada())
    # 5 January 2026 is a Monday, so of seven daily turns the first is always that of a Monday.
    never = layer(
        participants=[None, *[str(alice.pk)] * 6],
        restrictions=[{"weekday": "tuesday", "from": "00:00", "to": "08:00"}],
    )
    answer = caller.put(PATH, {"layers": [never]}, format="json")
    assert answer.status_code == 409
    assert answer.json()["detail"].startswith("Primary never puts anybody on call")
    assert schedule.versions.count() == 1
    never["participants"] = [str(alice.pk), *[None] * 6]
    assert caller.put(PATH, {"layers": [never], "accept_gaps": True}, format="json").status_code == 200


def test_what_a_schedule_is_called_is_changed_alone() -> None:
    payments()
    cast.always(cast.alice(), "Other")
    caller = client(cast.ada())
    answer = caller.patch(PATH, {"name": "Money", "description": "Cards"}, format="json")
    assert (answer.status_code, answer.json()["name"], answer.json()["slug"]) == (200, "Money", "payments")
    taken = caller.patch(PATH, {"name": "Other"}, format="json")
    assert taken.json()["errors"] == {"name": ["Another schedule has it."]}
    assert caller.patch(PATH, {}, format="json").json()["version"] == answer.json()["version"]


@pytest.mark.parametrize("slug", ["new", "readiness", "-"])
def test_the_address_of_another_page_is_refused(slug: str) -> None:
    alice, ada = cast.alice(), cast.ada()
    schedule = payments(daily(alice))
    caller = client(ada)
    refused = {"slug": ["Another page is at this address."]}
    assert caller.patch(PATH, {"slug": slug}, format="json").json()["errors"] == refused
    made = {"slug": slug, "name": "Other", "time_zone": "UTC", "layers": [layer(alice)]}
    assert caller.post("/api/v1/schedules/", made, format="json").json()["errors"] == refused
    with pytest.raises(operations.AddressTaken):
        operations.describe(schedule, slug=slug, actor=ada)
    with pytest.raises(operations.AddressTaken):
        operations.create(name="Other", slug=slug, time_zone="UTC", actor=ada)
    page = f"/admin/oncall/schedule/{schedule.pk}/change/"
    browser = cast.sign_in(Client(), ada)
    typed = {"name": "Payments", "slug": slug, "versions-TOTAL_FORMS": 0, "versions-INITIAL_FORMS": 0}
    assert "Another page is at this address." in browser.post(page, typed).content.decode()
    schedule.refresh_from_db()
    assert (schedule.slug, type(schedule).objects.count()) == ("payments", 1)


def test_no_responder_plans_or_restores() -> None:
    alice = cast.alice()
    payments(daily(alice))
    caller = client(alice)
    for path, data in (("preview/", {"layers": [layer(alice)]}), ("versions/1/restore/", {})):
        assert caller.post(f"{PATH}{path}", data, format="json").status_code == 403
    assert caller.get(f"{PATH}versions/1/").status_code == 200
