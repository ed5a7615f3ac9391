"""Time off is proposed once for what people went through, planned by them, and seen by who may know why."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from core.events.models import Event
from core.outbox.models import Message
from core.timers import operations as timers
from core.timers.models import Timer
from incidents.lifecycle import operations as lifecycle
from incidents.models import Incident
from oncall.absences.models import Absence
from oncall.alerts.models import Alert
from oncall.lookahead import queries as lookahead
from oncall.models import Page, TimeOff, TimeOffTerms
from oncall.nights import operations as nights
from oncall.schedules import registry
from oncall.timeoff import operations, queries
from oncall.timeoff.rules import Terms
from tests import cast
from tests.oncall.load.test_load import made_in_january, paged

if TYPE_CHECKING:
    from pytest_django import DjangoAssertNumQueries

    from core.accounts.models import Team, User

pytestmark = pytest.mark.django_db
MINE, TEAM, TERMS = "/me/load/time-off/", "/teams/payments/load/time-off/", "/on-call/-/time-off/"
API, API_TERMS = "/api/v1/time-off/", "/api/v1/time-off-terms/"


def last_night(clock: str, *, ago: int = 1) -> str:
    """A time of the night to today, or to so many days before."""
    return f"{timezone.now().date() - timedelta(days=ago - 1)}T{clock}"


def in_the_morning(*, ago: int = 0) -> datetime:
    """Ten o'clock of today or of a day before: the night is over."""
    return datetime.combine(timezone.now().date() - timedelta(days=ago), time(10), UTC)


@pytest.fixture(autouse=True)
def limit_of_three() -> None:
    nights.set_limit(3, actor=None)


def hard_night(user: User, *, ago: int = 1) -> None:
    for number, clock in enumerate(("00:40", "02:47", "04:10", "05:05")):
        paged(user, cast.alert(f"Alert {number} {ago}"), last_night(clock, ago=ago))


def proposed(user: User, **given: Any) -> TimeOff:
    hard_night(user)
    assert operations.propose(in_the_morning()) == 1
    return TimeOff.objects.get(user=user)


def terms(actor: User, team: Team | None = None, **given: Any) -> TimeOffTerms:
    usual = {
        "per_night": 8,
        "per_weekend": 0,
        "per_incident": 8,
        "woken_minutes": 60,
        "severity": cast.severity("SEV1"),
        "days": 14,
    }
    return operations.set_terms(team=team, actor=actor, **{**usual, **given})


def tomorrow(hour: int, *, days: int = 1) -> datetime:
    return datetime.combine(timezone.now().date() + timedelta(days=days), time(hour), UTC)


def plan(row: TimeOff, **given: Any) -> TimeOff:
    return operations.plan(row, start=tomorrow(9), end=tomorrow(17), actor=row.user, **given)


def due(kind: str, row: TimeOff, occurrence: str) -> None:
    """Let a promise be due, and keep it."""
    found = Timer.objects.filter(kind=kind, subject_id=row.pk, occurrence=occurrence)
    assert found.update(due_at=timezone.now() - timedelta(hours=1)) == 1
    timers.run_due()
    assert found.get().done_at is not None


class TestNights:
    def test_four_pages_with_a_limit_of_three_earn_a_day(self, alice: User) -> None:
        """J21, R147 and R308."""
        made_in_january(cast.always(alice))
        row = proposed(alice)
        today = timezone.now().date()
        assert (row.why, row.day, row.hours, row.count) == ("night", today, Decimal(8), 4)
        assert row.take_by == today + timedelta(days=14)
        assert row.pages.count() == 4
        mail = Message.objects.get(client=operations.CLIENT)
        assert mail.address == "alice@example.com"
        assert mail.content["subject"] == f"8 hours off for the night to {today:%A %d %b %Y}"
        assert f"by {row.take_by:%A %d %b %Y}" in mail.content["text"]
        assert mail.content["url"].endswith(MINE)
        assert [wish.button for wish in registry.wishes(alice)] == ["Plan"]
        assert Event.objects.get(name="time_off.changed").payload["what"] == "proposed"

    def test_the_same_night_never_proposes_twice(self, alice: User) -> None:
        row = proposed(alice)
        assert operations.propose(in_the_morning()) == 0
        paged(alice, cast.alert("A fifth"), last_night("05:30"))
        assert operations.propose(in_the_morning()) == 0
        operations.decline(row, actor=alice)
        assert operations.propose(in_the_morning()) == 0
        assert TimeOff.objects.count() == Message.objects.filter(client=operations.CLIENT).count() == 1

    def test_a_night_within_its_limit_earns_nothing(self, alice: User) -> None:
        for number, clock in enumerate(("00:40", "02:47", "04:10")):
            paged(alice, cast.alert(f"Alert {number}"), last_night(clock))
        assert operations.propose(in_the_morning()) == 0

    def test_what_went_to_others_over_the_limit_came_all_the_same(self, alice: User) -> None:
        hard_night(alice)
        Page.objects.filter(pk=Page.objects.latest("pk").pk).update(over_limit="passed_over", sent_at=None)
        assert operations.propose(in_the_morning()) == 1

    def test_one_page_that_took_two_hours_is_enough(self, alice: User) -> None:
        about = cast.alert()
        paged(alice, about, last_night("02:00"))
        start = datetime.fromisoformat(last_night("02:00")).replace(tzinfo=UTC)
        Page.objects.update(acknowledged_at=start + timedelta(minutes=3), status="acknowledged")
        Alert.objects.filter(pk=about.pk).update(resolved_at=start + timedelta(hours=2), status="resolved")
        assert operations.propose(in_the_morning()) == 1
        row = TimeOff.objects.get()
        assert (row.count, row.awake_minutes) == (1, 120)

    def test_a_night_that_is_not_over_and_one_of_last_week_earn_nothing(self, alice: User) -> None:
        hard_night(alice)
        hard_night(alice, ago=6)
        before = in_the_morning() - timedelta(hours=2)
        assert operations.propose(before) == 0
        assert operations.propose(in_the_morning()) == 1

    def test_the_night_is_that_of_the_person_s_own_clock(self, alice: User) -> None:
        type(alice).objects.filter(pk=alice.pk).update(time_zone="America/New_York")
        hard_night(alice)
        assert operations.propose(in_the_morning()) == 0
        assert operations.propose(in_the_morning() + timedelta(hours=5)) == 1
        assert TimeOff.objects.get().time_zone == "America/New_York"

    def test_a_game_day_earns_nothing(self, alice: User) -> None:
        for number, clock in enumerate(("00:40", "02:47", "04:10", "05:05")):
            paged(alice, cast.incident(f"Drill {number}", drill=True), last_night(clock))
        assert operations.propose(in_the_morning()) == 0

    def test_it_goes_by_the_terms_of_the_team_whose_duty_it_was(self, alice: User, ada: User) -> None:
        made_in_january(cast.always(alice))
        terms(ada, per_night=4)
        terms(ada, cast.team(), per_night=6, days=7)
        row = proposed(alice)
        assert (row.hours, row.team, row.take_by - row.day) == (Decimal(6), cast.team(), timedelta(days=7))

    def test_who_is_in_no_schedule_has_the_terms_of_every_team(self, alice: User, ada: User) -> None:
        terms(ada, per_night=4)
        terms(ada, cast.team(), per_night=6)
        row = proposed(alice)
        assert (row.hours, row.team) == (Decimal(4), None)

    def test_terms_of_nothing_propose_nothing(self, alice: User, ada: User) -> None:
        terms(ada, per_night=0)
        hard_night(alice)
        assert operations.propose(in_the_morning()) == 0

    def test_who_left_is_offered_nothing(self, alice: User) -> None:
        hard_night(alice)
        type(alice).objects.filter(pk=alice.pk).update(is_active=False)
        assert operations.propose(in_the_morning()) == 0

    def test_a_correction_takes_nothing_back(self, alice: User) -> None:
        row = plan(proposed(alice))
        Page.objects.all().delete()
        assert operations.propose(in_the_morning()) == 0
        row.refresh_from_db()
        assert (row.state, row.count) == ("planned", 4)


class TestWeekends:
    def sunday(self) -> date:
        today = timezone.now().date()
        return today - timedelta(days=today.weekday() + 1)

    def after(self) -> datetime:
        return datetime.combine(self.sunday() + timedelta(days=1), time(8), UTC)

    def test_a_weekend_on_call_earns_what_the_terms_say(self, alice: User, ada: User) -> None:
        made_in_january(cast.always(alice))
        terms(ada, per_weekend=16)
        assert operations.propose(self.after()) == 1
        row = TimeOff.objects.get()
        assert (row.why, row.hours, row.team) == ("weekend", Decimal(16), cast.team())
        assert row.day == self.sunday() - timedelta(days=1)
        assert operations.propose(self.after() + timedelta(days=1)) == 0

    def test_half_of_a_weekend_earns_a_half(self, alice: User, bob: User, ada: User) -> None:
        schedule = made_in_january(cast.always(alice))
        start = datetime.combine(self.sunday(), time(0), UTC)
        schedule.overrides.create(user=bob, start=start, end=start + timedelta(days=1))
        terms(ada, per_weekend=16)
        assert operations.propose(self.after()) == 2
        assert {row.user: row.hours for row in TimeOff.objects.select_related("user")} == {
            alice: Decimal(8),
            bob: Decimal(8),
        }

    def test_without_a_word_of_a_manager_weekends_earn_nothing(self, alice: User) -> None:
        made_in_january(cast.always(alice))
        assert operations.propose(self.after()) == 0


def resolved(**given: Any) -> Incident:
    found = cast.incident(severity=given.pop("severity", "SEV1"), **given)
    at = in_the_morning() - timedelta(hours=1)
    Incident.objects.filter(pk=found.pk).update(status="resolved", resolved_at=at, declared_at=at)
    return found


class TestIncidents:
    def test_who_had_a_role_or_came_when_paged_is_offered_a_day(
        self, alice: User, bob: User, carol: User
    ) -> None:
        found = resolved(by=alice)
        commander = found.roles.get(ended_at=None).user
        run = cast.escalation(found, None)
        for number, (user, came) in enumerate(((bob, timezone.now()), (carol, None))):
            Page.objects.create(
                escalation=run,
                user=user,
                position=number,
                planned_at=timezone.now(),
                sent_at=timezone.now(),
                acknowledged_at=came,
            )
        assert operations.propose(in_the_morning()) == 2
        rows = TimeOff.objects.filter(why="incident")
        assert {row.user for row in rows} == {commander, bob}
        assert {(row.hours, row.incident) for row in rows} == {(Decimal(8), found)}

    @pytest.mark.parametrize("given", [{"severity": "SEV2"}, {"drill": True}])
    def test_a_lesser_one_and_a_game_day_earn_nothing(self, alice: User, given: dict[str, Any]) -> None:
        resolved(by=alice, **given)
        assert operations.propose(in_the_morning()) == 0

    def test_from_which_level_on_is_said_by_the_terms(self, alice: User, ada: User) -> None:
        resolved(by=alice, severity="SEV2")
        terms(ada, cast.team(), severity=cast.severity("SEV2"), per_incident=12)
        assert operations.propose(in_the_morning()) == 1
        assert TimeOff.objects.get().hours == Decimal(12)
        TimeOff.objects.all().delete()
        terms(ada, cast.team(), severity=None)
        assert operations.propose(in_the_morning()) == 0

    def test_an_incident_and_the_night_that_it_alone_broke_earn_the_more_of_the_two(
        self, alice: User, ada: User
    ) -> None:
        found = resolved(by=alice)
        terms(ada, per_night=6, per_incident=10, woken_minutes=30)
        start = datetime.fromisoformat(last_night("02:00")).replace(tzinfo=UTC)
        paged(alice, found, last_night("02:00"))
        Page.objects.update(acknowledged_at=start + timedelta(minutes=40))
        at = in_the_morning() + timedelta(hours=3)
        Incident.objects.update(resolved_at=at)
        assert operations.propose(in_the_morning()) == 1
        assert operations.propose(at) == 1
        assert operations.propose(at + timedelta(hours=1)) == 0
        assert {row.why: row.hours for row in TimeOff.objects.all()} == {
            "night": Decimal(6),
            "incident": Decimal(4),
        }


class TestPlanning:
    def test_what_is_planned_is_an_absence_that_schedules_respect(self, alice: User, bob: User) -> None:
        """R308: the look ahead finds the shift, and suggestions put the person last."""
        schedule = made_in_january(cast.always(alice))
        row = plan(proposed(alice))
        absence = Absence.objects.get()
        assert (row.state, row.absence) == ("planned", absence)
        assert (absence.start, absence.end, absence.note) == (tomorrow(9), tomorrow(17), "Time off")
        kinds = {worry.kind for worry in lookahead.worries_of(schedule, timezone.now())}
        assert "away_on_call" in kinds
        (fit, last) = registry.ranked(tomorrow(9), tomorrow(17), [alice, bob])
        assert (fit.user_id, last.user_id) == (bob.pk, alice.pk)
        assert "away then" in last.against
        page = cast.sign_in(Client(), alice).get(MINE).content.decode()
        assert "You stay on call until somebody covers it." in page
        assert f"/on-call/{schedule.slug}/-/shift/?at=" in page

    def test_it_is_taken_once_its_time_is_over(self, alice: User) -> None:
        row = plan(proposed(alice))
        past = timezone.now() - timedelta(minutes=1)
        TimeOff.objects.update(start=past - timedelta(hours=8), end=past)
        due(operations.OVER, row, "plan-2")
        row.refresh_from_db()
        assert row.state == "taken"
        assert Event.objects.filter(name="time_off.changed").latest("pk").payload["what"] == "taken"

    def test_another_plan_replaces_the_first_and_the_old_end_ends_nothing(self, alice: User) -> None:
        row = plan(proposed(alice))
        later = operations.plan(row, start=tomorrow(9, days=3), end=tomorrow(17, days=3), actor=alice)
        assert [each.start for each in Absence.objects.all()] == [tomorrow(9, days=3)]
        due(operations.OVER, row, "plan-2")
        later.refresh_from_db()
        assert later.state == "planned"

    def test_what_was_taken_already_is_no_absence_to_come(self, alice: User) -> None:
        hard_night(alice, ago=3)
        operations.propose(in_the_morning(ago=2))
        row = TimeOff.objects.get()
        start = in_the_morning(ago=2)
        done = operations.plan(row, start=start, end=start + timedelta(hours=8), actor=alice)
        assert done.state == "taken"
        assert not Absence.objects.exists()

    def test_a_plan_and_a_refusal_can_be_taken_back(self, alice: User) -> None:
        row = plan(proposed(alice))
        operations.reopen(row, actor=alice)
        assert not Absence.objects.exists()
        operations.decline(row, reason="Not needed", actor=alice)
        assert TimeOff.objects.get().reason == "Not needed"
        assert operations.reopen(row, actor=alice).state == "proposed"
        assert TimeOff.objects.get().reason == ""

    @pytest.mark.parametrize(
        ("start", "end", "words"),
        [
            ((1, 17), (1, 9), "end after it starts"),
            ((-3, 9), (-3, 17), "cannot be taken before"),
            ((15, 9), (15, 17), "is the last day"),
        ],
    )
    def test_times_that_make_no_sense_are_refused_at_the_field(
        self, alice: User, start: tuple[int, int], end: tuple[int, int], words: str
    ) -> None:
        row = proposed(alice)
        begins, ends = (tomorrow(hour, days=days) for days, hour in (start, end))
        with pytest.raises(operations.Unfit, match=words):
            operations.plan(row, start=begins, end=ends, actor=alice)
        given = {"start": f"{begins:%Y-%m-%dT%H:%M}", "end": f"{ends:%Y-%m-%dT%H:%M}", "version": 1}
        answer = cast.sign_in(Client(), alice).post(f"{MINE}{row.pk}/plan/", given)
        assert answer.status_code == 422
        page = answer.content.decode()
        assert words in page
        assert f'value="{given["start"]}"' in page
        body = {"start": begins.isoformat(), "end": ends.isoformat()}
        refused = cast.caller(alice).post(f"{API}{row.pk}/plan/", body, format="json")
        assert refused.status_code == 409
        assert words in refused.json()["detail"]
        assert TimeOff.objects.get().version == 1

    def test_whoever_looked_before_it_was_changed_is_told_and_loses_nothing(self, alice: User) -> None:
        row = plan(proposed(alice))
        client = cast.sign_in(Client(), alice)
        given = {"start": f"{tomorrow(10):%Y-%m-%dT%H:%M}", "end": f"{tomorrow(18):%Y-%m-%dT%H:%M}"}
        answer = client.post(f"{MINE}{row.pk}/plan/", {**given, "version": 1})
        assert answer.status_code == 422
        assert "changed meanwhile" in answer.content.decode()
        assert client.post(f"{MINE}{row.pk}/plan/", {**given, "version": 2}).status_code == 302
        assert TimeOff.objects.get().start == tomorrow(10)

    def test_time_off_is_not_removed_with_the_absences(self, alice: User) -> None:
        plan(proposed(alice))
        absence = Absence.objects.get()
        client = cast.sign_in(Client(), alice)
        assert client.post(f"/me/absences/{absence.pk}/remove/").status_code == 404
        assert cast.caller(alice).delete(f"/api/v1/users/me/absences/{absence.pk}/").status_code == 404
        assert f'href="{MINE}"' in client.get("/me/absences/").content.decode()

    def test_a_program_plans_declines_and_takes_back(self, alice: User) -> None:
        row = proposed(alice)
        program = cast.caller(alice)
        body = {"start": tomorrow(9).isoformat(), "end": tomorrow(17).isoformat()}
        planned = program.post(f"{API}{row.pk}/plan/", body, format="json")
        assert (planned.status_code, planned.json()["state"]) == (200, "planned")
        stale = program.post(f"{API}{row.pk}/decline/", {}, format="json", headers={"If-Match": '"old"'})
        assert stale.status_code == 412
        assert program.post(f"{API}{row.pk}/decline/", {}, format="json").json()["state"] == "declined"
        assert program.post(f"{API}{row.pk}/reopen/", {}, format="json").json()["state"] == "proposed"
        assert [each["id"] for each in program.get(API).json()] == [str(row.pk)]


class TestDeadlines:
    def test_the_person_is_reminded_then_with_their_managers_and_then_it_is_lost(
        self, alice: User, mona: User
    ) -> None:
        row = proposed(alice)
        told = Message.objects.filter(client=operations.CLIENT).exclude(key__contains="proposed")
        due(operations.DAY, row, "remind")
        assert [mail.address for mail in told] == ["alice@example.com"]
        due(operations.DAY, row, "lose")
        assert sorted(mail.address for mail in told.filter(key__contains="lose")) == [
            "alice@example.com",
            "mona@example.com",
        ]
        mail = told.get(address="mona@example.com")
        assert mail.content["subject"] == "Alice Example is about to lose 8 hours off"
        TimeOff.objects.update(take_by=timezone.now().date() - timedelta(days=1))
        due(operations.OVER, row, "last-day")
        assert TimeOff.objects.get().state == "expired"
        with pytest.raises(operations.NotNow):
            plan(row)

    def test_nobody_is_reminded_of_what_is_planned(self, alice: User, mona: User) -> None:
        row = plan(proposed(alice))
        due(operations.DAY, row, "remind")
        due(operations.DAY, row, "lose")
        mails = Message.objects.filter(client=operations.CLIENT)
        assert [mail.key.split("-")[3] for mail in mails] == ["proposed"]
        assert set(operations.unwanted(list(mails)).values()) == {"it is not to be planned any more"}


class TestWho:
    def test_managers_see_their_people_by_name_and_others_nobody(
        self, alice: User, bob: User, mona: User, ada: User
    ) -> None:
        for user in (bob, alice):
            hard_night(user)
        assert operations.propose(in_the_morning()) == 2
        for user, wanted in ((mona, 200), (ada, 200), (alice, 403), (cast.mallory(), 403)):
            client, program = cast.sign_in(Client(), user), cast.caller(user)
            assert client.get(TEAM).status_code == client.get(f"{TEAM}export.csv").status_code == wanted
            assert program.get(f"{API}?team=payments").status_code == wanted
        rows = cast.caller(mona).get(f"{API}?team=payments&ordering=-hours").json()
        assert [row["name"] for row in rows] == ["Alice Example", "Bob Example"]
        page = cast.sign_in(Client(), mona).get(TEAM).content.decode().partition("<main")[2]
        assert page.index("Alice Example") < page.index("Bob Example")
        lines = list(
            csv.DictReader(
                io.StringIO(cast.sign_in(Client(), mona).get(f"{TEAM}export.csv").content.decode())
            )
        )
        assert [(line["person"], line["hours"], line["state"]) for line in lines] == [
            ("Alice Example", "8.00", "proposed"),
            ("Bob Example", "8.00", "proposed"),
        ]

    def test_nobody_touches_what_is_somebody_else_s(self, alice: User, mona: User) -> None:
        row = proposed(alice)
        client, program = cast.sign_in(Client(), mona), cast.caller(mona)
        for verb in ("plan", "decline", "reopen"):
            assert client.post(f"{MINE}{row.pk}/{verb}/").status_code == 404
            assert client.get(f"{MINE}{row.pk}/{verb}/").status_code == 405
            assert program.post(f"{API}{row.pk}/{verb}/", {}, format="json").status_code == 404
        assert program.get(f"{API}{row.pk}/").status_code == 404

    def test_what_a_private_incident_earned_is_for_its_members_and_the_person(
        self, alice: User, mona: User, ada: User
    ) -> None:
        leak = resolved(by=alice, title="Leak", private=True)
        for number, clock in enumerate(("00:40", "02:47", "04:10")):
            paged(alice, cast.alert(f"Alert {number}"), last_night(clock))
        paged(alice, leak, last_night("05:05"))
        assert operations.propose(in_the_morning()) == 2
        today = timezone.localdate()
        span = {"first": today - timedelta(days=9), "last": today}
        assert len(queries.seen([alice], alice, **span)) == 2
        for user in (mona, ada):
            assert queries.seen([alice], user, **span) == []
            assert cast.caller(user).get(f"{API}?team=payments").json() == []
            assert (
                "Alice" not in cast.sign_in(Client(), user).get(TEAM).content.decode().partition("<main")[2]
            )
        night, incident = TimeOff.objects.get(why="night"), TimeOff.objects.get(why="incident")
        for row in (night, incident):
            assert [user.pk for user in queries.readers(row)] == []
        lifecycle.invite(leak, user=mona, actor=alice)
        assert {row.why for row in queries.seen([alice], mona, **span)} == {"night", "incident"}

    def test_a_night_that_was_hard_without_the_private_incident_is_seen_with_those_figures(
        self, alice: User, mona: User
    ) -> None:
        hard_night(alice)
        paged(alice, cast.incident("Leak", by=alice, private=True, severity="SEV3"), last_night("05:30"))
        assert operations.propose(in_the_morning()) == 1
        today = timezone.localdate()
        counts = {
            user: [
                row.count for row in queries.seen([alice], user, first=today - timedelta(days=9), last=today)
            ]
            for user in (alice, mona)
        }
        assert counts == {alice: [5], mona: [4]}
        assert mona in queries.readers(TimeOff.objects.get())

    def test_an_admin_s_list_names_no_private_incident_either(self, alice: User, ada: User) -> None:
        resolved(by=alice, title="Leak", private=True)
        operations.propose(in_the_morning())
        assert TimeOff.objects.public_to(alice).count() == 1
        assert TimeOff.objects.public_to(ada).count() == 0


class TestTerms:
    FORM = {"per_night": "4", "per_weekend": "16", "per_incident": "8", "woken_minutes": "45", "days": "10"}

    def test_a_manager_sets_those_of_their_team_and_no_others(self, mona: User) -> None:
        for team in (cast.team("Elsewhere"), None):
            with pytest.raises(PermissionDenied):
                terms(mona, team)
        client, program = cast.sign_in(Client(), mona), cast.caller(mona)
        assert client.post(TERMS, {**self.FORM, "team": ""}).status_code == 422
        made = client.post(TERMS, {**self.FORM, "team": cast.team().pk, "severity": cast.severity("SEV2").pk})
        assert made.status_code == 302
        row = TimeOffTerms.objects.get()
        assert (row.per_night, row.per_weekend, row.woken_minutes, row.days) == (4, 16, 45, 10)
        page = client.get(TERMS).content.decode()
        assert "4 h for a hard night" in page
        assert "8 h after an incident of SEV2 or worse" in page
        again = program.post(API_TERMS, {"team": "payments", "severity": None, "days": 7}, format="json")
        assert (again.status_code, again.json()["days"], again.json()["severity"]) == (201, 7, None)
        assert TimeOffTerms.objects.count() == 1
        assert program.get(f"{API_TERMS}{row.pk}/").json()["team"] == "payments"
        assert Event.objects.filter(name="time_off_terms.changed").count() == 2

    @pytest.mark.parametrize(
        "wrong", [{"per_night": "81"}, {"per_weekend": "-1"}, {"days": "0"}, {"woken_minutes": "x"}]
    )
    def test_what_makes_no_sense_is_refused(self, mona: User, wrong: dict[str, str]) -> None:
        refused = cast.sign_in(Client(), mona).post(TERMS, {**self.FORM, "team": cast.team().pk, **wrong})
        assert refused.status_code == 422
        body = {"team": "payments", "severity": None, **self.FORM, **wrong}
        assert cast.caller(mona).post(API_TERMS, body, format="json").status_code == 400
        assert not TimeOffTerms.objects.exists()

    def test_who_configures_nothing_sees_none(self, alice: User, ada: User) -> None:
        terms(ada)
        assert cast.sign_in(Client(), alice).get(TERMS).status_code == 403
        assert cast.caller(alice).get(API_TERMS).json()["results"] == []

    def test_what_the_documents_say_is_the_default(self) -> None:
        assert queries.by_team() == {None: Terms(8, 0, 8, 60, 1, 14)}


def test_ten_people_take_as_many_queries_as_one(
    alice: User, mona: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    people = [alice, *(cast.person(f"P{number}", team=cast.team()) for number in range(9))]
    for user in people:
        hard_night(user)
    assert operations.propose(in_the_morning()) == 10
    client, today = cast.sign_in(Client(), mona), timezone.localdate()
    with django_assert_max_num_queries(4):
        assert len(queries.seen(people, mona, first=today - timedelta(days=9), last=today)) == 10
    with django_assert_max_num_queries(30):
        client.get(TEAM)
