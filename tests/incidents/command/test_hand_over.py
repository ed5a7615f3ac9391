"""Command goes over when it is accepted: until then one person commands, and it is never nobody or two (R080)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from core.events import bus
from core.outbox.models import Message
from core.timers import operations as timers
from core.timers.models import Timer
from incidents.command import operations, queries
from incidents.command.models import HandOver
from incidents.lifecycle import operations as lifecycle
from incidents.mitigations.models import AppliedMitigation
from tests import cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

    from core.accounts.models import User
    from incidents.models import Incident

pytestmark = pytest.mark.django_db
API = "/api/v1/incidents"


@pytest.fixture
def incident(alice: User) -> Incident:
    return cast.incident(by=alice, impact="3 in 10 cards fail")


def commanders(incident: Incident) -> list[str]:
    held = incident.roles.filter(role__is_commander=True, ended_at=None)
    return [row.user.get_short_name() for row in held.select_related("user")]


def settled() -> None:
    while bus.deliver_due():
        pass


def pass_seconds(seconds: int) -> None:
    for timer in Timer.objects.filter(kind=operations.DUE, done_at=None, cancelled_at=None):
        Timer.objects.filter(pk=timer.pk).update(due_at=timer.due_at - timedelta(seconds=seconds))
    timers.run_due()


def mails(person: User) -> list[str]:
    found = Message.objects.filter(client__in=[operations.OFFERED, operations.CHANGED], user=person)
    return [str(row.content["subject"]) for row in found.order_by("pk")]


def test_until_it_is_accepted_the_old_one_commands(incident: Incident, alice: User, bob: User) -> None:
    row = operations.offer(incident, to=bob, actor=alice, briefing="Rollback runs, watch p99.")
    assert commanders(incident) == ["Alice"]
    assert mails(bob) == [f"Alice Example offers you command: {incident} SEV2 Checkout fails for some cards"]
    row = operations.accept(row, actor=bob)
    assert (row.state, commanders(incident)) == ("accepted", ["Bob"])
    entry = incident.timeline.latest("id")
    assert entry.text == "Command handed over by Alice Example to Bob Example. Rollback runs, watch p99."
    assert (entry.actor, entry.data["previous"], entry.data["hand_over"]) == (bob, alice.pk, row.pk)
    settled()
    assert mails(alice) == [f"You no longer command: {incident} SEV2 Checkout fails for some cards"]
    assert not Timer.objects.filter(kind=operations.DUE, done_at=None, cancelled_at=None).exists()


def test_the_briefing_holds_what_the_room_knows(incident: Incident, alice: User, bob: User) -> None:
    lifecycle.set_picture(incident, hypothesis="Pool exhausted", next_decision="14:50 fail over", actor=alice)
    lifecycle.assign_role(incident, role_slug="communications", user=bob, actor=alice)
    lifecycle.write_down(incident, kind="decision", text="Roll back", actor=alice)
    cast.task("Watch p99", of=incident, by=alice, assignee=bob)
    incident.refresh_from_db()
    text = operations.offer(incident, to=bob, actor=alice).briefing
    for words in (
        "SEV2 Major, investigating: Checkout fails for some cards",
        "Customers see: 3 in 10 cards fail",
        "We think: Pool exhausted",
        "Next decision: 14:50 fail over",
        "Next update: ",
        "Communications: Bob Example",
        "Decided: Roll back",
        "Open task: Watch p99 (Bob Example)",
    ):
        assert words in text, words
    assert "none due" not in text


def test_what_is_temporary_stands_in_the_briefing_until_it_is_undone(incident: Incident, alice: User) -> None:
    row = AppliedMitigation.objects.create(
        incident=incident, kind="flag", name="Cache is off", is_temporary=True, started_by=alice
    )
    assert queries.briefing(incident).endswith("To be undone: Cache is off")
    AppliedMitigation.objects.filter(pk=row.pk).update(undone_at=row.started_at, undone_by=alice)
    assert "Cache is off" not in queries.briefing(incident)


def test_a_second_press_is_the_same_offer_and_the_same_yes(
    incident: Incident, alice: User, bob: User
) -> None:
    row = operations.offer(incident, to=bob, actor=alice)
    assert operations.offer(incident, to=bob, actor=alice) == row
    for _ in range(2):
        assert operations.accept(row, actor=bob).state == "accepted"
    assert incident.timeline.filter(data__has_key="previous", actor=bob).count() == 1
    with pytest.raises(operations.Over, match="Bob Example commands already"):
        operations.offer(incident, to=bob, actor=bob)


def test_who_declines_leaves_everything_as_it_was(incident: Incident, alice: User, bob: User) -> None:
    row = operations.offer(incident, to=bob, actor=alice)
    for _ in range(2):
        operations.decline(row, why="Not awake yet", actor=bob)
    assert commanders(incident) == ["Alice"]
    assert incident.timeline.latest("id").text == (
        "Bob Example declined command: Not awake yet. Alice Example commands"
    )
    assert mails(alice)[-1].startswith("Bob Example declined command")
    with pytest.raises(operations.Over, match="was declined"):
        operations.accept(row, actor=bob)


def test_an_offer_to_somebody_else_takes_the_first_back(
    incident: Incident, alice: User, bob: User, carol: User
) -> None:
    first = operations.offer(incident, to=bob, actor=alice)
    second = operations.offer(incident, to=carol, actor=alice)
    with pytest.raises(operations.Over, match="was taken back"):
        operations.accept(first, actor=bob)
    operations.accept(second, actor=carol)
    assert commanders(incident) == ["Carol"]


def test_two_offers_cannot_wait_at_once(incident: Incident, alice: User, bob: User) -> None:
    row = operations.offer(incident, to=bob, actor=alice)
    row.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save()


def test_only_whom_it_was_offered_to_answers(incident: Incident, alice: User, bob: User, carol: User) -> None:
    row = operations.offer(incident, to=bob, actor=alice)
    for answer in (operations.accept, operations.decline):
        with pytest.raises(PermissionDenied):
            answer(row, actor=carol)
    with pytest.raises(PermissionDenied):
        operations.withdraw(row, actor=carol)
    operations.withdraw(row, actor=alice)
    with pytest.raises(operations.Over):
        operations.accept(row, actor=bob)


def test_only_who_commands_offers_and_nobody_who_only_reads_is_offered(
    incident: Incident, alice: User, bob: User, carol: User
) -> None:
    with pytest.raises(operations.NotYours, match="Alice Example commands"):
        operations.offer(incident, to=bob, actor=carol)
    with pytest.raises(lifecycle.CannotTakePart):
        operations.offer(incident, to=cast.vera(), actor=alice)
    lifecycle.release_role(incident, role_slug="commander", user=alice, actor=alice)
    row = operations.offer(incident, to=bob, actor=carol)  # nobody commands: anybody may ask somebody to
    assert (row.holder, commanders(incident)) == (None, [])
    operations.accept(row, actor=bob)
    assert commanders(incident) == ["Bob"]


def test_once_it_is_over_or_somebody_else_commands_there_is_nothing_to_accept(
    incident: Incident, alice: User, bob: User, carol: User
) -> None:
    row = operations.offer(incident, to=bob, actor=alice)
    lifecycle.take_over(incident, actor=carol, reason="Alice is on a train")
    with pytest.raises(operations.Over, match="Carol Example commands by now"):
        operations.accept(row, actor=bob)
    settled()
    row.refresh_from_db()
    assert (row.state, row.why) == ("withdrawn", "Somebody else commands by now.")
    row = operations.offer(incident, to=bob, actor=carol)
    lifecycle.resolve(incident, actor=carol)
    with pytest.raises(lifecycle.Ended, match="is resolved"):
        operations.accept(row, actor=bob)
    settled()
    row.refresh_from_db()
    assert row.state == "withdrawn"


def test_it_reminds_once_and_lapses_and_the_old_one_goes_on(
    incident: Incident, alice: User, bob: User
) -> None:
    row = operations.offer(incident, to=bob, actor=alice)
    # In a test the clock of timers stands a little behind.
    pass_seconds(115)
    assert len(mails(bob)) == 1
    pass_seconds(10)
    assert mails(bob)[1].startswith("Command still waits for you")
    pass_seconds(470)
    row.refresh_from_db()
    assert row.state == "waiting"
    pass_seconds(10)
    row.refresh_from_db()
    assert (row.state, commanders(incident)) == ("lapsed", ["Alice"])
    assert incident.timeline.latest("id").text == (
        "Bob Example did not accept command in time. Alice Example commands"
    )
    assert mails(alice)[-1].startswith("Bob Example did not accept command in time")
    with pytest.raises(operations.Over, match="has lapsed"):
        operations.accept(row, actor=bob)


def test_a_question_that_was_answered_is_not_sent(incident: Incident, alice: User, bob: User) -> None:
    row = operations.offer(incident, to=bob, actor=alice)
    mail = list(Message.objects.filter(client=operations.OFFERED))
    assert operations.still_wanted(mail) == {}
    assert "3 in 10 cards fail" in operations.render(mail[0]).text
    operations.accept(row, actor=bob)
    assert set(operations.still_wanted(mail)) == {mail[0].pk}


def test_a_private_incident_is_not_described_in_the_mail(alice: User, bob: User) -> None:
    hidden = cast.incident("Stolen keys of Example Bank", by=alice, private=True, impact="Example Bank")
    operations.offer(hidden, to=bob, actor=alice, briefing="Example Bank knows")
    content = Message.objects.get(client=operations.OFFERED).content
    assert "Example Bank" not in f"{content}"


# Taking over without a hand-over


def test_taking_over_says_why_and_the_one_who_commanded_is_told(
    incident: Incident, alice: User, bob: User
) -> None:
    with pytest.raises(lifecycle.NoReasonToTakeOver, match="Alice Example commands"):
        operations.take_over(incident, actor=bob)
    for _ in range(2):
        operations.take_over(incident, actor=bob, reason="Alice does not answer")
    assert commanders(incident) == ["Bob"]
    text = "Bob Example took over command from Alice Example without a hand-over: Alice does not answer"
    assert incident.timeline.filter(text=text).count() == 1
    settled()
    assert mails(alice) == [f"You no longer command: {incident} SEV2 Checkout fails for some cards"]


def test_a_deputy_takes_over_with_one_press_and_is_deputy_no_more(
    incident: Incident, alice: User, bob: User
) -> None:
    for role in ("deputy", "scribe"):
        lifecycle.assign_role(incident, role_slug=role, user=bob, actor=alice)
    operations.take_over(incident, actor=bob)
    held = incident.roles.filter(user=bob, ended_at=None).values_list("role__slug", flat=True)
    assert sorted(held) == ["commander", "scribe"]
    assert incident.timeline.filter(text__contains="without a hand-over: as deputy").exists()


def test_where_nobody_commands_taking_over_is_taking_command(
    incident: Incident, alice: User, bob: User
) -> None:
    lifecycle.release_role(incident, role_slug="commander", user=alice, actor=alice)
    operations.take_over(incident, actor=bob)
    assert incident.timeline.filter(text="Bob Example took command").exists()


def test_a_commander_whom_others_name_is_told_and_it_is_recorded(
    incident: Incident, alice: User, bob: User, carol: User
) -> None:
    lifecycle.assign_role(incident, role_slug="commander", user=bob, actor=carol)
    text = "Bob Example is incident commander, without a hand-over from Alice Example"
    assert incident.timeline.filter(text=text).exists()
    settled()
    assert mails(bob)[0].startswith("You command")
    assert mails(alice)[0].startswith("You no longer command")
    assert mails(carol) == []
    messages = list(Message.objects.filter(client=operations.CHANGED))
    assert operations.still_true(messages) == {}
    operations.take_over(incident, actor=alice, reason="Back again")
    assert len(operations.still_true(messages)) == 2


# Who commands leads nothing else (R077)


@pytest.mark.parametrize("first", ["commander", "tech-lead"])
def test_at_the_worst_level_nobody_is_given_both(alice: User, bob: User, first: str) -> None:
    incident = cast.incident(by=alice, severity="SEV1")
    second = {"commander": "tech-lead", "tech-lead": "commander"}[first]
    lifecycle.assign_role(incident, role_slug=first, user=bob, actor=alice)
    with pytest.raises(lifecycle.TwoRolesAtOnce, match="At SEV1 somebody else"):
        lifecycle.assign_role(incident, role_slug=second, user=bob, actor=alice)
    mild = cast.incident("Search is slow", by=alice, severity="SEV3")
    for role in (first, second):
        lifecycle.assign_role(mild, role_slug=role, user=bob, actor=alice)
    assert mild.roles.filter(user=bob, ended_at=None).count() == 2


def test_who_takes_command_there_lays_the_technical_lead_down(alice: User, bob: User) -> None:
    incident = cast.incident(by=alice, severity="SEV1")
    lifecycle.assign_role(incident, role_slug="tech-lead", user=bob, actor=alice)
    with pytest.raises(lifecycle.TwoRolesAtOnce):
        operations.offer(incident, to=bob, actor=alice)
    lifecycle.release_role(incident, role_slug="commander", user=alice, actor=alice)
    lifecycle.take_command(incident, actor=bob)
    held = incident.roles.filter(user=bob, ended_at=None).values_list("role__slug", flat=True)
    assert list(held) == ["commander"]
    assert incident.timeline.filter(text="Bob Example is no longer tech lead: they command").exists()


def test_raised_to_that_level_who_had_both_commands_only(alice: User) -> None:
    incident = cast.incident(by=alice, severity="SEV3")
    lifecycle.assign_role(incident, role_slug="tech-lead", user=alice, actor=alice)
    lifecycle.change_severity(incident, severity=cast.severity("SEV1"), reason="All cards", actor=alice)
    held = incident.roles.filter(user=alice, ended_at=None).values_list("role__slug", flat=True)
    assert list(held) == ["commander"]


# Screens and programs


def test_the_room_shows_the_offer_to_both(client: Client, incident: Incident, alice: User, bob: User) -> None:
    row = operations.offer(incident, to=bob, actor=alice)
    for person, words in ((bob, "You are offered command"), (alice, "Command is offered to Bob Example")):
        client.force_login(person)
        for path in ("", "-/head/"):
            page = client.get(f"/incidents/{incident}/{path}").content.decode()
            assert words in page
            assert f"/incidents/{incident}/hand-overs/{row.pk}/" in page
    client.force_login(bob)
    assert "Alice Example offers you command" in client.get("/").content.decode()


def test_the_page_of_an_offer_briefs_and_takes_the_answer(
    client: Client, incident: Incident, alice: User, bob: User
) -> None:
    row = operations.offer(incident, to=bob, actor=alice, briefing="Watch p99")
    path = f"/incidents/{incident}/hand-overs/{row.pk}/"
    client.force_login(bob)
    page = client.get(path).content.decode()
    for words in ("You are offered command", "Alice Example adds", "Watch p99", "3 in 10 cards fail"):
        assert words in page, words
    assert client.get(f"{path}accept/").status_code == 405
    client.force_login(alice)
    assert "Take the offer back" in client.get(path).content.decode()
    assert client.post(f"{path}accept/").status_code == 403
    client.force_login(bob)
    for _ in range(2):
        assert client.post(f"{path}accept/").status_code == 302
    assert commanders(incident) == ["Bob"]
    assert "Accepted" in client.get(path).content.decode()


@pytest.mark.parametrize("answer", ["decline", "withdraw"])
def test_forms_without_script_answer_it_too(
    client: Client, incident: Incident, alice: User, bob: User, answer: str
) -> None:
    row = operations.offer(incident, to=bob, actor=alice)
    client.force_login({"decline": bob, "withdraw": alice}[answer])
    client.post(f"/incidents/{incident}/hand-overs/{row.pk}/{answer}/", {"why": "Asleep"})
    row.refresh_from_db()
    assert row.state in {"declined", "withdrawn"}
    assert commanders(incident) == ["Alice"]


def test_a_reason_that_is_too_long_declines_nothing_and_is_kept(
    client: Client, incident: Incident, alice: User, bob: User
) -> None:
    row = operations.offer(incident, to=bob, actor=alice)
    client.force_login(bob)
    answer = client.post(f"/incidents/{incident}/hand-overs/{row.pk}/decline/", {"why": "Asleep. " * 70})
    assert answer.status_code == 422
    assert "Asleep. " * 69 in answer.content.decode()
    row.refresh_from_db()
    assert row.state == "waiting"


def test_an_outsider_finds_no_offer_of_a_private_incident(client: Client, alice: User, bob: User) -> None:
    hidden = cast.incident(by=alice, private=True)
    row = operations.offer(hidden, to=bob, actor=alice)
    client.force_login(cast.mallory())
    for path in ("", "accept/", "decline/"):
        ask = client.post if path else client.get
        assert ask(f"/incidents/{hidden}/hand-overs/{row.pk}/{path}").status_code == 404
    program = cast.caller(cast.ada())
    assert program.get(f"{API}/{hidden}/hand-overs/").status_code == 404
    assert program.get(f"{API}/{hidden}/command/").status_code == 404


def test_a_program_offers_and_another_accepts(incident: Incident, alice: User, bob: User) -> None:
    giver, taker = cast.caller(alice), cast.caller(bob)

    def send(client: Any, path: str, **body: Any) -> Any:
        return client.post(f"{API}/{incident}/{path}", body, format="json")

    answer = send(giver, "handover/", user=str(bob.pk), briefing="Watch p99").json()
    assert (answer["commander"], answer["command_offered_to"]) == (str(alice.pk), str(bob.pk))
    offered = taker.get(f"{API}/{incident}/hand-overs/").json()["results"][0]
    assert (offered["state"], offered["to"], offered["briefing"]) == ("waiting", str(bob.pk), "Watch p99")
    assert send(giver, f"hand-overs/{offered['id']}/accept/").status_code == 403
    assert send(taker, f"hand-overs/{offered['id']}/accept/").json()["state"] == "accepted"
    found = taker.get(f"{API}/{incident}/").json()
    assert (found["commander"], found["command_offered_to"]) == (str(bob.pk), None)
    refused = send(giver, "command/take-over/")
    assert (refused.status_code, "Say why" in refused.json()["detail"]) == (409, True)
    assert send(giver, "command/take-over/", reason="Bob left").json()["commander"] == str(alice.pk)
    assert HandOver.objects.count() == 1


def test_a_deputy_presses_once_in_the_room(
    client: Client, incident: Incident, alice: User, bob: User
) -> None:
    lifecycle.assign_role(incident, role_slug="deputy", user=bob, actor=alice)
    client.force_login(bob)
    assert (
        f'action="/incidents/{incident}/take-over/"' in client.get(f"/incidents/{incident}/").content.decode()
    )
    client.post(f"/incidents/{incident}/take-over/")
    assert commanders(incident) == ["Bob"]


def test_the_room_costs_no_more_for_an_offer(
    client: Client,
    incident: Incident,
    alice: User,
    bob: User,
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    operations.offer(incident, to=bob, actor=alice)
    client.force_login(bob)
    client.get(f"/incidents/{incident}/")
    with django_assert_max_num_queries(16):
        client.get(f"/incidents/{incident}/")
