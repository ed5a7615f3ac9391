"""What is paid, who says so, and who may know it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from core.events.models import Event
from oncall.load import operations
from oncall.models import PayRates
from tests import cast
from tests.oncall.load.test_load import load, made_in_january, paged, table

if TYPE_CHECKING:
    from core.accounts.models import Team, User

pytestmark = pytest.mark.django_db
RATES, PAY = "/on-call/-/pay-rates/", "/api/v1/insights/pay/"
WEEK = ("2026-10-19", "2026-10-26")
FORM = {"since": "2026-01-01", "currency": "eur", "per_week": "200", "per_weekend": "500"} | {
    f"per_{what}": "0" for what in ("holiday", "hour", "night")
}


def rates(actor: User, team: Team | None = None, since: str = "2026-01-01", **given: Any) -> PayRates:
    amounts = {"currency": "USD", "per_week": Decimal(200), "per_weekend": Decimal(500)}
    return operations.set_rates(
        team=team, since=date.fromisoformat(since), actor=actor, **{**amounts, **given}
    )


def paid(user: User, **given: Any) -> dict[str, str]:
    found = load(user, *WEEK, **given)
    return {f"{line.team} {line.what.value}".strip(): str(line.amount) for line in found.paid}


@pytest.fixture
def turns(alice: User, bob: User) -> None:
    """Alice and Bob take turns, each from Monday 9:00 UTC for a week."""
    made_in_january(cast.weekly(alice, bob))


def test_a_primary_week_is_paid_700_if_the_rates_add(turns: None, alice: User, bob: User, ada: User) -> None:
    """J07, by the schedule and not by numbers."""
    rates(ada)
    one = next(user for user in (alice, bob) if load(user, *WEEK).hours.weeks == 1)
    assert load(one, *WEEK).totals == [("USD", Decimal("700.00"))]
    rates(ada, adds=False)
    assert load(one, *WEEK).totals == [("USD", Decimal("642.86"))]


def test_whether_the_secondary_is_paid_is_a_setting(alice: User, bob: User, ada: User) -> None:
    primary = made_in_january(cast.always(alice))
    behind = made_in_january(cast.always(bob, name="Payments secondary"))
    behind.versions.update(stands_behind=primary)
    rates(ada, per_weekend=Decimal())
    assert paid(bob) == paid(alice) == {"Payments week": "228.57"}
    rates(ada, per_weekend=Decimal(), pays_secondary=False)
    assert (paid(bob), paid(alice)) == ({}, {"Payments week": "228.57"})


def test_a_team_s_own_rates_come_before_those_of_all_from_their_date_on(alice: User, ada: User) -> None:
    made_in_january(cast.always(alice))
    rates(ada, per_weekend=Decimal())
    rates(ada, cast.team(), since="2026-10-24", per_week=Decimal(700), per_weekend=Decimal())
    found = [(line.rate, line.amount) for line in load(alice, *WEEK).paid]
    assert found == [(Decimal(200), Decimal("142.86")), (Decimal(700), Decimal("300.00"))]


def test_a_broken_night_is_paid_once_by_the_team_on_whose_duty_it_was(
    alice: User, mona: User, ada: User
) -> None:
    made_in_january(cast.always(alice))
    rates(ada, cast.team(), per_week=Decimal(), per_weekend=Decimal(), per_night=Decimal(30))
    paged(alice, cast.alert(), "2026-10-20T02:00", "2026-10-21T03:00")
    paged(alice, cast.alert("Another"), "2026-10-20T04:00")
    assert paid(alice) == paid(alice, viewer=mona) == {"Payments night": "60.00"}
    paged(alice, cast.incident("Leak", by=alice, private=True), "2026-10-22T02:00")
    assert paid(alice) == {"Payments night": "90.00"}
    assert paid(alice, viewer=mona) == {"Payments night": "60.00"}


def test_two_schedules_of_a_team_at_once_are_paid_once(alice: User, ada: User) -> None:
    for name in ("One", "Two"):
        made_in_january(cast.always(alice, name=name))
    rates(ada, per_weekend=Decimal())
    assert paid(alice) == {"Payments week": "228.57"}


def test_rates_of_the_same_date_are_replaced_and_each_change_is_told(ada: User) -> None:
    first, second = rates(ada), rates(ada, per_week=Decimal(1))
    assert first.pk == second.pk
    assert PayRates.objects.get().per_week == 1
    told = Event.objects.filter(name="pay_rates.changed").order_by("pk")
    assert [event.payload["since"] for event in told] == ["2026-01-01", "2026-01-01"]


class TestWho:
    def test_a_manager_sets_those_of_their_team_and_no_others(self, mona: User) -> None:
        other = cast.team("Elsewhere")
        rates(mona, cast.team())
        for team in (other, None):
            with pytest.raises(PermissionDenied):
                rates(mona, team)
        client = cast.sign_in(Client(), mona)
        for key in (str(other.pk), ""):
            refused = client.post(RATES, {**FORM, "team": key, "since": "2026-03-01"})
            assert refused.status_code == 422
        program = cast.caller(mona)
        assert (
            program.post(
                "/api/v1/pay-rates/", {"since": "2026-03-01", "currency": "EUR"}, format="json"
            ).status_code
            == 403
        )
        assert PayRates.objects.count() == 1

    def test_it_is_set_by_a_form_and_by_a_program(self, mona: User) -> None:
        client, program = cast.sign_in(Client(), mona), cast.caller(mona)
        team = cast.team()
        assert client.post(RATES, {**FORM, "team": team.pk}).status_code == 302
        row = PayRates.objects.get()
        assert (row.currency, row.per_weekend, row.adds) == ("EUR", Decimal(500), False)
        body = {"team": "payments", "since": "2026-05-01", "currency": "EUR", "per_hour": "2.50"}
        made = program.post("/api/v1/pay-rates/", body, format="json")
        assert (made.status_code, made.json()["per_hour"]) == (201, "2.50")
        listed = program.get("/api/v1/pay-rates/").json()["results"]
        assert {each["since"] for each in listed} == {"2026-01-01", "2026-05-01"}
        assert "2.50 per hour" in client.get(RATES).content.decode()

    @pytest.mark.parametrize(
        "wrong",
        [
            {"since": "1999-01-01"},
            {"currency": "EURO"},
            {"per_week": "-1"},
            {"per_week": "1e9"},
            {"since": ""},
        ],
    )
    def test_what_makes_no_sense_is_refused(self, mona: User, wrong: dict[str, str]) -> None:
        refused = cast.sign_in(Client(), mona).post(RATES, {**FORM, "team": cast.team().pk, **wrong})
        assert refused.status_code == 422
        given = {"team": "payments", "since": "2026-01-01", "currency": "EUR", **wrong}
        assert cast.caller(mona).post("/api/v1/pay-rates/", given, format="json").status_code == 400
        assert not PayRates.objects.exists()

    def test_only_who_configures_sees_rates_and_only_those_of_their_teams(
        self, alice: User, mona: User, ada: User
    ) -> None:
        rates(ada, cast.team("Elsewhere"), per_week=Decimal(4321))
        rates(ada)
        assert cast.sign_in(Client(), alice).get(RATES).status_code == 403
        assert cast.caller(alice).get("/api/v1/pay-rates/").json()["results"] == []
        page = cast.sign_in(Client(), mona).get(RATES).content.decode()
        assert "4321" not in page
        assert "200.00 per week" in page
        assert [each["team"] for each in cast.caller(mona).get("/api/v1/pay-rates/").json()["results"]] == [
            None
        ]

    def test_pay_is_for_its_person_and_who_manages_them(
        self, turns: None, alice: User, bob: User, mona: User, ada: User
    ) -> None:
        rates(ada)
        period = "?from=2026-10-01&to=2026-10-31"
        mallory = cast.mallory()
        for user, wanted in ((mona, 200), (ada, 200), (alice, 403), (mallory, 403)):
            client, program = cast.sign_in(Client(), user), cast.caller(user)
            assert client.get(f"/teams/payments/load/pay.csv{period}").status_code == wanted
            assert program.get(f"{PAY}{period}&team=payments").status_code == wanted
        assert [row["name"] for row in cast.caller(alice).get(PAY + period).json()] == ["Alice Example"]
        lines = table(cast.sign_in(Client(), mona), f"/teams/payments/load/pay.csv{period}")
        assert [line["person"] for line in lines] == sorted(line["person"] for line in lines)
        assert {line["currency"] for line in lines} == {"USD"}
        own = table(cast.sign_in(Client(), alice), f"/me/load/pay.csv{period}")
        assert own == [line for line in lines if line["person"] == "Alice Example"]
        page = cast.sign_in(Client(), mona).get(f"/teams/payments/load/{period}").content.decode()
        assert "Pay by person" in page
