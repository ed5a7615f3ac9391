"""A text that must not stay is gone from everything that is kept, and a tombstone says who, when and why."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models, transaction
from django.test import Client
from django.utils import timezone

from core.api.models import Answer
from core.events.models import Event
from core.outbox.models import Message
from incidents.fields import operations as fields
from incidents.lifecycle import operations as lifecycle
from incidents.models import (
    AppliedMitigation,
    Attachment,
    HandOver,
    Incident,
    Nudge,
    Redaction,
    SecurityItem,
    Subscription,
    Tie,
    TimelineEntry,
    Told,
    Update,
)
from incidents.privacy import operations, queries, registry, rules
from incidents.runbooks.models import Report
from incidents.subscriptions import operations as subscriptions
from incidents.ties import operations as ties
from incidents.updates import operations as updates
from oncall.models import Alert, Escalation, Signal, TimeOff
from postmortems.models import ActionItem
from postmortems.reports import operations as postmortems
from postmortems.reports.rules import Section
from tests import cast

if TYPE_CHECKING:
    from core.accounts.models import User

SECRET = 'hunter2 "Zoë" \\ 50%'
WHY = "It holds the password of a customer"


def tables_with(text: str) -> dict[str, int]:
    """In how many rows of which tables a text stands, whatever the column is and however it is spelled there."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "select table_name, array_agg(column_name::text) filter (where data_type = 'bytea')"
            " from information_schema.columns where table_schema = 'public' group by 1"
            " having table_name in (select tablename from pg_tables where schemaname = 'public')"
        )
        tables = cursor.fetchall()
        assert len(tables) > 100
        spelled = [one.replace("\\", "\\\\").replace("%", "\\%") for one in rules.spellings(text)]
        # A row as text doubles quotes and backslashes.
        spelled += [f"%{one.encode().hex()}%" for one in rules.spellings(text)] + ["%hunter2%"]
        for table, _ in tables:
            cursor.execute(f'select count(*) from "{table}" as t where t::text like any(%s)', [spelled])
            count = cursor.fetchone()
            if count and count[0]:
                found[table] = count[0]
    return found


def everywhere(alice: User) -> Incident:
    """An incident in which a secret was written wherever one can write."""
    service = cast.service()
    source, _ = cast.source("generic", of=service)
    incident = cast.incident(
        f"Login {SECRET}",
        by=alice,
        severity="SEV1",
        services=[service],
        summary=f"S {SECRET}",
        blast_radius=f"B {SECRET}",
        who_else=f"W {SECRET}",
    )
    lifecycle.add_entry(incident, kind="note", text=SECRET, actor=alice)
    lifecycle.set_picture(
        incident, impact=f"I {SECRET}", hypothesis=f"H {SECRET}", next_decision=f"N {SECRET}", actor=alice
    )
    lifecycle.correct(incident, changes={"title": f"Log-in {SECRET}"}, actor=alice)
    lifecycle.correct(incident, changes={"title": "Log-in is odd"}, actor=alice)
    updates.publish(incident, audience="internal", text=f"U {SECRET}", actor=alice)
    cast.approval(incident)
    kept = f"user root\npassword {SECRET}\n".encode()
    cast.attachment(incident, by=alice, name="login.log", content=kept, text=f"T {SECRET}")
    cast.task(f"Change {SECRET}", of=incident, by=alice, assignee=cast.bob())
    offered = cast.hand_over(incident, to=cast.carol())
    type(offered).objects.filter(pk=offered.pk).update(briefing=f"G {SECRET}", why=SECRET)
    alert = cast.alert(f"Alert {SECRET}", of=service, labels={"token": SECRET})
    Alert.objects.filter(pk=alert.pk).update(incident=incident)
    body = ('{"title": "x", "password": "' + rules.spellings(SECRET)[0] + '"}').encode()
    Signal.objects.create(
        integration=alert.integration or source, kind="generic", body=body, state="processed"
    )
    program = cast.caller(alice)
    said = {"kind": "note", "text": f"By a program: {SECRET}"}
    made = program.post(
        f"/api/v1/incidents/{incident}/timeline/", said, format="json", HTTP_IDEMPOTENCY_KEY="once"
    )
    assert made.status_code == 201
    lifecycle.resolve(incident, actor=alice, reason=f"R {SECRET}")
    lifecycle.reopen(incident, actor=alice, reason=f"O {SECRET}")
    lifecycle.resolve(incident, actor=alice)
    postmortem = postmortems.open_draft(incident.pk, actor=alice)
    postmortems.save_sections(
        postmortem, texts={Section.SUMMARY: f"P {SECRET}"}, version=postmortem.version, actor=alice
    )
    postmortems.add_factor(postmortem, kind="technical", text=f"F {SECRET}")
    ActionItem.objects.create(postmortem=postmortem, title=f"A {SECRET}"[:200])
    incident.refresh_from_db()
    return incident


@pytest.mark.django_db
def test_it_is_gone_from_every_row_of_every_table(alice: User) -> None:
    incident = everywhere(alice)
    held = tables_with(SECRET)
    assert {"incidents_incident", "incidents_timelineentry", "events_event", "oncall_alert", "oncall_signal",
            "postmortems_postmortem", "outbox_message", "api_answer"} <= set(held)  # fmt: skip
    row = operations.redact(incident, text=SECRET, reason=WHY, actor=alice)
    assert tables_with(SECRET) == {}
    shared = held["oncall_signal"] + held["api_answer"]
    assert sum(row.places.values()) == sum(held.values()) - shared


@pytest.mark.django_db
def test_the_tombstone_says_who_when_and_why(alice: User) -> None:
    incident = cast.incident(by=alice)
    entry = lifecycle.add_entry(incident, kind="note", text="The key is hunter2, use it", actor=alice)
    operations.redact(incident, text="hunter2", reason=WHY, actor=alice)
    kept = TimelineEntry.objects.get(pk=entry.pk)
    assert kept.text == "The key is [redacted], use it"
    stone = kept.data["redacted"]
    assert (stone["by"], stone["why"]) == (str(alice), WHY)
    row = Redaction.objects.get()
    assert (row.by, row.reason, row.places) == (alice, WHY, {"timeline": 1})
    assert incident.timeline.get(kind="redaction").text == f"{alice} redacted a text in 1 place: {WHY}"
    assert Event.objects.get(name="incident.redacted").payload["places"] == 1
    room = cast.sign_in(Client(), alice).get(f"/incidents/{incident}/").content.decode()
    assert f"Redacted by {alice} on {timezone.now():%Y-%m-%d}: {WHY}" in room
    assert "hunter2" not in room


@pytest.mark.django_db
def test_search_export_and_api_know_it_no_more(alice: User) -> None:
    incident = cast.incident("Cards fail for hunter2", by=alice)
    lifecycle.resolve(incident, actor=alice)
    postmortems.open_draft(incident.pk, actor=alice)
    client = cast.sign_in(Client(), alice)
    paths = (
        f"/postmortems/{incident}/export.md",
        f"/api/v1/incidents/{incident}/",
        f"/api/v1/incidents/{incident}/timeline/",
        "/api/v1/incidents/?search=hunter2",
        f"/incidents/{incident}/-/timeline/",
    )
    holding = [path for path in paths if b"hunter2" in client.get(path).content]
    assert holding == [paths[0], paths[1], paths[3]]
    search = "/search/?q=hunter2&kind=incident"
    assert b"Cards fail" in client.get(search).content
    operations.redact(incident, text="hunter2", reason=WHY, actor=alice)
    assert b"Cards fail" not in client.get(search).content
    assert [path for path in paths if b"hunter2" in client.get(path).content] == []


@pytest.mark.django_db
def test_what_waits_to_be_sent_goes_out_without_it(alice: User, bob: User) -> None:
    incident = cast.incident("Login", by=alice)
    cast.task("Change hunter2", of=incident, by=alice, assignee=bob)
    assert Message.objects.filter(content__text__icontains="hunter2").exists()
    operations.redact(incident, text="hunter2", reason=WHY, actor=alice)
    assert not Message.objects.filter(content__text__icontains="hunter2").exists()


@pytest.mark.django_db
def test_other_incidents_keep_theirs(alice: User) -> None:
    one, other = cast.incident("Login hunter2", by=alice), cast.incident("Mail hunter2", by=alice)
    operations.redact(one, text="hunter2", reason=WHY, actor=alice)
    other.refresh_from_db()
    assert other.title == "Mail hunter2"


def kept_answer(incident: Incident, by: User) -> Answer:
    said = {"kind": "note", "text": "By a program: hunter2"}
    path = f"/api/v1/incidents/{incident}/timeline/"
    made = cast.caller(by).post(path, said, format="json", HTTP_IDEMPOTENCY_KEY=f"for-{incident}")
    assert made.status_code == 201
    return Answer.objects.latest("pk")


def raw_signals(incident: Incident, *states: str) -> list[Signal]:
    source, _ = cast.source("generic")
    alert = cast.alert(f"Of {incident}", of=cast.service())
    Alert.objects.filter(pk=alert.pk).update(incident=incident, integration=source)
    body = b'{"title": "hunter2"}'
    return [
        Signal.objects.create(integration=source, kind="generic", body=body, state=each) for each in states
    ]


@pytest.mark.django_db
def test_what_other_incidents_hold_is_neither_told_nor_counted(alice: User, bob: User) -> None:
    kept_answer(cast.incident("Secret", by=bob, private=True), bob)
    mine = cast.incident("Login", by=alice)
    raw_signals(mine, "processed")
    assert dict(queries.standing(mine, "hunter2")) == {}
    with pytest.raises(operations.CannotRedact, match="does not stand in this incident"):
        operations.redact(mine, text="hunter2", reason=WHY, actor=alice)
    lifecycle.add_entry(mine, kind="note", text="hunter2", actor=alice)
    assert dict(queries.standing(mine, "hunter2")) == {"timeline": 1}
    assert operations.redact(mine, text="hunter2", reason=WHY, actor=alice).places == {"timeline": 1}


@pytest.mark.django_db
def test_a_signal_that_waits_is_left_whole(alice: User) -> None:
    incident = cast.incident("hunter2", by=alice)
    done, waits = raw_signals(incident, "processed", "new")
    operations.redact(incident, text="hunter2", reason=WHY, actor=alice)
    bodies = [bytes(Signal.objects.get(pk=each.pk).body) for each in (done, waits)]
    assert bodies == [b'{"title": "[redacted]"}', b'{"title": "hunter2"}']


@pytest.mark.django_db
def test_a_kept_answer_stays_one_that_a_program_can_read(alice: User) -> None:
    incident = cast.incident("text", by=alice)
    answer = kept_answer(incident, alice)
    operations.redact(incident, text="text", reason="A word that is a field's name", actor=alice)
    operations.redact(incident, text="hunter2", reason=WHY, actor=alice)
    answer.refresh_from_db()
    assert json.loads(answer.body)["data"]["text"] == "By a program: [redacted]"


@pytest.mark.django_db
def test_two_tags_that_differ_in_nothing_else_become_one(alice: User) -> None:
    incident = cast.incident(by=alice)
    fields.set_tags(incident, tags=[f"{'x' * 30}hunter2{end}" for end in ("ab", "cd")], actor=alice)
    assert incident.tags.count() == 2
    operations.redact(incident, text="hunter2", reason=WHY, actor=alice)
    assert incident.tags.count() == 1


@pytest.mark.django_db
def test_the_timeline_refuses_everybody_else_as_before(alice: User) -> None:
    incident = cast.incident(by=alice)
    lifecycle.add_entry(incident, kind="note", text="hunter2 it is", actor=alice)
    operations.redact(incident, text="hunter2", reason=WHY, actor=alice)
    with pytest.raises(Exception, match="Cannot update"), transaction.atomic():
        incident.timeline.update(text="another")


@pytest.mark.django_db
class TestRefused:
    @pytest.mark.parametrize(
        ("text", "reason", "said"),
        [
            ("abc", WHY, "at least 4 characters"),
            ("Checkout", "why", "Say why in a sentence"),
            ("Checkout", "It says Checkout and must not", "The reason itself holds the text"),
            ("nowhere at all", WHY, "does not stand in this incident"),
        ],
    )
    def test_what_makes_no_sense(self, alice: User, text: str, reason: str, said: str) -> None:
        incident = cast.incident(by=alice)
        with pytest.raises(operations.CannotRedact, match=said):
            operations.redact(incident, text=text, reason=reason, actor=alice)
        assert not Redaction.objects.exists()

    def test_who_neither_commands_nor_manages(self, alice: User, bob: User) -> None:
        incident = cast.incident(by=alice)
        with pytest.raises(operations.CannotRedact):
            operations.redact(incident, text="Checkout", reason=WHY, actor=bob)
        said = {"text": "Checkout", "reason": WHY, "sure": "on"}
        cast.sign_in(Client(), bob).post(f"/incidents/{incident}/redact/", said)
        assert not Redaction.objects.exists()

    def test_outsiders_of_a_private_incident_find_nothing(self, alice: User) -> None:
        incident = cast.incident("Checkout of gold", by=alice, private=True)
        ada = cast.ada()
        said = {"text": "Checkout", "reason": WHY, "sure": "on"}
        assert cast.sign_in(Client(), ada).post(f"/incidents/{incident}/redact/", said).status_code == 404
        path = f"/api/v1/incidents/{incident}/redactions/"
        assert cast.caller(ada).post(path, said, format="json").status_code == 404


@pytest.mark.django_db
def test_the_screen_asks_before(alice: User) -> None:
    incident = cast.incident(by=alice)
    entry = lifecycle.add_entry(incident, kind="note", text="The key is hunter2", actor=alice)
    client = cast.sign_in(Client(), alice)
    path = f"/incidents/{incident}/redact/"
    assert "The key is hunter2" in client.get(f"{path}?entry={entry.pk}").content.decode()
    asked = client.post(path, {"text": "hunter2", "reason": WHY})
    assert asked.status_code == 200
    assert "It stands in 1 place<" in asked.content.decode()
    assert "Nobody can bring it back" in asked.content.decode()
    assert not Redaction.objects.exists()
    done = client.post(path, {"text": "hunter2", "reason": WHY, "sure": "on"})
    assert done["Location"] == f"/incidents/{incident}/"
    assert Redaction.objects.get().places == {"timeline": 1}
    assert client.post(path, {"text": "hunter2", "reason": WHY}).status_code == 422


@pytest.mark.django_db
def test_the_api_redacts_and_lists_tombstones(alice: User) -> None:
    incident = cast.incident("Login hunter2", by=alice)
    program = cast.caller(alice)
    path = f"/api/v1/incidents/{incident}/redactions/"
    made = program.post(path, {"text": "hunter2", "reason": WHY}, format="json")
    assert made.status_code == 201, made.json()
    assert made.json()["reason"] == WHY
    assert [row["id"] for row in program.get(path).json()["results"]] == [made.json()["id"]]
    assert program.post(path, {"text": "hunter2", "reason": WHY}, format="json").status_code in {
        400,
        409,
        422,
    }


def test_a_text_is_found_however_json_spells_it() -> None:
    assert rules.without({"a": ['say "hi" now']}, '"hi"') == {"a": ["say [redacted] now"]}
    assert rules.without(b'{"a": "say \\"hi\\" now"}', '"hi"') == b'{"a": "say [redacted] now"}'
    assert rules.without('{"a": "Zo\\u00eb"}', "Zoë") == '{"a": "[redacted]"}'
    assert rules.without({"Zoë": 1}, "Zoë") == {"Zoë": 1}
    assert rules.without(7, "Zoë") == 7
    assert rules.without_inside('{"Zoë": "Zo\\u00eb"}', "Zoë") == '{"Zo\\u00eb": "[redacted]"}'
    assert rules.without_inside("no JSON, Zoë", "Zoë") == "no JSON, [redacted]"
    assert not rules.holds(memoryview(b"abc"), "abcd")
    assert rules.holds(memoryview(b"abcd"), "abcd")


@pytest.mark.django_db
def test_places_are_counted_without_changing_anything(alice: User) -> None:
    incident = cast.incident("Login hunter2", by=alice)
    assert dict(queries.standing(incident, "hunter2")) == {"facts": 1}
    assert not Redaction.objects.exists()


@pytest.mark.django_db
def test_every_table_of_an_incident_in_which_one_writes_is_looked_through(alice: User) -> None:
    incident = cast.incident(by=alice)
    held = {
        (found.rows.model, column)
        for _, found in registry.holders(incident, "text")
        if isinstance(found, registry.Rows)
        for column in found.columns
    }
    written = {
        (model, field.name)
        for model in apps.get_models()
        if any(field.is_relation and field.related_model is Incident for field in model._meta.concrete_fields)
        for field in model._meta.concrete_fields
        if isinstance(field, models.TextField | models.CharField | models.JSONField | ArrayField)
        and not field.choices
        and not field.unique
    }
    apart = {(AppliedMitigation, "kind"), (Redaction, "places"), (Escalation, "plan"), (Escalation, "acks")}
    apart |= {
        (Update, "components"),
        (Update, "lists"),
        (Alert, "severity"),
        (Alert, "routed_by"),
        (Alert, "not_paged"),
    }
    apart |= {(Tie, "carried"), (Nudge, "about"), (TimeOff, "occurrence"), (TimeOff, "time_zone")}
    apart |= {(Attachment, "media_type")}
    apart |= {(HandOver, "asked_as"), (SecurityItem, "slug"), (SecurityItem, "text"), (SecurityItem, "hint")}
    apart |= {(Subscription, "email"), (Report, "task")}  # addresses
    lacking = {f"{model.__name__}.{name}" for model, name in written - held - apart}
    assert lacking == set()


@pytest.mark.django_db
def test_what_a_split_copied_goes_with_it_from_wherever_it_is_redacted(alice: User) -> None:
    for redact_copy in (False, True):
        incident = cast.incident("Two faults", by=alice)
        entry = lifecycle.add_entry(incident, kind="note", text="Key hunter2", actor=alice)
        new = ties.split(incident, title="Only Poland", reason="Two", entries=[entry.pk], actor=alice)
        beside = lifecycle.add_entry(new, kind="note", text="hunter2 again", actor=alice)
        one, other = (new, incident) if redact_copy else (incident, new)
        row = operations.redact(one, text="hunter2", reason=WHY, actor=alice)
        assert row.places == {"timeline": 2 if redact_copy else 1}
        assert {*one.timeline.values_list("text", flat=True)} >= {"Key [redacted]"}
        assert {*other.timeline.values_list("text", flat=True)} >= {"Key [redacted]"}
        beside.refresh_from_db()
        # What was written there alone is that incident's own.
        assert ("hunter2" in beside.text) is not redact_copy


@pytest.mark.django_db
def test_an_alert_that_a_merge_took_over_is_reached_from_both(alice: User) -> None:
    mona = cast.mona()
    for redact_after in (False, True):
        alert = cast.alert("Token hunter2", description="hunter2", of=cast.service())
        incident = cast.incident("hunter2 leaks", by=alice)
        into = cast.incident("The same", by=alice)
        Alert.objects.filter(pk=alert.pk).update(incident=incident)
        lifecycle.add_entry(
            incident, kind="alert", text="Alert: Token hunter2", actor=alice, data={"alert": alert.pk}
        )
        ties.merge(incident, into=into, reason="The same", actor=alice)
        operations.redact(into if redact_after else incident, text="hunter2", reason=WHY, actor=mona)
        alert.refresh_from_db()
        assert (alert.incident, alert.title, alert.description) == (into, "Token [redacted]", "[redacted]")
        assert incident.timeline.get(kind="alert").text == "Alert: Token [redacted]"
        Alert.objects.filter(pk=alert.pk).delete()


@pytest.mark.django_db
def test_an_address_outside_is_redacted_and_gets_nothing_more(alice: User) -> None:
    incident = cast.incident(by=alice)
    subscriptions.subscribe(incident, email="press@customer.example", actor=alice)
    updates.publish(incident, audience="internal", text="We are on it", actor=alice)
    assert Told.objects.filter(name="press@customer.example").exists()
    places = operations.redact(incident, text="press@customer.example", reason=WHY, actor=alice).places
    assert places["who was told"] == 2
    assert not Told.objects.filter(name__contains="press").exists()
    row = Subscription.objects.get()
    assert (row.email, row.ended_by) == ("[redacted]", alice)
