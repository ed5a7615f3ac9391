"""One incident goes on in another, and comes back where it was not the same after all; or one turns out to be two."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from core.events import bus
from core.timers.models import Timer
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.registry import HeldOpen
from incidents.mitigations import operations as mitigations
from incidents.models import Incident, RoleAssignment
from incidents.subscriptions import operations as subscriptions
from incidents.ties import operations, queries
from incidents.ties.models import Tie
from oncall.alerts import operations as alert_operations
from oncall.alerts.models import Alert
from oncall.alerts.rules import Action, Entry, Parsed
from oncall.escalation import operations as escalation
from oncall.inbox import operations as inbox
from tests import cast

if TYPE_CHECKING:
    from django.test import Client

    from core.accounts.models import User

pytestmark = pytest.mark.django_db
API = "/api/v1/incidents"


def settle() -> None:
    while bus.deliver_due():
        pass


def commanders(incident: Incident) -> list[str]:
    held = RoleAssignment.objects.filter(incident=incident, role__is_commander=True, ended_at=None)
    return [row.user.get_short_name() for row in held.select_related("user")]


def fire(key: str, *, action: Action = Action.TRIGGER) -> None:
    from oncall.alerts.models import Integration  # noqa: PLC0415 - beside its only use

    known = Integration.objects.get(kind="generic")
    parsed = Parsed(action=action, dedup_key=key, title=key, urgency="high")
    alert_operations.record(
        [Entry(signal_id=0, integration_id=known.pk, parsed=parsed, service_id=None, urgency="high")]
    )


@pytest.fixture
def two(alice: User, bob: User) -> tuple[Incident, Incident]:
    """Bob's duplicate with an alert of it, and Alice's incident."""
    kept = cast.incident("Checkout fails", by=alice, services=[cast.service("Checkout")])
    double = cast.incident("Cards are declined", by=bob, services=[cast.service("Cards")])
    inbox.attach(cast.alert("Cards: errors"), incident=double, actor=bob)
    settle()
    return double, kept


def test_the_duplicate_ends_with_its_own_outcome_and_goes_on_in_the_other(
    client: Client, two: tuple[Incident, Incident], alice: User, bob: User
) -> None:
    double, kept = two
    lifecycle.invite(double, user=cast.carol(), actor=bob)
    for _ in range(2):
        done = operations.merge(double, into=kept, reason="The same cards", actor=alice)
    settle()
    assert (done.status, done.outcome, done.next_update_due_at) == ("closed", "duplicate", None)
    assert (commanders(double), commanders(kept)) == ([], ["Alice"])
    assert Alert.objects.get().incident == kept
    assert sorted(kept.services.values_list("name", flat=True)) == ["Cards", "Checkout"]
    names = {row.user.get_short_name() for row in kept.participants.select_related("user")}
    assert names == {"Alice", "Bob", "Carol"}
    assert Incident.objects.counted().get() == kept
    assert not Timer.objects.filter(
        kind="incidents.update_due", subject_id=double.pk, done_at=None, cancelled_at=None
    ).exists()
    client.force_login(bob)
    room = client.get(f"/incidents/{double}/").content.decode()
    assert f'<b>Merged into <a class="link" href="/incidents/{kept}/">{kept}</a>.</b>' in room
    assert "Duplicate" in room
    assert "Cards: errors" in client.get(f"/alerts/-/{double}/alerts/").content.decode()
    assert "Cards: errors" in client.get(f"/alerts/-/{kept}/alerts/").content.decode()
    assert "Took in" in client.get(f"/incidents/{kept}/-/ties/").content.decode()
    assert cast.caller(bob).get(f"{API}/{double}/").json()["merged_into"] == str(kept)


def test_what_its_alerts_say_next_is_said_in_the_other(two: tuple[Incident, Incident], alice: User) -> None:
    double, kept = two
    operations.merge(double, into=kept, reason="The same", actor=alice)
    fire("Cards: errors")
    fire("Cards: errors", action=Action.RESOLVE)
    assert Alert.objects.get().incident == kept
    assert (Alert.objects.get().count, Alert.objects.get().status) == (2, "resolved")


def test_a_route_declares_into_what_its_incident_was_merged_into(alice: User) -> None:
    first = cast.alert("Disk of a: full")
    level = cast.severity("SEV2")
    declared = escalation.declare_by_route(first.pk, severity_id=level.pk, route_id=4)
    assert declared is not None
    kept = cast.incident("Storage is full", by=alice)
    operations.merge(declared, into=kept, reason="The same", actor=alice)
    again = cast.alert("Disk of b: full")
    assert escalation.declare_by_route(again.pk, severity_id=level.pk, route_id=4) == kept
    assert Incident.objects.count() == 2
    last = cast.incident("The data center is down", by=alice)
    operations.merge(kept, into=last, reason="The same", actor=alice)
    third = cast.alert("Disk of c: full")
    assert escalation.declare_by_route(third.pk, severity_id=level.pk, route_id=4) == last
    assert Incident.objects.count() == 3


def test_a_circle_of_merges_that_is_not_undone_yet_comes_to_an_end(alice: User) -> None:
    first, second = cast.incident(by=alice), cast.incident("Refunds fail", by=alice)
    operations.merge(first, into=second, reason="The same", actor=alice)
    lifecycle.reopen(first, reason="It goes on", actor=alice)
    operations.merge(second, into=first, reason="The same", actor=alice)
    found = queries.survivors(Incident.objects.filter(pk=first.pk))
    assert found == {first.pk, second.pk}


def test_where_nobody_commands_whoever_commanded_the_duplicate_does(
    two: tuple[Incident, Incident], alice: User
) -> None:
    double, kept = two
    lifecycle.give_back(kept, actor=alice)
    operations.merge(double, into=kept, reason="The same", actor=alice)
    assert (commanders(double), commanders(kept)) == ([], ["Bob"])


def test_a_merge_that_was_wrong_is_undone(
    client: Client, two: tuple[Incident, Incident], alice: User, bob: User
) -> None:
    double, kept = two
    child = cast.incident("One bank", by=bob)
    operations.relate(child, other=double, kind="part", reason="Of it", actor=bob)
    operations.merge(double, into=kept, reason="The same", actor=alice)
    assert Tie.objects.standing().get(kind="part").other == kept
    client.force_login(alice)
    path = f"/incidents/{double}/unmerge/"
    assert client.get(path).status_code == 200
    assert client.post(path, {"reason": ""}).status_code == 422
    assert client.post(path, {"reason": "Another bank"}).status_code == 302
    settle()
    double.refresh_from_db()
    assert (double.status, double.outcome, double.reopened) == ("investigating", "", 1)
    assert Alert.objects.get().incident == double
    assert Tie.objects.standing().get().other == double
    assert list(kept.services.values_list("name", flat=True)) == ["Checkout"]
    assert (commanders(double), commanders(kept)) == (["Bob"], ["Alice"])
    assert client.post(path, {"reason": "Twice"}).status_code == 422
    assert double.timeline.filter(text="Reopened: Another bank").count() == 1


def test_reopening_it_by_itself_gives_back_what_went_over(
    two: tuple[Incident, Incident], alice: User, bob: User
) -> None:
    double, kept = two
    operations.merge(double, into=kept, reason="The same", actor=alice)
    lifecycle.reopen(double, reason="Cards again", actor=bob)
    settle()
    assert Alert.objects.get().incident == double
    assert not Tie.objects.standing().exists()
    assert commanders(double) == ["Bob"]
    assert commanders(kept) == ["Alice"]


@pytest.mark.parametrize("way", ["undone", "reopened"])
def test_a_part_that_no_longer_fits_stays_and_all_else_comes_back(
    client: Client, two: tuple[Incident, Incident], alice: User, bob: User, way: str
) -> None:
    double, kept = two
    child, region, world = (cast.incident(title, by=bob) for title in ("One bank", "Region", "World"))
    operations.relate(child, other=double, kind="part", reason="Of it", actor=bob)
    operations.relate(double, other=region, kind="part", reason="Of it", actor=bob)
    operations.merge(double, into=kept, reason="The same", actor=alice)
    operations.relate(region, other=world, kind="part", reason="Of it", actor=bob)
    if way == "undone":
        operations.unmerge(double, reason="Another bank", actor=alice)
    else:
        lifecycle.reopen(double, reason="Another bank", actor=bob)
    settle()
    assert Tie.objects.standing().get(incident=child).other == kept
    assert Alert.objects.get().incident == double
    assert commanders(double) == ["Bob"]
    assert list(kept.services.values_list("name", flat=True)) == ["Checkout"]
    stays = "A part no longer fits here and stays where it is now"
    assert double.timeline.filter(kind="tie", text=stays).count() == 1
    client.force_login(alice)
    log = client.get(f"/incidents/{double}/-/timeline/").content.decode()
    entry = log[log.index(stays) :]
    assert f'href="/incidents/{child}/"' in entry[: entry.index("</li>")]


@pytest.mark.parametrize("through", [False, True])
def test_a_whole_goes_on_in_its_own_part_and_comes_back(
    two: tuple[Incident, Incident], alice: User, bob: User, *, through: bool
) -> None:
    double, kept = two
    middle, other = cast.incident("Banks", by=bob), cast.incident("Wallets", by=bob)
    chain = [(middle, double), (kept, middle)] if through else [(kept, double)]
    for part, whole in [*chain, (other, double)]:
        operations.relate(part, other=whole, kind="part", reason="Of it", actor=bob)

    def parts() -> set[tuple[str, str]]:
        rows = Tie.objects.standing().filter(kind="part")
        return set(rows.values_list("incident__title", "other__title"))

    before = parts()
    operations.merge(double, into=kept, reason="It is all of it", actor=alice)
    double.refresh_from_db()
    assert (double.status, double.outcome) == ("closed", "duplicate")
    now = {("Wallets", kept.title)} | ({("Banks", kept.title)} if through else set())
    assert parts() == now
    operations.unmerge(double, reason="More than that", actor=alice)
    assert parts() == before


def test_what_cannot_become_one_is_refused_and_nothing_is_written(
    two: tuple[Incident, Incident], alice: User, bob: User
) -> None:
    double, kept = two
    hidden = cast.incident("Keys were stolen", by=alice, private=True)
    drill = cast.incident("Game day", by=alice, drill=True)
    over = cast.incident("Yesterday", by=alice)
    lifecycle.resolve(over, actor=alice)
    for first, second in ((hidden, kept), (kept, hidden), (over, kept), (kept, over)):
        with pytest.raises(operations.CannotMerge):
            operations.merge(first, into=second, reason="x", actor=alice)
    with pytest.raises(operations.DoesNotFit):
        operations.merge(drill, into=kept, reason="x", actor=alice)
    with pytest.raises(operations.DoesNotFit):
        operations.merge(kept, into=kept, reason="x", actor=alice)
    with pytest.raises(operations.NotBoth):
        operations.merge(double, into=hidden, reason="x", actor=bob)
    mitigations.begin(double, name="Drain a zone", is_temporary=True, actor=bob)
    with pytest.raises(HeldOpen):
        operations.merge(double, into=kept, reason="x", actor=alice)
    assert not Tie.objects.exists()
    assert Alert.objects.get().incident == double
    assert commanders(double) == ["Bob"]


def test_merging_what_is_private_lets_nobody_in_unasked(alice: User, bob: User) -> None:
    first = cast.incident("Keys were stolen", by=alice, private=True)
    second = cast.incident("Keys are used", by=alice, private=True)
    lifecycle.invite(first, user=bob, actor=alice)
    operations.merge(first, into=second, reason="The same", actor=alice)
    assert not second.participants.filter(user=bob).exists()
    assert not first.timeline.filter(kind="tie").exists()
    assert cast.caller(bob).get(f"{API}/{first}/").json()["merged_into"] is None


def test_who_is_no_member_of_a_private_one_does_not_command_it_by_a_merge(alice: User, bob: User) -> None:
    first, second = (cast.incident(title, by=alice, private=True) for title in ("Stolen", "Used"))
    lifecycle.release_role(second, role_slug="commander", user=alice, actor=alice)
    lifecycle.assign_role(first, role_slug="commander", user=bob, actor=alice)
    operations.merge(first, into=second, reason="The same", actor=alice)
    assert commanders(second) == []
    assert not second.participants.filter(user=bob).exists()


@pytest.mark.parametrize("way", ["undone", "reopened"])
def test_what_went_into_an_incident_that_is_private_by_now_stays_there(
    two: tuple[Incident, Incident], alice: User, bob: User, way: str
) -> None:
    double, kept = two
    operations.merge(double, into=kept, reason="The same", actor=alice)
    lifecycle.set_private(kept, private=True, actor=alice)
    if way == "undone":
        operations.unmerge(double, reason="Another bank", actor=alice)
    else:
        lifecycle.reopen(double, reason="Another bank", actor=bob)
    settle()
    assert Alert.objects.get().incident == kept
    assert not Tie.objects.standing().exists()


def test_a_part_that_one_may_not_know_of_stays(
    two: tuple[Incident, Incident], alice: User, bob: User
) -> None:
    double, kept = two
    hidden = cast.incident("Keys were stolen", by=alice, private=True)
    operations.relate(hidden, other=double, kind="part", reason="Of it", actor=alice)
    operations.merge(double, into=kept, reason="The same", actor=bob)
    assert Tie.objects.standing().get(incident=hidden, kind="part").other == double
    assert hidden.timeline.filter(actor=bob).count() == 0


def test_the_form_says_what_happens_and_refuses_at_the_field(
    client: Client, two: tuple[Incident, Incident], alice: User
) -> None:
    double, kept = two
    lifecycle.invite(double, user=cast.carol(), actor=alice)
    client.force_login(alice)
    path = f"/incidents/{double}/merge/"
    page = client.get(path).content.decode()
    assert "1 open alert goes over" in page
    assert f'<option value="{kept}">' in page
    answer = client.post(path, {"other": "INC-999", "reason": "The same"})
    assert (answer.status_code, "There is no such incident" in answer.content.decode()) == (422, True)
    answer = client.post(path, {"other": str(kept), "reason": "The same"})
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/incidents/INC-{kept.number}/")
    assert not kept.participants.filter(user__name="Carol Example").exists()
    client.force_login(cast.vera())
    assert client.get(path).status_code == client.get(f"/incidents/{kept}/split/").status_code == 403


def test_the_form_says_that_who_gets_mails_does_not_come_along(
    client: Client, two: tuple[Incident, Incident], alice: User, bob: User
) -> None:
    double, kept = two
    client.force_login(alice)
    path = f"/incidents/{double}/merge/"
    assert "by mail" not in client.get(path).content.decode()
    subscriptions.subscribe(double, actor=bob)
    page = client.get(path).content.decode()
    assert "<b>1 gets its updates by mail and does not come along.</b>" in page
    assert f'href="/incidents/{double}/mails/"' in page
    operations.merge(double, into=kept, reason="The same", actor=alice)
    assert not kept.subscriptions.exists()


def test_programs_merge_and_undo_it_and_close_nothing_as_a_duplicate_else(
    two: tuple[Incident, Incident], alice: User
) -> None:
    double, kept = two
    program = cast.caller(alice)
    closed = program.post(f"{API}/{double}/close/", {"outcome": "duplicate", "reason": "x"}, format="json")
    assert closed.status_code == 400
    merged = program.post(f"{API}/{double}/merge/", {"into": str(kept), "reason": "Same"}, format="json")
    assert (merged.status_code, merged.json()["outcome"], merged.json()["merged_into"]) == (
        200,
        "duplicate",
        str(kept),
    )
    undone = program.post(f"{API}/{double}/unmerge/", {"reason": "Not the same"}, format="json")
    assert (undone.json()["status"], undone.json()["merged_into"]) == ("investigating", None)
    again = program.post(f"{API}/{double}/unmerge/", {"reason": "Twice"}, format="json")
    assert again.status_code == 409


def test_a_split_takes_chosen_alerts_and_copies_chosen_entries(
    client: Client, two: tuple[Incident, Incident], alice: User, bob: User
) -> None:
    double, _ = two
    stays, goes = Alert.objects.get(), cast.alert("Search: slow")
    inbox.attach(goes, incident=double, actor=bob)
    note = lifecycle.write_down(double, kind="note", text="Search is slow too", actor=bob)
    guess = lifecycle.write_down(double, kind="hypothesis", text="An index", actor=bob)
    client.force_login(alice)
    path = f"/incidents/{double}/split/"
    page = client.get(path).content.decode()
    assert "Search: slow" in page
    assert "Note: Search is slow too" in page
    form = {"title": "Search is slow", "reason": "Another cluster", "severity": "sev3", "key": str(uuid4())}
    form |= {"alerts": [goes.pk], "entries": [note.pk, guess.pk]}  # type: ignore[dict-item]
    for _ in range(2):
        assert client.post(path, form).status_code == 302
    new = Incident.objects.get(title="Search is slow")
    assert (new.severity.slug, commanders(new), commanders(double)) == ("sev3", ["Alice"], ["Bob"])
    assert (Alert.objects.get(pk=goes.pk).incident, Alert.objects.get(pk=stays.pk).incident) == (new, double)
    copied = list(new.timeline.filter(data__copied=True).order_by("at", "pk"))
    assert [(row.kind, row.text, row.actor) for row in copied] == [
        ("note", "Search is slow too", bob),
        ("note", "Working hypothesis: An index", bob),
    ]
    assert copied[0].at == note.at
    assert new.hypothesis == ""
    assert double.timeline.filter(text="Search is slow too").exists()
    assert "Split from" in client.get(f"/incidents/{new}/-/ties/").content.decode()
    wrong = client.post(path, {**form, "key": str(uuid4()), "title": "Again"})
    assert wrong.status_code == 422
    assert not Incident.objects.filter(title="Again").exists()


def test_a_split_as_a_part_has_a_commander_of_its_own_under_the_one_of_the_whole(
    client: Client, two: tuple[Incident, Incident], alice: User, bob: User
) -> None:
    _, whole = two
    client.force_login(alice)
    assert 'name="as_part"' in client.get(f"/incidents/{whole}/split/?part=1").content.decode()
    form = {"title": "Cards", "reason": "Too much for one", "severity": "sev2", "as_part": "on"}
    answer = client.post(f"/incidents/{whole}/split/", {**form, "commander": str(bob.pk)})
    assert answer.status_code == 302
    part = Incident.objects.get(title="Cards")
    assert Tie.objects.get(kind="part").incident == part
    assert part.hand_overs.get().to == bob
    assert not Tie.objects.filter(kind="split").exists()


def test_a_split_of_what_is_private_is_private_and_its_alerts_stay_hidden(alice: User, bob: User) -> None:
    hidden = cast.incident("Keys were stolen", by=alice, private=True)
    lifecycle.invite(hidden, user=bob, actor=alice)
    program = cast.caller(alice)
    made = program.post(f"{API}/{hidden}/split/", {"title": "Keys used", "reason": "Later"}, format="json")
    assert (made.status_code, made.json()["private"]) == (201, True)
    assert cast.caller(bob).get(f"{API}/{made.json()['number']}/").status_code == 404
    assert cast.caller(bob).get(f"{API}/{hidden}/ties/").json()["results"] == []
    elsewhere = cast.alert("Not of it")
    body = {"title": "x", "reason": "x", "alerts": [elsewhere.pk]}
    assert program.post(f"{API}/{hidden}/split/", body, format="json").status_code == 409
    stranger = cast.caller(cast.mallory())
    assert stranger.post(f"{API}/{hidden}/split/", body, format="json").status_code == 404
