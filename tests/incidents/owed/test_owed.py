"""Those outside the room must hear of an incident by a time, whatever becomes of it (R109, R110, R111)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from core.accounts.models import User
from core.events import bus
from core.events.models import Event
from core.outbox.models import Message
from core.timers import operations as timers
from core.timers.models import Timer
from incidents.audiences import operations as audiences
from incidents.closing import operations as closing
from incidents.lifecycle import operations as lifecycle
from incidents.models import AudienceList, OwedRule, OwedWord
from incidents.owed import operations
from incidents.owed.models import State
from incidents.updates import operations as updates
from tests import cast
from tests.fastclock import stop

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client
    from pytest_django.fixtures import DjangoAssertNumQueries

    from incidents.models import Incident

pytestmark = pytest.mark.django_db
BEGIN = datetime(2025, 11, 28, 9, 16, tzinfo=UTC)


class Clock:
    """A clock that stands still; what is due when it is set happens."""

    def __init__(self, go: Callable[[datetime], None]) -> None:
        self._go = go
        self.at = BEGIN
        go(BEGIN)

    def after(self, minutes: float) -> None:
        """Let it be so many minutes after the beginning."""
        self.at = BEGIN + timedelta(minutes=minutes)
        self._go(self.at)
        settle()


def settle() -> None:
    while bus.deliver_due() or timers.run_due():
        pass


@pytest.fixture
def clock(db: None) -> Clock:
    return Clock(stop(connection))


@pytest.fixture
def reached(clock: Clock) -> None:
    """There are a status page, customers and executives."""
    cast.severity()
    cast.status_page()
    put_on("customers", email="buyer@example.org")
    put_on("executives", email="chief@example.com")


def put_on(slug: str, *, email: str) -> None:
    row = AudienceList.objects.get(slug=slug)
    audiences.put_on(row, who=audiences.Who(email=email), actor=None)


def alice() -> User:
    return User.objects.filter(email="alice@example.com").first() or cast.alice()


def declared(**given: Any) -> Incident:
    incident = cast.incident(by=alice(), **given)
    settle()
    return incident


def owed(incident: Incident) -> dict[str, tuple[str, str]]:
    """What is owed, with when it is due and how it stands."""
    rows = OwedWord.objects.filter(incident=incident).order_by("due_at", "kind")
    return {row.kind: (f"{row.due_at:%H:%M}", row.state) for row in rows}


def reminders(incident: Incident) -> list[tuple[str, str]]:
    rows = incident.timeline.filter(data__what="reminded").order_by("pk")
    return [(f"{row.at:%H:%M}", row.text) for row in rows]


@pytest.mark.usefixtures("reached")
def test_the_worst_level_asks_for_page_and_executives_in_15_minutes_and_customers_in_an_hour(
    clock: Clock,
) -> None:
    incident = declared(severity="SEV1")
    assert owed(incident) == {
        "executives": ("09:31", "open"),
        "public": ("09:31", "open"),
        "customers": ("10:16", "open"),
    }
    settle()
    assert Event.objects.filter(name="incident.owed_changed", payload__what="asked").count() == 3


@pytest.mark.usefixtures("reached")
def test_the_second_level_does_not_ask_for_executives_and_the_third_for_nobody(clock: Clock) -> None:
    assert list(owed(declared())) == ["public", "customers"]
    assert owed(declared(severity="SEV3")) == {}


def test_nobody_is_asked_for_a_word_that_nobody_could_read(clock: Clock) -> None:
    cast.severity()
    assert owed(declared(severity="SEV1")) == {}


@pytest.mark.usefixtures("reached")
def test_nothing_of_a_private_incident_or_a_drill_is_owed_outside(clock: Clock) -> None:
    assert owed(declared(severity="SEV1", private=True)) == {}
    assert owed(declared(severity="SEV1", drill=True)) == {}


@pytest.mark.usefixtures("reached")
def test_made_private_nothing_is_asked_for_and_nobody_is_reminded_any_more(clock: Clock) -> None:
    incident = declared(severity="SEV1")
    lifecycle.set_private(incident, private=True, actor=alice())
    settle()
    assert {state for _, state in owed(incident).values()} == {"not_asked"}
    assert "it stays inside" in OwedWord.objects.filter(incident=incident).values_list("why", flat=True)
    clock.after(40)
    assert reminders(incident) == []


@pytest.mark.usefixtures("reached")
def test_a_public_update_that_stands_on_a_page_is_the_first_word_and_writes_to_customers(
    clock: Clock,
) -> None:
    incident = declared()
    clock.after(9)
    updates.publish(incident, audience="public", text="Cards fail.", actor=alice())
    settle()
    rows = OwedWord.objects.filter(incident=incident)
    assert {row.kind: (row.state, row.ended_at, row.is_late) for row in rows} == {
        "public": ("done", clock.at, False),
        "customers": ("done", clock.at, False),
    }
    assert not incident.timeline.filter(data__has_key="owed").exists()


@pytest.mark.usefixtures("reached")
def test_an_update_that_no_customer_was_sent_leaves_them_owed(clock: Clock) -> None:
    incident = declared()
    updates.publish(incident, audience="public", text="Cards fail.", lists=[], actor=alice())
    settle()
    assert owed(incident) == {"public": ("09:31", "done"), "customers": ("10:16", "open")}


@pytest.mark.usefixtures("reached")
def test_an_internal_update_tells_executives_and_no_customer(clock: Clock) -> None:
    incident = declared(severity="SEV1")
    updates.publish(incident, audience="internal", text="Cards fail.", actor=alice())
    settle()
    assert {kind: state for kind, (_, state) in owed(incident).items()} == {
        "executives": "done",
        "public": "open",
        "customers": "open",
    }


@pytest.mark.usefixtures("reached")
def test_communications_is_reminded_before_at_the_time_and_twice_after_it(clock: Clock) -> None:
    incident, bob = declared(), cast.bob()
    lifecycle.assign_role(incident, role_slug="communications", user=bob, actor=alice())
    OwedRule.objects.exclude(kind="public").update(is_active=False)
    for minute in (9, 10, 11, 15, 20, 30, 45, 60, 600):
        clock.after(minute)
    first = "First word on the status page, due Fri 28 Nov 2025 09:31 UTC"
    assert reminders(incident) == [
        ("09:26", f"{first}, 5 min left. Reminded Bob Example"),
        ("09:31", f"{first}, now. Reminded Bob Example"),
        ("09:46", f"{first}, 15 min late. Reminded Bob Example"),
        ("10:01", f"{first}, 30 min late. Reminded Bob Example"),
    ]
    mails = Message.objects.filter(client=operations.CLIENT)
    assert {mail.address for mail in mails} == {bob.email}
    assert mails.count() == 4


@pytest.mark.usefixtures("reached")
def test_without_communications_who_commands_is_reminded_and_workers_that_were_away_remind_once(
    clock: Clock,
) -> None:
    incident = declared()
    OwedRule.objects.exclude(kind="public").update(is_active=False)
    clock.after(33)
    assert [text.rpartition(". ")[2] for _, text in reminders(incident)] == ["Reminded Alice Example"]
    operations.look(incident.pk)
    assert len(reminders(incident)) == 1


@pytest.mark.usefixtures("reached")
def test_resolved_before_it_was_said_it_is_still_asked_for(clock: Clock) -> None:
    incident = declared(severity="SEV1")
    clock.after(14)
    said = closing.Said(despite="It is Black Friday")
    closing.resolve(incident, said=said, actor=alice())
    settle()
    assert owed(incident) == {
        "executives": ("09:31", "open"),
        "public": ("09:31", "open"),
        "customers": ("10:16", "open"),
        "account": ("09:30", "open"),
    }
    clock.after(15)
    assert {text.split(",")[0] for _, text in reminders(incident)} == {
        "First word on the status page",
        "Tell executives",
    }
    clock.after(22)
    over = updates.publish(
        incident, audience="public", status="resolved", text="Cards work again.", actor=alice()
    )
    settle()
    row = OwedWord.objects.get(incident=incident, kind="public")
    assert (row.state, row.ended_at, row.is_late) == ("done", over.published_at, True)
    late = incident.timeline.get(data__what="done", data__owed=row.pk)
    assert late.text == "First word on the status page: done, 7 min late"


@pytest.mark.usefixtures("reached")
def test_raised_later_the_time_counts_from_then_and_lowered_nothing_is_asked_for(clock: Clock) -> None:
    incident = declared(severity="SEV3")
    clock.after(44)
    lifecycle.change_severity(incident, severity=cast.severity("SEV2"), reason="Worse", actor=alice())
    settle()
    assert owed(incident) == {"public": ("10:15", "open"), "customers": ("11:00", "open")}
    clock.after(50)
    lifecycle.change_severity(incident, severity=cast.severity("SEV1"), reason="Worse", actor=alice())
    settle()
    assert owed(incident)["public"] == ("10:15", "open")
    assert owed(incident)["executives"] == ("10:21", "open")
    lifecycle.change_severity(incident, severity=cast.severity("SEV3"), reason="Less", actor=alice())
    settle()
    assert {state for _, state in owed(incident).values()} == {"not_asked"}
    assert not Timer.objects.filter(kind=operations.LOOK, done_at=None, cancelled_at=None).exists()


@pytest.mark.usefixtures("reached")
def test_a_corrected_declaration_moves_the_time(clock: Clock) -> None:
    incident = declared()
    earlier = BEGIN - timedelta(minutes=6)
    lifecycle.correct(incident, changes={"declared_at": earlier}, actor=alice())
    settle()
    assert owed(incident)["public"] == ("09:25", "open")


@pytest.mark.usefixtures("reached")
def test_a_false_alarm_is_told_to_nobody_and_reopened_it_is(clock: Clock) -> None:
    incident = declared()
    lifecycle.close(incident, outcome="false_alarm", reason="A test card", actor=alice())
    settle()
    assert {row.why for row in OwedWord.objects.filter(incident=incident)} == {"it was a false alarm"}
    lifecycle.reopen(incident, reason="It was real", actor=alice())
    settle()
    assert owed(incident) == {"public": ("09:31", "open"), "customers": ("10:16", "open")}


@pytest.mark.usefixtures("reached")
def test_not_needed_has_a_reason_that_stays_on_the_timeline_and_may_be_taken_back(clock: Clock) -> None:
    incident = declared()
    row = OwedWord.objects.get(incident=incident, kind="public")
    with pytest.raises(operations.NoReason):
        operations.need_not(row, why="  ", actor=alice())
    for _ in range(2):
        operations.need_not(row, why="only staff use it", actor=alice())
    said = incident.timeline.filter(data__what="not_needed")
    assert [entry.text for entry in said] == [
        "First word on the status page: not needed, because only staff use it"
    ]
    clock.after(20)
    assert {text.split(",")[0] for _, text in reminders(incident)} == set()
    operations.need(row, why="a partner uses it too", actor=alice())
    row.refresh_from_db()
    assert (row.state, row.why, row.ended_by) == (State.OPEN, "", None)
    assert [text.split(", ")[-1] for _, text in reminders(incident)] == ["5 min late. Reminded Alice Example"]


@pytest.mark.usefixtures("reached")
def test_a_reminder_of_what_was_said_meanwhile_is_not_sent(clock: Clock) -> None:
    incident = declared()
    clock.after(10)
    (mail,) = Message.objects.filter(client=operations.CLIENT)
    assert operations.still_wanted([mail]) == {}
    assert mail.content["subject"].startswith(f"First word on the status page: {incident} SEV2")
    updates.publish(incident, audience="public", text="Cards fail.", actor=alice())
    settle()
    assert operations.still_wanted([mail]) == {mail.pk: "it was said, or is not needed"}


@pytest.mark.usefixtures("reached")
def test_the_room_shows_what_is_due_when_and_a_reason_ends_it(clock: Clock, client: Client) -> None:
    incident = declared()
    row = OwedWord.objects.get(incident=incident, kind="public")
    client.force_login(alice())
    assert f'hx-get="/incidents/{incident}/-/owed/"' in client.get(f"/incidents/{incident}/").content.decode()
    panel = client.get(f"/incidents/{incident}/-/owed/").content.decode()
    assert "First word on the status page" in panel
    assert f'datetime="{row.due_at:%Y-%m-%dT%H:%M}' in panel
    assert "?write=public#write" in panel
    path = f"/incidents/{incident}/owed/{row.pk}/not-needed/"
    refused = client.post(path, {"why": ""})
    assert refused.status_code == 422
    assert "Say why it is not needed." in refused.content.decode()
    assert client.post(path, {"why": "only staff use it"}).status_code == 302
    page = client.get(f"/incidents/{incident}/owed/").content.decode()
    assert "only staff use it Alice Example" in page
    assert "First word" not in client.get(f"/incidents/{incident}/-/owed/").content.decode()
    again = client.post(f"/incidents/{incident}/owed/{row.pk}/needed/", {"why": ""})
    assert "Say why it is needed after all." in again.content.decode()
    client.post(f"/incidents/{incident}/owed/{row.pk}/needed/", {"why": "a partner uses it"})
    row.refresh_from_db()
    assert row.state == "open"


@pytest.mark.usefixtures("reached")
def test_what_is_refused_loses_no_word(clock: Clock, client: Client) -> None:
    incident = declared()
    row = OwedWord.objects.get(incident=incident, kind="public")
    updates.publish(incident, audience="public", text="Cards fail.", actor=alice())
    settle()
    client.force_login(alice())
    refused = client.post(f"/incidents/{incident}/owed/{row.pk}/not-needed/", {"why": "only staff use it"})
    assert refused.status_code == 422
    page = refused.content.decode()
    assert "First word on the status page: done already." in page
    assert "You wrote: only staff use it" in page


@pytest.mark.usefixtures("reached")
def test_a_viewer_reads_and_an_outsider_of_a_private_incident_finds_nothing(
    clock: Clock, client: Client
) -> None:
    incident, vera, mallory = declared(), cast.vera(), cast.mallory()
    row = OwedWord.objects.get(incident=incident, kind="public")
    client.force_login(vera)
    page = client.get(f"/incidents/{incident}/owed/")
    assert (page.status_code, b"<form" in page.content.partition(b"Who must hear")[2]) == (200, False)
    assert client.post(f"/incidents/{incident}/owed/{row.pk}/not-needed/", {"why": "x"}).status_code == 403
    lifecycle.set_private(incident, private=True, actor=alice())
    client.force_login(mallory)
    for path in ("owed/", "-/owed/"):
        assert client.get(f"/incidents/{incident}/{path}").status_code == 404
    assert client.post(f"/incidents/{incident}/owed/{row.pk}/not-needed/", {"why": "x"}).status_code == 404


@pytest.mark.usefixtures("reached")
def test_a_program_reads_and_ends_it(clock: Clock) -> None:
    incident, client = declared(), cast.caller(alice())
    path = f"/api/v1/incidents/{incident}/owed-words/"
    rows = client.get(path).json()["results"]
    assert [(row["kind"], row["state"], row["due_at"]) for row in rows] == [
        ("public", "open", "2025-11-28T09:31:00.000000Z"),
        ("customers", "open", "2025-11-28T10:16:00.000000Z"),
    ]
    ended = client.post(f"{path}{rows[0]['id']}/not-needed/", {"why": "only staff"}, format="json").json()
    assert (ended["state"], ended["why"], ended["ended_by"]) == (
        "not_needed",
        "only staff",
        str(alice().pk),
    )
    again = client.post(f"{path}{rows[0]['id']}/needed/", {"why": "a partner"}, format="json").json()
    assert (again["state"], again["ended_at"]) == ("open", None)
    assert client.post(f"{path}{rows[0]['id']}/needed/", {"why": ""}, format="json").status_code == 400
    rules = client.get("/api/v1/owed-rules/").json()["results"]
    assert [(row["kind"], row["rank"], row["within_seconds"], row["for_list"]) for row in rules] == [
        ("account", 1, 86400, "customers"),
        ("account", 2, 86400, "customers"),
        ("customers", 1, 3600, "customers"),
        ("customers", 2, 3600, "customers"),
        ("executives", 1, 900, "executives"),
        ("public", 1, 900, None),
        ("public", 2, 900, None),
    ]


@pytest.mark.usefixtures("reached")
def test_its_screens_ask_the_database_a_bounded_number_of_times(
    clock: Clock, client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    incident = declared(severity="SEV1")
    client.force_login(alice())
    for path in ("owed/", "-/owed/"):
        with django_assert_max_num_queries(12):
            client.get(f"/incidents/{incident}/{path}")


def test_an_admin_changes_the_spans_in_the_admin(client: Client) -> None:
    cast.severity()
    cast.sign_in(client, cast.ada())
    assert client.get("/admin/incidents/owedrule/").status_code == 200


def ended(incident: Incident) -> None:
    closing.resolve(incident, said=closing.Said(despite="It works again"), actor=alice())
    settle()


@pytest.mark.usefixtures("reached")
def test_once_it_is_over_customers_are_owed_what_happened_and_have_it_by_its_account(clock: Clock) -> None:
    incident = declared()
    clock.after(14)
    ended(incident)
    row = OwedWord.objects.get(incident=incident, kind="account")
    assert (row.state, row.due_at) == ("open", clock.at + timedelta(hours=24))
    updates.publish(incident, audience="public", text="Cards work.", actor=alice())
    settle()
    row.refresh_from_db()
    assert row.state == "open"
    clock.after(90)
    updates.publish(incident, audience="public", text="What happened.", is_account=True, actor=alice())
    settle()
    row.refresh_from_db()
    assert (row.state, row.ended_at) == ("done", clock.at)


@pytest.mark.usefixtures("reached")
def test_it_came_back_and_what_happened_is_owed_anew_from_the_last_end(clock: Clock) -> None:
    incident = declared()
    clock.after(14)
    ended(incident)
    updates.publish(incident, audience="public", text="What happened.", is_account=True, actor=alice())
    settle()
    clock.after(30)
    lifecycle.reopen(incident, reason="It is back", actor=alice())
    clock.after(60)
    ended(incident)
    row = OwedWord.objects.get(incident=incident, kind="account")
    assert (row.state, row.due_at) == ("open", clock.at + timedelta(hours=24))


@pytest.mark.usefixtures("reached")
def test_while_it_goes_on_there_is_no_account_of_it(clock: Clock) -> None:
    incident = declared()
    with pytest.raises(updates.NotOverYet):
        updates.publish(incident, audience="public", text="What happened.", is_account=True, actor=alice())
