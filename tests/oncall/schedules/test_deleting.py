"""A schedule that is deleted: nobody is on call by it any more, what was stays, and it can be restored."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from core.events.models import Event
from core.outbox.models import Message
from oncall.escalation import operations as escalation
from oncall.feeds import operations as feeds
from oncall.feeds.models import Kind
from oncall.handoffs import operations as handoffs
from oncall.load import queries as load
from oncall.lookahead import queries as lookahead
from oncall.models import Override, Policy, Schedule
from oncall.readiness import queries as readiness
from oncall.schedules import operations, queries
from oncall.swaps.models import Status, Swap
from tests import cast
from tests.oncall.test_handlers import hear

if TYPE_CHECKING:
    from core.accounts.models import User

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def who(schedule: Schedule, at: datetime) -> tuple[tuple[int, ...], str, str]:
    piece = queries.on_call([schedule.pk], at)[schedule.pk]
    return piece.users, piece.kind.value, piece.reason


def test_nobody_is_on_call_from_then_on_and_the_past_stays(alice: User, bob: User) -> None:
    schedule = cast.always(alice)
    operations.add_override(schedule, start=timezone.now(), end=timezone.now() + DAY, user=bob, actor=None)
    now = timezone.now()
    with time_machine.travel(now + timedelta(hours=1), tick=False):
        operations.delete(schedule, actor=alice)
        assert who(schedule, now - DAY)[0] == (alice.pk,)
        assert who(schedule, now + timedelta(minutes=59))[0] == (bob.pk,)
        gone = ((), "closed", "the schedule was deleted")
        assert who(schedule, now + timedelta(hours=1)) == gone
        assert who(schedule, now + 100 * DAY) == gone
        ahead = queries.resolve([schedule.pk], start=now, end=now + 5 * DAY)[schedule.pk]
        assert [(piece.users, piece.kind.value) for piece in ahead.final(now, now + 5 * DAY)] == [
            ((bob.pk,), "duty"),
            ((), "closed"),
        ]
    assert Event.objects.latest("id").payload["summary"] == "Schedule deleted"


def test_every_list_and_look_ahead_is_without_it(alice: User) -> None:
    schedule, other = cast.always(alice), cast.always(alice, name="Other")
    operations.delete(schedule, actor=None)
    now = timezone.now()
    assert [row.slug for row in queries.schedules()] == ["other"]
    assert [watch.schedule for watch in queries.watches()] == [other]
    assert queries.coming_gaps(now=now) == {}
    assert {shift.schedule_id for _, shift in queries.shifts(start=now, end=now + DAY)} == {other.pk}
    assert {shift.schedule_id for shift in queries.shifts_of(alice, start=now, end=now + DAY)} == {other.pk}
    assert set(lookahead.worries(now)) == {other.pk}
    assert len(readiness.board(at=now).lines) == 1
    page = browser(alice)
    for path in ("", "swaps/", "shadows/", "ahead/", "edit/", "handoff/", "versions/"):
        assert page.get(f"/on-call/{schedule.slug}/{path}").status_code == 404
    index = page.get("/on-call/").content.decode()
    assert schedule.name not in index
    assert "1 deleted" in index


def test_hours_that_somebody_had_before_it_was_deleted_still_count(alice: User) -> None:
    schedule = cast.always(alice)
    Schedule.objects.update(created_at=datetime(2026, 3, 1, tzinfo=UTC))
    with time_machine.travel(datetime(2026, 3, 10, 12, tzinfo=UTC), tick=False):
        operations.delete(schedule, actor=None)
        (one,) = load.loads([alice], date(2026, 3, 9), date(2026, 3, 12), viewer=alice, now=None)
        assert one.hours.total == timedelta(hours=36)


def test_while_a_policy_asks_it_or_a_schedule_stands_behind_it_it_stays(alice: User, bob: User) -> None:
    schedule = cast.always(alice)
    cast.policy((60, [schedule]), name="Engineering")
    cast.policy((60, [schedule]), name="Payments")
    operations.create(
        name="Reserve", slug="reserve", time_zone="UTC",
        terms=operations.Terms(stands_behind=schedule, offset=1), actor=None,
    )  # fmt: skip
    with pytest.raises(operations.InUse) as refused:
        operations.delete(schedule, actor=None)
    assert str(refused.value) == (
        "Payments primary is in use: asked by the escalation policies Engineering and Payments; "
        "Reserve stands behind it. Change that first."
    )
    Policy.objects.all().delete()
    operations.delete(Schedule.objects.get(slug="reserve"), actor=None)
    operations.delete(schedule, actor=None)
    with pytest.raises(operations.StandsBehind, match=r"Payments primary was deleted\. Restore it first"):
        operations.undelete(Schedule.objects.get(slug="reserve"), actor=None)
    assert not queries.schedules().exists()


def test_what_is_deleted_can_be_put_into_no_policy_and_changed_by_nobody(alice: User) -> None:
    schedule = cast.always(alice)
    operations.delete(schedule, actor=None)
    with pytest.raises(escalation.ScheduleDeleted, match="Payments primary was deleted"):
        cast.policy((60, [schedule]))
    now = timezone.now()
    with pytest.raises(operations.Deleted, match=r"Payments primary was deleted\. Restore it first\."):
        operations.add_override(schedule, start=now, end=now + DAY, user=alice, actor=None)
    with pytest.raises(operations.Deleted):
        operations.save_layers(schedule, layers=[], actor=None)
    assert not Override.objects.exists()


def test_who_would_have_been_on_call_hears_of_it_and_calendars_cancel_the_shifts(
    alice: User, bob: User, mona: User
) -> None:
    schedule = cast.weekly(alice, bob)
    handoffs.extend()
    mine, mine_secret = feeds.add(alice)
    _, its_secret = feeds.add(alice, schedule=schedule)
    _, now_secret = feeds.add(alice, kind=Kind.NOW, schedule=schedule)
    hear()
    operations.delete(schedule, actor=mona)
    hear()
    mail = Message.objects.get(user_id=alice.pk)
    assert mail.content["subject"] == "Your on-call duty in Payments primary changed"
    assert "You are no longer on call:" in mail.content["text"]
    for secret in (mine_secret, its_secret):
        told = Client().get(f"/calendars/{secret}.ics").content.decode().split("BEGIN:VEVENT")[1:]
        today = f"{timezone.now():%Y%m%d}"
        ahead = [event for event in told if event.split("DTSTART")[1].split(":")[1][:8] > today]
        assert ahead
        assert all("STATUS:CANCELLED" in event for event in ahead)
    assert Client().get(f"/on-call-now/{now_secret}.txt").status_code == 404
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        assert Client().get(f"/calendars/{its_secret}.ics").status_code == 404
        assert Client().get(f"/calendars/{mine_secret}.ics").status_code == 200
    assert mine.shown == "own shifts"


def test_its_swaps_lapse(ada: User, alice: User, bob: User) -> None:
    schedule = cast.weekly(alice, bob)
    cast.swap(schedule)
    operations.delete(schedule, actor=ada)
    hear()
    assert Swap.objects.get().status == Status.LAPSED


def test_restored_its_rotations_count_again_and_the_time_between_stays_empty(alice: User, bob: User) -> None:
    schedule = cast.always(alice)
    planned = operations.LayerSpec(
        name="Weekly", start=timezone.now(), handoff_at=timezone.now().time(), participants=[[bob]]
    )
    operations.save_layers(schedule, layers=[planned], effective_at=timezone.now() + 2 * DAY, actor=None)
    now = timezone.now()
    operations.delete(schedule, actor=None)
    with time_machine.travel(now + 3 * DAY, tick=False):
        operations.undelete(schedule, actor=bob)
        assert [row.slug for row in queries.schedules()] == [schedule.slug]
        assert who(schedule, now + DAY) == ((), "gap", "no layer covers this time")
        assert who(schedule, now + 3 * DAY)[0] == (alice.pk,)
        assert who(schedule, now + 30 * DAY)[0] == (alice.pk,)
        operations.undelete(schedule, actor=bob)
    assert [row.summary for row in queries.versions(schedule)] == [
        "Schedule restored",
        "Rotations changed",
        "Schedule created",
    ]


class TestScreens:
    def test_the_page_says_who_loses_what_and_deletes_the_version_that_was_seen(
        self, mona: User, alice: User, bob: User
    ) -> None:
        schedule = cast.weekly(alice, bob)
        feeds.add(alice, schedule=schedule)
        page = browser(mona)
        path = f"/on-call/{schedule.slug}/delete/"
        shown = page.get(path).content.decode()
        assert "Alice Example" in shown
        assert "is no longer on call" in shown
        assert (
            "1 calendar address: the shifts are cancelled there, and after 30 days it leads nowhere." in shown
        )
        stale = page.post(path, {"version": schedule.version - 1})
        assert stale.status_code == 409
        assert "Somebody changed this schedule in between" in stale.content.decode()
        fresh = Schedule.objects.get()
        assert fresh.deleted_at is None
        assert page.post(path, {"version": fresh.version}).url == "/on-call/"  # type: ignore[attr-defined]
        assert Schedule.objects.get().deleted_at is not None
        listed = page.get("/on-call/-/deleted/").content.decode()
        assert f'Restore<span class="vh"> {schedule.name}</span>' in listed
        back = page.post(f"/on-call/-/deleted/{schedule.slug}/restore/")
        assert back.url == f"/on-call/{schedule.slug}/"  # type: ignore[attr-defined]

    def test_the_page_names_what_relies_on_it_and_offers_no_button(self, mona: User, alice: User) -> None:
        schedule = cast.always(alice)
        cast.policy((60, [schedule]), name="Engineering")
        shown = browser(mona).get(f"/on-call/{schedule.slug}/delete/").content.decode()
        assert "is in use and cannot be deleted" in shown
        assert "Engineering" in shown
        assert 'class="btn btn-bad"' not in shown
        posted = browser(mona).post(
            f"/on-call/{schedule.slug}/delete/", {"version": Schedule.objects.get().version}
        )
        assert posted.status_code == 409
        assert "asked by the escalation policy Engineering" in posted.content.decode()

    def test_who_may_not_configure_may_neither_delete_nor_restore(self, alice: User) -> None:
        schedule = cast.always(alice)
        page = browser(alice)
        assert page.get(f"/on-call/{schedule.slug}/delete/").status_code == 403
        operations.delete(schedule, actor=None)
        assert page.post(f"/on-call/-/deleted/{schedule.slug}/restore/").status_code == 403
        assert "<form" not in page.get("/on-call/-/deleted/").content.decode().split("<main")[1]

    def test_its_name_and_address_stay_its_own(self, ada: User, alice: User) -> None:
        schedule = cast.always(alice)
        operations.delete(schedule, actor=None)
        given = {"name": schedule.name, "slug": schedule.slug, "time_zone": "UTC"}
        shown = browser(ada).post("/on-call/new/", given).content.decode()
        assert "A deleted schedule has this name. Restore it, or choose another." in shown
        assert "A deleted schedule has this address. Restore it, or choose another." in shown


class TestApi:
    def test_delete_is_refused_with_the_reason_then_done_then_undone(self, ada: User, alice: User) -> None:
        schedule = cast.always(alice)
        policy = cast.policy((60, [schedule]), name="Engineering")
        caller, path = cast.caller(ada), f"/api/v1/schedules/{schedule.slug}/"
        refused = caller.delete(path)
        assert refused.status_code == 409
        assert refused.json()["detail"] == (
            "Payments primary is in use: asked by the escalation policy Engineering. Change that first."
        )
        policy.delete()
        assert caller.delete(path, headers={"If-Match": '"old"'}).status_code == 412
        assert caller.delete(path).status_code == 204
        assert caller.get(path).status_code == 404
        assert caller.get("/api/v1/schedules/").json()["results"] == []
        gone = caller.get("/api/v1/schedules/?deleted=true").json()["results"]
        assert [row["slug"] for row in gone] == [schedule.slug]
        again = caller.post("/api/v1/schedules/", {
            "slug": schedule.slug, "name": "New", "time_zone": "UTC", "layers": [],
        }, format="json")  # fmt: skip
        assert again.json()["errors"]["slug"] == ["A deleted schedule has it: restore that one."]
        assert caller.post(f"{path}restore/").json()["slug"] == schedule.slug
        assert caller.get(path).status_code == 200
        assert caller.post(f"{path}restore/").status_code == 404

    def test_a_responder_may_not(self, alice: User) -> None:
        schedule = cast.always(alice)
        assert cast.caller(alice).delete(f"/api/v1/schedules/{schedule.slug}/").status_code == 403


def test_the_admin_deletes_and_restores_and_says_what_is_in_use(ada: User, alice: User) -> None:
    used, free = cast.always(alice), cast.always(alice, name="Free")
    cast.policy((60, [used]), name="Engineering")
    client = Client()
    cast.sign_in(client, ada)
    both = {"_selected_action": [used.pk, free.pk]}
    said = client.post("/admin/oncall/schedule/", {"action": "delete_schedules", **both}, follow=True)
    assert "asked by the escalation policy Engineering" in said.content.decode()
    assert "1 deleted." in said.content.decode()
    assert [row.name for row in queries.deleted()] == ["Free"]
    client.post("/admin/oncall/schedule/", {"action": "restore_schedules", **both})
    assert not queries.deleted().exists()


@pytest.mark.parametrize("days", [2, 9])
def test_one_that_was_only_planned_is_planned_again_or_counts_at_once(alice: User, days: int) -> None:
    now = timezone.now()
    source = cast.always(alice, name="Source")
    layers = operations.specs_of(source.layers.all())
    schedule = operations.create(
        name="Planned", slug="planned", time_zone="UTC", team=None, layers=[], actor=None
    )
    for each in schedule.versions.all():
        each.delete()
    layers = [replace(each, lineage=None) for each in layers]
    operations.save_layers(schedule, layers=layers, effective_at=now + 7 * DAY, actor=None)
    operations.delete(schedule, actor=alice)
    with time_machine.travel(now + days * DAY, tick=True):
        operations.undelete(schedule, actor=alice)
        operations.undelete(schedule, actor=alice)
        assert who(schedule, now + 10 * DAY)[0] == (alice.pk,)
        assert bool(who(schedule, now + days * DAY + timedelta(hours=1))[0]) is (days == 9)


def test_one_without_any_version_comes_back_empty(alice: User) -> None:
    schedule = Schedule.objects.create(name="Bare", slug="bare")
    operations.delete(schedule, actor=alice)
    operations.undelete(schedule, actor=alice)
    schedule.refresh_from_db()
    assert schedule.deleted_at is None
    assert who(schedule, timezone.now())[0] == ()


def test_the_screen_restores_one_that_was_only_planned(ada: User, alice: User) -> None:
    source = cast.always(alice, name="Source")
    layers = [replace(each, lineage=None) for each in operations.specs_of(source.layers.all())]
    schedule = Schedule.objects.create(name="Bare", slug="bare")
    operations.save_layers(schedule, layers=layers, effective_at=timezone.now() + 7 * DAY, actor=None)
    operations.delete(schedule, actor=alice)
    client = browser(ada)
    assert client.get("/on-call/-/deleted/").status_code in (200, 404)
    assert cast.caller(ada).post("/api/v1/schedules/bare/restore/").status_code == 200
