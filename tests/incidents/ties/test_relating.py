"""Two incidents hang together: related, caused by, a duplicate, or one is part of the other."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from core.events import bus
from core.events.models import Event
from incidents.board import queries as board
from incidents.closing import operations as closing
from incidents.closing.operations import NotYet, Said
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.registry import AsksFirst
from incidents.privacy import operations as privacy
from incidents.privacy import queries as privacy_queries
from incidents.ties import operations, queries
from incidents.ties.models import Tie
from tests import cast

if TYPE_CHECKING:
    from django.test import Client

    from core.accounts.models import User
    from incidents.models import Incident

pytestmark = pytest.mark.django_db
API = "/api/v1/incidents"


def texts(incident: Incident) -> list[str]:
    return list(incident.timeline.filter(kind="tie").order_by("pk").values_list("text", flat=True))


def part(child: Incident, whole: Incident, by: User) -> Tie:
    return operations.relate(child, other=whole, kind="part", reason="One outage", actor=by)


def test_both_rooms_show_a_tie_and_it_ends_once(client: Client, alice: User, bob: User) -> None:
    first, second = cast.incident(by=alice), cast.incident("Refunds fail", by=bob)
    for _ in range(2):
        tie = operations.relate(
            first, other=second, kind="caused_by", reason="Same queue <b>full</b>", actor=bob
        )
    assert Tie.objects.count() == 1
    client.force_login(alice)
    here = client.get(f"/incidents/{first}/-/ties/").content.decode()
    there = client.get(f"/incidents/{second}/-/ties/").content.decode()
    assert "Caused by" in here
    assert "Refunds fail" in here
    assert "Same queue &lt;b&gt;full&lt;/b&gt;" in here
    assert "Caused</span>" in there
    assert first.title in there
    log = client.get(f"/incidents/{second}/-/timeline/").content.decode()
    assert f'href="/incidents/{first}/"' in log
    assert (texts(first), texts(second)) == (["Caused by another incident"], ["It caused another incident"])
    for _ in range(2):
        operations.untie(tie, actor=alice)
    assert texts(first)[1:] == ["No longer: caused by another incident"]
    assert "stands alone" in client.get(f"/incidents/{first}/-/ties/").content.decode()
    said = Event.objects.filter(name="tie.changed").order_by("pk").values_list("payload__what", flat=True)
    assert list(said) == ["made", "ended"]


def test_related_is_the_same_from_both_ends(alice: User) -> None:
    first, second = cast.incident(by=alice), cast.incident("Refunds fail", by=alice)
    one = operations.relate(second, other=first, kind="related", reason="Alike", actor=alice)
    again = operations.relate(first, other=second, kind="related", reason="Alike", actor=alice)
    assert one == again


def test_what_cannot_be_is_refused_at_the_form_with_a_sentence(client: Client, alice: User) -> None:
    first, second = cast.incident(by=alice), cast.incident("Refunds fail", by=alice)
    client.force_login(alice)
    path = f"/incidents/{first}/ties/"
    for other, says in (
        ("INC-999", "There is no such incident"),
        (str(first), "this one is itself"),
        ("", "by its number"),
    ):
        answer = client.post(path, {"kind": "related", "other": other, "reason": "Why so"})
        assert answer.status_code == 422
        assert says in answer.content.decode()
        assert "Why so" in answer.content.decode()
    answer = client.post(path, {"kind": "merged", "other": str(second), "reason": "x"})
    assert answer.status_code == 422
    assert client.post(path, {"kind": "part", "other": str(second), "reason": "x"}).status_code == 302
    with pytest.raises(operations.DoesNotFit):
        operations.relate(first, other=second, kind="merged", reason="x", actor=alice)
    with pytest.raises(operations.NoReason):
        operations.relate(first, other=second, kind="related", reason="  ", actor=alice)
    client.force_login(cast.vera())
    assert client.get(path).status_code == 200
    assert client.post(path, {"kind": "related", "other": str(second), "reason": "x"}).status_code == 403


def test_a_private_incident_is_named_to_its_members_alone(client: Client, alice: User, bob: User) -> None:
    shown = cast.incident("Logins fail", by=alice)
    hidden = cast.incident("Keys were stolen", by=alice, private=True)
    tie = operations.relate(shown, other=hidden, kind="caused_by", reason="The break-in", actor=alice)
    under = operations.relate(hidden, other=shown, kind="part", reason="The other half", actor=alice)
    version = shown.version
    for who, sees in ((alice, True), (bob, False), (cast.ada(), False)):
        client.force_login(who)
        for path in ("ties/", "-/ties/", "", "-/timeline/", "-/head/"):
            page = client.get(f"/incidents/{shown}/{path}").content.decode()
            named = [word for word in ("stolen", "break-in", f"{hidden}", "other half") if word in page]
            assert bool(named) == (sees and path in ("ties/", "-/ties/")), (who, path)
        assert (str(hidden) in client.get("/incidents/").content.decode()) == sees
        program = cast.caller(who)
        found = program.get(f"{API}/{shown}/ties/").json()["results"]
        assert [row["kind"] for row in found] == (["caused_by", "part"] if sees else [])
        assert len(program.get(f"{API}/{shown}/parts/").json()) == int(sees)
        assert program.get(f"{API}/{shown}/ties/{tie.pk}/").status_code == (200 if sees else 404)
        events = program.get("/api/v1/events/?name=tie.changed").json()["results"]
        assert len(events) == (2 if sees else 0)
    assert texts(shown) == []
    assert texts(hidden) == ["It caused another incident", "Part of another incident"]
    shown.refresh_from_db()
    assert shown.version == version
    assert queries.asked(shown) == ""
    for row in (tie, under):
        with pytest.raises(operations.NotBoth):
            operations.untie(row, actor=bob)
    with pytest.raises(operations.NotBoth):
        operations.relate(shown, other=hidden, kind="related", reason="x", actor=bob)
    refused = cast.caller(bob).post(
        f"{API}/{shown}/ties/", {"other": str(hidden), "kind": "related", "reason": "x"}, format="json"
    )
    absent = cast.caller(bob).post(
        f"{API}/{shown}/ties/", {"other": "INC-999", "kind": "related", "reason": "x"}, format="json"
    )
    assert (refused.status_code, refused.json()["errors"]) == (400, absent.json()["errors"])


def test_a_reason_is_redacted_and_one_about_a_hidden_incident_is_in_no_count(alice: User) -> None:
    shown, other = cast.incident("Logins fail", by=alice), cast.incident("Keys were stolen", by=alice)
    first = operations.relate(shown, other=other, kind="caused_by", reason="Password hunter2", actor=alice)
    assert dict(privacy_queries.standing(shown, "hunter2")) == {"ties": 1}
    privacy.redact(shown, text="hunter2", reason="It is a password", actor=alice)
    first.refresh_from_db()
    assert first.reason == "Password [redacted]"
    lifecycle.set_private(other, private=True, actor=alice)
    operations.relate(shown, other=other, kind="related", reason="Password hunter3", actor=alice)
    assert dict(privacy_queries.standing(shown, "hunter3")) == {}
    assert dict(privacy_queries.standing(other, "hunter3")) == {"ties": 1}


def test_what_becomes_private_later_is_named_no_more(client: Client, alice: User, bob: User) -> None:
    shown, other = cast.incident("Logins fail", by=alice), cast.incident("Keys were stolen", by=alice)
    operations.relate(shown, other=other, kind="related", reason="The break-in", actor=alice)
    client.force_login(bob)
    assert "stolen" in client.get(f"/incidents/{shown}/").content.decode()
    lifecycle.set_private(other, private=True, actor=alice)
    for path in ("", "ties/", "-/ties/", "-/timeline/"):
        page = client.get(f"/incidents/{shown}/{path}").content.decode()
        assert not [word for word in ("stolen", "break-in", str(other)) if word in page]


def test_the_room_of_the_whole_shows_its_parts_with_who_commands_and_what_lacks(
    client: Client, alice: User, bob: User
) -> None:
    whole = cast.incident("Region is down", by=alice, severity="SEV1")
    child = cast.incident("Payments in the region", by=bob)
    alone = cast.incident("Search in the region", by=bob, severity="SEV1")
    for each in (child, alone):
        part(each, whole, alice)
    lifecycle.give_back(alone, actor=bob)
    client.force_login(alice)
    page = client.get(f"/incidents/{whole}/-/ties/").content.decode()
    assert page.index("Search in the region") < page.index("Payments in the region")
    assert "Bob Example commands" in page
    assert "nobody commands" in page
    assert "No incident commander" in page
    assert "next word" in page
    assert "Alice Example commands all of it" in client.get(f"/incidents/{child}/-/ties/").content.decode()
    assert f"INC-{whole.number}" in client.get(f"/incidents/{child}/-/head/").content.decode()
    found = cast.caller(alice).get(f"{API}/{whole}/parts/").json()
    assert [(row["number"], row["commander_name"]) for row in found] == [
        (str(alone), None),
        (str(child), "Bob Example"),
    ]
    assert "commander" in found[0]["missing_roles"]
    assert cast.caller(bob).get(f"{API}/{child}/").json()["part_of"] == str(whole)


def test_a_change_of_a_part_moves_the_room_of_the_whole(
    alice: User, bob: User, django_capture_on_commit_callbacks: Any
) -> None:
    whole, child = cast.incident("Region is down", by=alice), cast.incident("Payments", by=bob)
    part(child, whole, alice)
    while bus.deliver_due():
        pass
    lifecycle.move(child, to="identified", actor=bob)
    with django_capture_on_commit_callbacks() as wanted:
        while bus.deliver_due():
            pass
    topics = [topic for each in wanted if isinstance(each, partial) for topic in each.args[0]]
    assert f"incident-{whole.pk}" in topics


def test_parts_go_in_no_circle_and_not_too_deep(alice: User) -> None:
    a, b, c, d = (cast.incident(name, by=alice) for name in ("A", "B", "C", "D"))
    part(b, a, alice)
    part(c, b, alice)
    for child, whole, says in ((a, c, "part of"), (b, c, "part of"), (d, c, "3 deep")):
        with pytest.raises(operations.DoesNotFit, match=says):
            part(child, whole, alice)
    part(d, b, alice)
    part(d, a, alice)
    assert Tie.objects.standing().get(incident=d).other == a
    with pytest.raises(operations.DoesNotFit, match="already"):
        part(a, d, alice)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_no_circle() -> None:
    alice = cast.alice()
    a, b = cast.incident("A", by=alice), cast.incident("B", by=alice)
    done: list[str] = []

    def put(child: Incident, whole: Incident) -> None:
        try:
            part(child, whole, alice)
            done.append("tied")
        except operations.DoesNotFit:
            done.append("refused")
        finally:
            connection.close()

    with transaction.atomic():  # both wait for this one, so that they begin together
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(%s)", [0x544945])
        threads = [threading.Thread(target=put, args=pair) for pair in ((a, b), (b, a))]
        for thread in threads:
            thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(done) == ["refused", "tied"]
    assert Tie.objects.standing().count() == 1


def test_whoever_ends_the_whole_is_asked_about_its_open_parts(client: Client, alice: User, bob: User) -> None:
    whole, child = cast.incident("Region is down", by=alice), cast.incident("Payments", by=bob)
    part(child, whole, alice)
    client.force_login(alice)
    page = client.get(f"/incidents/{whole}/edit/resolve/").content.decode()
    assert "1 incident that is part of it is open" in page
    lacking = cast.caller(alice).get(f"{API}/{whole}/closing/").json()["lacking"]
    assert lacking[-1] == "1 incident that is part of it is open"
    with pytest.raises(NotYet, match="part of it is open"):
        closing.resolve(whole, said=Said(), actor=alice)
    with pytest.raises(AsksFirst, match="1 incident"):
        lifecycle.close(whole, outcome="false_alarm", reason="None", actor=alice)
    path = f"/incidents/{whole}/edit/false-alarm/"
    assert client.post(path, {"reason": "None"}).status_code == 422
    assert client.post(path, {"reason": "None", "anyway": "on"}).status_code == 302
    whole.refresh_from_db()
    assert whole.status == "closed"
    child.refresh_from_db()
    assert child.is_active


def test_the_board_shows_ties_in_a_number_of_queries_that_does_not_grow(client: Client, alice: User) -> None:
    whole = cast.incident("Region is down", by=alice)
    client.force_login(alice)

    def ask(path: str) -> tuple[int, str]:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            page = client.get(path).content.decode()
        return len(seen), page

    part(cast.incident("Part 1", by=alice), whole, alice)
    ask("/incidents/")
    before = [ask("/incidents/")[0], ask(f"/incidents/{whole}/-/ties/")[0]]
    for number in range(2, 6):
        part(cast.incident(f"Part {number}", by=alice), whole, alice)
    after = [ask("/incidents/"), ask(f"/incidents/{whole}/-/ties/")]
    assert [number for number, _ in after] == before
    assert "5 parts" in after[0][1]
    assert after[0][1].count(f'Part of <a class="link mono" href="/incidents/{whole}/">') == 5
    page = board.page(alice, which="active")
    assert [mark.words for mark in page.board.strips[0].incident.marks] == ["5 parts"]  # type: ignore[attr-defined]


def test_programs_tie_and_untie(alice: User) -> None:
    first, second = cast.incident(by=alice), cast.incident("Refunds fail", by=alice)
    program = cast.caller(alice)
    made = program.post(
        f"{API}/{first}/ties/", {"other": str(second), "kind": "duplicate", "reason": "Same"}, format="json"
    )
    assert (made.status_code, made.json()["incident"], made.json()["other"]) == (
        201,
        str(first),
        str(second),
    )
    ended = program.post(f"{API}/{second}/ties/{made.json()['id']}/end/", {}, format="json")
    assert (ended.status_code, ended.json()["ended_at"] is None) == (200, False)
    assert program.get(f"{API}/{first}/ties/").json()["results"] == []
