from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from core.outbox.models import Message
from oncall.absences import operations as absences
from oncall.models import Swap
from oncall.swaps import operations, queries, tokens
from tests import cast
from tests.oncall.swaps.weeks import DAY, HERS, WEEK, asked, who

if TYPE_CHECKING:
    from core.accounts.models import User
    from oncall.models import Schedule

pytestmark = pytest.mark.django_db


def test_one_tap_takes_it_and_looking_changes_nothing(
    schedule: Schedule, people: tuple[User, User, User], client: Client
) -> None:
    alice, bob, _ = people
    swap = asked(schedule, alice)
    url = f"/cover/{tokens.make(swap, bob)}/"
    mail = Message.objects.get(subject_id=swap.pk, address="bob@example.com")
    assert url in mail.content["text"]
    page = client.get(url)
    assert (page.status_code, page["Referrer-Policy"]) == (200, "no-referrer")
    assert "Can you take this shift of Alice Example?" in page.content.decode()
    assert queries.get(swap.pk).status == "open"
    assert client.post(url).status_code == 303
    assert who(schedule, HERS) == (bob.pk,)
    assert "It is yours" in client.get(url).content.decode()
    assert client.post(url).status_code == 409
    for wrong in (url[:-2] + "x/", "/cover/nothing/", url.replace("/cover/", "/cover/1")):
        assert client.get(wrong).status_code == 404
    bob.is_active = False
    bob.save()
    assert client.get(url).status_code == 404


def test_who_could_take_it_is_said_with_the_reason(
    schedule: Schedule, people: tuple[User, User, User]
) -> None:
    alice, bob, carol = people
    absences.add(bob, start=HERS + DAY, end=HERS + 2 * DAY)
    swap = asked(schedule, alice)
    found = queries.suggestions(swap)
    assert [(one.person, one.suggestion.is_free) for one in found] == [(carol, True), (bob, False)]
    assert found[0].suggestion.against == ("more than 7 days in a row",), "the week before is hers"
    assert "away then" in cast.sign_in(Client(), alice).get(f"/on-call/-/swaps/{swap.pk}/").content.decode()
    rows = cast.caller(alice).get(f"/api/v1/schedules/payments/swaps/{swap.pk}/suggestions/").data
    assert [(row["user"], row["against"]) for row in rows] == [
        (str(carol.pk), ["more than 7 days in a row"]),
        (str(bob.pk), ["away then", "more than 7 days in a row"]),
    ]


def test_screens_ask_answer_and_show_it(schedule: Schedule, people: tuple[User, User, User]) -> None:
    alice, bob, _ = people
    hers, his = cast.sign_in(Client(), alice), cast.sign_in(Client(), bob)
    page = hers.get("/on-call/payments/swaps/")
    assert "Anybody in a rotation of this schedule may take a shift" in page.content.decode()
    name = next(value for value, label in page.context["form"].fields["shifts"].choices if "23 Nov" in label)
    refused = hers.post("/on-call/payments/swaps/ask/", {"shifts": []})
    assert refused.status_code == 422
    asked_ = hers.post("/on-call/payments/swaps/ask/", {"shifts": [name], "reason": "Dentist"})
    assert asked_.status_code == 302, asked_.content
    swap = Swap.objects.get()
    again = hers.post("/on-call/payments/swaps/ask/", {"shifts": [name]})
    assert (again.status_code, "asked already" in again.content.decode()) == (422, True)
    assert "asks who takes a shift" in his.get("/").content.decode()
    mine = his.get("/on-call/-/mine/").content.decode()
    assert "Requests for you" in mine
    assert f"/on-call/-/swaps/{swap.pk}/" in mine
    assert "Requests for you" not in hers.get("/on-call/-/mine/").content.decode()
    assert "Take it" in his.get(f"/on-call/-/swaps/{swap.pk}/").content.decode()
    assert "Dentist" in his.get(f"/on-call/-/swaps/{swap.pk}/").content.decode()
    assert his.post(f"/on-call/-/swaps/{swap.pk}/answer/", {"action": "take"}).status_code == 302
    assert f"/on-call/-/swaps/{swap.pk}/" in his.get("/on-call/payments/?from=2026-11-23").content.decode()
    assert "Bob Example" in hers.get("/on-call/-/swaps/").content.decode()
    assert his.post(f"/on-call/-/swaps/{swap.pk}/answer/", {"action": "x"}).status_code == 400
    assert his.post("/on-call/payments/swaps/rule/", {"takers": "team"}).status_code == 403
    manager = cast.sign_in(Client(), cast.mona())
    assert manager.post("/on-call/payments/swaps/rule/", {"takers": "team"}).status_code == 302
    assert "Bob Example" in manager.get(f"/on-call/payments/swaps/?person={bob.pk}").content.decode()
    third = operations.ask_between(
        schedule, beneficiary=bob, start=HERS + WEEK, end=HERS + 2 * WEEK, actor=bob
    )
    given = {"action": "give", "user": alice.pk}
    assert manager.post(f"/on-call/-/swaps/{third.pk}/answer/", given).status_code == 302
    assert who(schedule, HERS + WEEK) == (alice.pk,)


def test_the_api_asks_and_takes(schedule: Schedule, people: tuple[User, User, User]) -> None:
    alice, bob, _ = people
    address = "/api/v1/schedules/payments/swaps/"
    hers, his = cast.caller(alice), cast.caller(bob)
    body = {"start": HERS.isoformat(), "end": (HERS + WEEK).isoformat(), "beneficiary": str(alice.pk)}
    made = hers.post(address, body, format="json")
    assert made.status_code == 201, made.data
    assert (made.data["status"], made.data["taker"], made.data["start"]) == (
        "open",
        None,
        "2026-11-23T09:00:00.000000Z",
    )
    assert hers.post(address, body, format="json").status_code == 409
    part = {**body, "end": (HERS + DAY).isoformat()}
    assert "whole shifts" in hers.post(address, part, format="json").data["detail"]
    assert his.post(address, body, format="json").status_code == 403, "only managers ask for others"
    one = f"{address}{made.data['id']}/"
    answer = his.post(f"{one}take/", {}, format="json")
    assert (answer.status_code, answer.data["taker"], answer.data["status"]) == (200, str(bob.pk), "taken")
    assert his.post(f"{one}take/", {}, format="json").status_code == 409
    window = f"from={HERS:%Y-%m-%dT%H:%M:%SZ}&to={HERS + DAY:%Y-%m-%dT%H:%M:%SZ}"
    (shift,) = hers.get(f"/api/v1/schedules/payments/shifts/?{window}").data
    assert (shift["users"], shift["swap"]) == ([str(bob.pk)], made.data["id"])
    assert [row["id"] for row in hers.get(address).data["results"]] == [made.data["id"]]
    assert hers.get("/api/v1/schedules/none/swaps/").status_code == 404
    assert hers.post(f"{one}withdraw/", {}, format="json").data["status"] == "withdrawn"
    vera = cast.caller(cast.vera())
    assert vera.post(address, body, format="json").status_code == 403


def test_who_has_to_approve_finds_it_where_they_look_first(
    schedule: Schedule, people: tuple[User, User, User]
) -> None:
    alice, bob, _ = people
    operations.set_rule(schedule, takers="rotation", needs_approval=True, actor=None)
    swap = operations.take(asked(schedule, alice), user=bob, actor=bob)
    manager = cast.sign_in(Client(), cast.mona())
    said = "Bob Example wants to take a shift of Alice Example"
    for place in ("/", "/on-call/-/mine/"):
        page = manager.get(place).content.decode()
        assert said in page
        assert f"/on-call/-/swaps/{swap.pk}/" in page
    assert said not in cast.sign_in(Client(), bob).get("/").content.decode()
