"""Public holidays of a schedule, and who is away passed over."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from core.events.models import Event
from core.outbox.models import Message
from oncall.absences import operations as absences
from oncall.absences.models import Absence
from oncall.handoffs import operations as handoffs
from oncall.lookahead import queries as lookahead
from oncall.schedules import operations, queries
from tests import cast
from tests.oncall.test_handlers import hear

if TYPE_CHECKING:
    from core.accounts.models import User
    from oncall.models import Schedule

DAY = timedelta(days=1)
ANA, BEN = 1, 2
MONDAY = datetime(2026, 4, 27, 7, tzinfo=UTC)  # 09:00 in Berlin; Friday is 1 May


def at(day: int, hour: int = 12, month: int = 5) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


pytestmark = pytest.mark.django_db


def spec(*people: User, name: str = "Primary", **given: Any) -> operations.LayerSpec:
    return operations.LayerSpec(
        name=name,
        start=MONDAY,
        handoff_at=time(9),
        weekday=0,
        participants=[[each] for each in people],
        **given,
    )


def made(*layers: operations.LayerSpec, **terms: Any) -> Schedule:
    return operations.create(
        name="Payments", slug="payments", time_zone="Europe/Berlin", layers=layers,
        terms=operations.Terms(**terms), actor=None,
    )  # fmt: skip


def who(schedule: Schedule, moment: datetime) -> tuple[tuple[int, ...], str, str]:
    piece = queries.on_call([schedule.pk], moment)[schedule.pk]
    return piece.users, piece.kind.value, piece.reason


class TestHolidays:
    def test_a_rotation_of_holidays_covers_these_days(self, alice: User, bob: User) -> None:
        schedule = made(spec(alice), spec(bob, name="Holidays", on_holidays="only"), holidays="DE")
        assert who(schedule, at(30, 21, month=4))[0] == (alice.pk,)
        assert who(schedule, at(1))[:2] == ((bob.pk,), "duty")
        assert who(schedule, at(2))[0] == (alice.pk,)

    def test_business_hours_leave_these_days_out_by_design(self, alice: User) -> None:
        hours = [(weekday, time(9), time(17)) for weekday in range(5)]
        schedule = made(spec(alice), coverage=hours, holidays="DE", closed_on_holidays=True)
        assert who(schedule, at(30, month=4))[0] == (alice.pk,)
        assert who(schedule, at(1)) == ((), "closed", "outside of the coverage hours")
        assert who(schedule, at(4))[0] == (alice.pk,)
        always = operations.Terms(holidays="DE", closed_on_holidays=True)
        with time_machine.travel(MONDAY):
            operations.save_layers(schedule, layers=[spec(alice)], terms=always, actor=None)
            assert who(schedule, at(1))[1] == "closed"
            assert who(schedule, at(2))[0] == (alice.pk,)

    def test_an_edit_changes_nothing_before_it_counts(self, alice: User) -> None:
        schedule = made(spec(alice), holidays="DE", closed_on_holidays=True)
        with time_machine.travel(at(2)):
            operations.save_layers(schedule, layers=[spec(alice)], terms=operations.Terms(), actor=None)
        assert who(schedule, at(1))[1] == "closed"
        assert who(schedule, at(14))[0] == (alice.pk,)  # Ascension Day
        first = queries.version(schedule, 1)
        with time_machine.travel(at(20)):
            saved = operations.restore(schedule, first.number, actor=None)
        assert (saved.holidays, saved.closed_on_holidays) == ("DE", True)

    @pytest.mark.parametrize(
        ("terms", "layer", "says"),
        [
            ({"closed_on_holidays": True}, {}, "Choose whose public holidays these are"),
            ({}, {"on_holidays": "never"}, "Choose whose public holidays Primary goes by."),
            ({"holidays": "DE-XX"}, {}, "This country has BB, BE"),
            (
                {"holidays": "DE", "closed_on_holidays": True},
                {"on_holidays": "only"},
                "Primary counts on public holidays alone, on which nobody is meant to be on call.",
            ),
        ],
    )
    def test_what_cannot_be_meant_is_refused(
        self, alice: User, terms: dict[str, Any], layer: dict[str, Any], says: str
    ) -> None:
        with pytest.raises(operations.Meaningless, match=says):
            made(spec(alice, **layer), **terms)

    def test_the_calendar_marks_them_and_the_editor_and_the_api_keep_them(
        self, ada: User, alice: User
    ) -> None:
        schedule = made(spec(alice, on_holidays="never"), holidays="DE-BY", passes_over_absent=True)
        own = cast.sign_in(Client(), ada)
        drawn = own.get("/on-call/payments/?from=2026-05-01&view=week").content.decode()
        assert "Fri 1 May: Erster Mai, in DE-BY" in drawn
        form = own.get("/on-call/payments/edit/").content.decode()
        assert '<option value="DE" selected>Germany</option>' in form
        assert '<option value="never" selected>it does not count</option>' in form
        api, path = cast.caller(ada), "/api/v1/schedules/payments/"
        shown = api.get(path).json()
        assert (shown["holidays"], shown["closed_on_holidays"], shown["passes_over_absent"]) == (
            "DE-BY",
            False,
            True,
        )
        assert shown["layers"][0]["on_holidays"] == "never"
        body: dict[str, Any] = {
            "layers": [shown["layers"][0] | {"on_holidays": "only"}],
            "holidays": "AT",
            "accept_gaps": True,
        }
        body["layers"][0].pop("id")
        assert api.put(path, body, format="json").json()["layers"][0]["on_holidays"] == "only"
        assert api.get(path).json()["passes_over_absent"] is True
        wrong = api.put(path, body | {"holidays": "XX"}, format="json")
        assert (wrong.status_code, list(wrong.json()["errors"])) == (400, ["holidays"])
        assert queries.version_at(schedule, timezone.now() + DAY).holidays == "AT"  # type: ignore[union-attr]


class TestPassingOver:
    def test_who_is_away_is_passed_over_for_that_time_and_the_reason_says_so(
        self, alice: User, bob: User
    ) -> None:
        start = timezone.now() + 3 * DAY
        schedule = made(spec(alice, bob), passes_over_absent=True)
        has = who(schedule, start)[0]
        (away,), other = [user for user in (alice, bob) if user.pk in has], None
        other = bob if away == alice else alice
        absences.add(away, start=start, end=start + timedelta(hours=5))
        assert who(schedule, start - timedelta(seconds=1))[0] == (away.pk,)
        users, _, reason = who(schedule, start)
        assert users == (other.pk,)
        assert reason.endswith("the next in turn because who has it is away")
        assert who(schedule, start + timedelta(hours=5))[0] == (away.pk,)

    def test_where_nobody_else_is_left_whoever_is_away_stays_and_it_is_said(self, alice: User) -> None:
        schedule = made(spec(alice), passes_over_absent=True)
        start = timezone.now() + DAY
        absences.add(alice, start=start, end=start + DAY)
        users, _, reason = who(schedule, start)
        assert users == (alice.pk,)
        assert reason.endswith("also while away because nobody else is left")
        found = [each.kind for each in lookahead.worries(timezone.now())[schedule.pk]]
        assert "away_on_call" in found

    def test_without_the_option_an_absence_takes_nobody_off(self, alice: User, bob: User) -> None:
        schedule = made(spec(alice, bob))
        start = timezone.now() + DAY
        before = who(schedule, start)
        for user in (alice, bob):
            absences.add(user, start=start, end=start + DAY)
        assert who(schedule, start) == before

    def test_an_override_puts_somebody_on_call_who_is_away(self, alice: User, bob: User) -> None:
        schedule = made(spec(alice), passes_over_absent=True)
        start = timezone.now() + DAY
        absences.add(bob, start=start, end=start + DAY)
        operations.add_override(schedule, start=start, end=start + DAY, user=bob, actor=None)
        assert who(schedule, start)[0] == (bob.pk,)

    def test_an_absence_that_is_entered_or_taken_back_late_rewrites_nothing(
        self, alice: User, bob: User
    ) -> None:
        schedule = made(spec(alice, bob), passes_over_absent=True)
        now = timezone.now()
        (pk,) = who(schedule, now)[0]
        away, other = (alice, bob) if pk == alice.pk else (bob, alice)
        made_now = absences.add(away, start=now - timedelta(hours=3), end=now + 3 * timedelta(hours=1))
        Absence.objects.update(created_at=now)
        assert who(schedule, now - timedelta(hours=1))[0] == (away.pk,)
        assert who(schedule, now + timedelta(seconds=1))[0] == (other.pk,)
        with time_machine.travel(now + timedelta(hours=1), tick=False):
            absences.remove(made_now)
            assert who(schedule, now + timedelta(minutes=30))[0] == (other.pk,)
            assert who(schedule, now + timedelta(hours=1))[0] == (away.pk,)

    def test_whose_duty_changes_by_it_hears_of_it(self, alice: User, bob: User) -> None:
        schedule = made(spec(alice, bob), passes_over_absent=True)
        handoffs.extend()
        hear()
        start = timezone.now() + 30 * DAY
        (pk,) = who(schedule, start)[0]
        away, other = (alice, bob) if pk == alice.pk else (bob, alice)
        absences.add(away, start=start, end=start + timedelta(hours=6))
        hear()
        assert Event.objects.filter(name="schedule.changed").count() == 2
        assert [each.user_id for each in Message.objects.all()] == [other.pk]

    def test_the_schedule_behind_passes_over_by_its_own_option_alone(self, alice: User, bob: User) -> None:
        primary = made(spec(alice, bob))
        second = operations.create(
            name="Second", slug="second", time_zone="Europe/Berlin", actor=None,
            terms=operations.Terms(stands_behind=primary, offset=1, passes_over_absent=True),
        )  # fmt: skip
        start = timezone.now() + DAY
        (first,), (backup,) = who(primary, start)[0], who(second, start)[0]
        assert {first, backup} == {alice.pk, bob.pk}
        away = alice if backup == alice.pk else bob
        absences.add(away, start=start, end=start + DAY)
        assert who(primary, start)[0] == (first,)
        users, _, reason = who(second, start)
        assert users == (backup,)
        assert reason.endswith("also while away because nobody else is left")
