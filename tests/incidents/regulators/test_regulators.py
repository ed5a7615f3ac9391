"""A data breach starts the clocks of the authorities; a report under a reference stops them, or a reason (R329)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from core.events.models import Event
from core.outbox.models import Message
from core.timers import operations as timers
from core.timers.models import Timer
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.operations.base import ChangedMeanwhile
from incidents.regulators import operations, rules
from incidents.regulators.models import DataBreach, Regime, ReportDuty
from tests import cast
from tests.incidents.clock import now

if TYPE_CHECKING:
    from django.test import Client

    from core.accounts.models import User
    from incidents.models import Incident

AT = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def test_it_is_said_at_half_at_four_fifths_shortly_before_and_at_the_end() -> None:
    due = rules.due(AT, 72 * 3600)
    assert due == AT + timedelta(hours=72)
    found = rules.reminders(AT, due, [50, 80, 95], at=AT)
    assert [(share, (when - AT).total_seconds() / 3600) for share, when in found] == [
        (50, 36), (80, 57.6), (95, 68.4), (100, 72),
    ]  # fmt: skip


def test_a_change_of_the_clock_neither_gives_nor_takes_an_hour() -> None:
    friday = datetime(2026, 10, 23, 12, 0, tzinfo=BERLIN)
    due = rules.due(friday, 72 * 3600)
    assert due == datetime(2026, 10, 26, 10, 0, tzinfo=UTC)
    assert f"{due.astimezone(BERLIN):%a %H:%M %Z}" == "Mon 11:00 CET"
    assert rules.reminders(friday, due, [], at=AT) == [(100, due)]
    halves = rules.reminders(friday, due.astimezone(BERLIN), [50], at=AT)
    assert halves[0] == (50, datetime(2026, 10, 24, 22, 0, tzinfo=UTC))


def test_what_has_passed_when_it_is_flagged_is_said_once_and_now() -> None:
    at = AT + timedelta(hours=60)
    found = rules.reminders(AT, rules.due(AT, 72 * 3600), [50, 80, 95], at=at)
    assert [share for share, _ in found] == [80, 95, 100]
    assert found[0][1] == at


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (180000, "2 days left"),
        (7200, "2 hours left"),
        (90, "1 min left"),
        (-90, "1 min late"),
        (-7200, "2 hours late"),
    ],
)
def test_what_is_left_is_said_as_people_say_it(seconds: float, words: str) -> None:
    assert rules.left(seconds) == words


@pytest.fixture
def incident(alice: User) -> Incident:
    return cast.incident(by=alice)


def shares(duty: ReportDuty) -> list[int]:
    rows = Timer.objects.filter(kind=operations.DUE, subject_id=duty.pk, done_at=None, cancelled_at=None)
    return [row.payload["share"] for row in rows.order_by("due_at")]


def run(duty: ReportDuty, *, upto: int = 100) -> None:
    """Let its timers come up to this share, the earliest first."""
    rows = Timer.objects.filter(kind=operations.DUE, subject_id=duty.pk, done_at=None, cancelled_at=None)
    for row in rows.filter(payload__share__lte=upto).order_by("due_at"):
        Timer.objects.filter(pk=row.pk).update(due_at=now() - timedelta(days=1))
        timers.run_due()


def remind(duty: ReportDuty, share: int) -> None:
    operations.remind(duty.pk, due_at=duty.due_at.isoformat(), share=share)


@pytest.mark.django_db
def test_the_clock_shows_72_hours_from_when_somebody_knew(incident: Incident, alice: User) -> None:
    since = now() - timedelta(hours=3)
    for _ in range(2):
        operations.flag(incident, aware_at=since, what="Tokens in a log", actor=alice)
    duty = ReportDuty.objects.get()
    assert (duty.regime.slug, duty.due_at) == ("gdpr", since + timedelta(hours=72))
    assert shares(duty) == [50, 80, 95, 100]
    assert incident.timeline.filter(data__has_key="breach").count() == 1
    earlier = since - timedelta(hours=40)
    operations.flag(incident, aware_at=earlier, what="Tokens in a log", actor=alice)
    duty.refresh_from_db()
    assert duty.due_at == earlier + timedelta(hours=72)
    assert shares(duty) == [50, 80, 95, 100]  # half of it has passed already: that is said now
    assert [
        event.payload["what"] for event in Event.objects.filter(name="incident.breach_changed").order_by("pk")
    ] == [
        "flagged",
        "changed",
    ]


@pytest.mark.django_db
def test_who_answers_for_it_is_reminded_once_at_each_share_and_no_more_once_it_is_reported(
    incident: Incident, alice: User, bob: User
) -> None:
    lifecycle.assign_role(incident, role_slug="communications", user=bob, actor=alice)
    operations.flag(incident, actor=alice)
    duty = ReportDuty.objects.get()
    for _ in range(2):
        remind(duty, 50)
    sent = Message.objects.filter(client=operations.CLIENT).order_by("pk")
    assert [message.address for message in sent] == ["alice@example.com", "bob@example.com"]
    assert (
        incident.timeline.filter(kind="reminder")
        .latest("id")
        .text.endswith(", 2 days left. Told Alice Example and Bob Example")
    )
    assert "GDPR: supervisory authority" in operations.render(sent[0]).subject
    operations.report(duty, reference="LDA-2026-114", actor=bob)
    assert set(operations.still_wanted(list(sent)).values()) == {"it was reported, or need not be"}
    remind(duty, 80)
    assert sent.count() == 2
    assert shares(duty) == []
    duty.refresh_from_db()
    assert (duty.state, duty.reference, duty.ended_by) == ("done", "LDA-2026-114", bob)
    assert incident.timeline.latest("id").text == "Reported: GDPR: supervisory authority (LDA-2026-114)"


@pytest.mark.django_db
def test_what_was_flagged_outside_utc_is_reminded_of_by_its_own_timers(
    client: Client, incident: Incident
) -> None:
    client.force_login(cast.person("Berta", zone="Europe/Berlin"))
    since = (now() - timedelta(hours=40)).replace(second=0, microsecond=0)
    entered = {"aware_at": f"{since.astimezone(BERLIN):%Y-%m-%dT%H:%M}", "regimes": ["gdpr"]}
    assert client.post(f"/incidents/{incident}/regulators/", entered).status_code == 302
    duty = ReportDuty.objects.get()
    assert duty.due_at == since + timedelta(hours=72)
    assert set(Timer.objects.filter(kind=operations.DUE).values_list("payload__due_at", flat=True)) == {
        duty.due_at.isoformat()
    }
    run(duty)
    said = Event.objects.filter(name="incident.report_duty_changed").order_by("pk")
    assert [event.payload["what"] for event in said] == [f"reminded_{share}" for share in (50, 80, 95, 100)]
    assert Message.objects.filter(client=operations.CLIENT).count() == 4


@pytest.mark.django_db
def test_a_corrected_time_moves_every_clock_that_runs(incident: Incident, alice: User) -> None:
    financial = Regime.objects.get(slug="financial")
    operations.flag(incident, regimes=[*Regime.objects.filter(is_active=True), financial], actor=alice)
    earlier = now() - timedelta(hours=5)
    operations.flag(incident, aware_at=earlier, actor=alice)  # `financial` is not in use by itself
    operations.report(ReportDuty.objects.get(regime=financial), reference="F-1", actor=alice)
    stands = ReportDuty.objects.get(regime=financial).due_at
    assert stands == earlier + timedelta(seconds=financial.within_seconds)
    operations.flag(incident, aware_at=earlier - timedelta(hours=1), regimes=[financial], actor=alice)
    assert ReportDuty.objects.get(regime__slug="gdpr").due_at == earlier + timedelta(hours=71)
    assert ReportDuty.objects.get(regime=financial).due_at == stands


@pytest.mark.django_db
def test_what_is_said_again_by_halves_keeps_the_rest(incident: Incident, alice: User) -> None:
    Regime.objects.update(is_active=True)
    operations.flag(incident, what="Tokens in a log", actor=alice)
    operations.need_not(ReportDuty.objects.get(regime__slug="hipaa"), why="No health data", actor=alice)
    breach = operations.flag(incident, aware_at=now() - timedelta(hours=2), actor=alice)
    assert breach.what == "Tokens in a log"
    assert dict(ReportDuty.objects.values_list("regime__slug", "state"))["hipaa"] == "not_needed"
    for row in ReportDuty.objects.open():
        operations.need_not(row, why="The log was never outside", actor=alice)
    assert operations.flag(incident, what="", actor=alice).what == ""
    assert not ReportDuty.objects.open().exists()
    operations.flag(incident, regimes=[Regime.objects.get(slug="hipaa")], actor=alice)
    assert [row.regime.slug for row in ReportDuty.objects.open()] == ["hipaa"]


@pytest.mark.django_db
def test_each_share_is_said_once_for_a_time_however_often_the_rest_is_edited(
    client: Client, incident: Incident, alice: User
) -> None:
    since = (now() - timedelta(hours=40)).replace(second=17, microsecond=250_000)
    operations.flag(incident, aware_at=since, what="Tokens", actor=alice)
    duty = ReportDuty.objects.get()
    run(duty, upto=50)
    client.force_login(alice)
    form = {"aware_at": f"{since:%Y-%m-%dT%H:%M}", "regimes": ["gdpr"]}
    path = f"/incidents/{incident}/regulators/"
    assert f'value="{form["aware_at"]}"' in client.get(path).content.decode()
    assert client.post(path, {**form, "what": "Tokens of Zoe", "version": "1"}).status_code == 302
    breach = DataBreach.objects.get()
    assert (breach.aware_at, breach.what) == (since, "Tokens of Zoe")
    assert shares(duty) == [80, 95, 100]
    operations.flag(incident, aware_at=since + timedelta(hours=20), actor=alice)
    operations.flag(incident, aware_at=since, actor=alice)  # and back
    assert shares(duty) == [80, 95, 100]
    remind(duty, 50)
    assert incident.timeline.filter(kind="reminder").count() == 1


@pytest.mark.django_db
def test_a_tick_that_is_gone_stops_no_clock_and_says_what_does(
    client: Client, incident: Incident, bob: User
) -> None:
    Regime.objects.filter(slug="financial").update(is_active=True)
    operations.flag(incident, what="Tokens", actor=bob)
    client.force_login(bob)
    path = f"/incidents/{incident}/regulators/"
    answer = client.post(path, {"what": "Tokens of Zoe", "regimes": ["gdpr"], "version": "1"})
    assert answer.status_code == 422
    page = answer.content.decode()
    name = Regime.objects.get(slug="financial").name
    assert f"The clock runs for {name}. Tick it again, or press “Need not” there and say why." in page
    assert "Tokens of Zoe" in page
    operations.need_not(ReportDuty.objects.get(regime__slug="financial"), why="No payments", actor=bob)
    assert client.post(path, {"what": "Tokens", "regimes": ["gdpr"], "version": "1"}).status_code == 302


@pytest.mark.django_db
def test_the_clocks_go_on_once_the_incident_is_over(incident: Incident, alice: User) -> None:
    operations.flag(incident, actor=alice)
    lifecycle.resolve(incident, actor=alice)
    lifecycle.close(incident, actor=alice)
    remind(ReportDuty.objects.get(), 80)
    assert Message.objects.filter(client=operations.CLIENT).count() == 1
    operations.report(ReportDuty.objects.get(), reference="LDA-1", actor=alice)


@pytest.mark.django_db
def test_of_a_private_incident_the_mail_says_nothing(alice: User) -> None:
    hidden = cast.incident("Keys of Zoltan leaked", by=alice, private=True)
    operations.flag(hidden, what="Keys", actor=alice)
    remind(ReportDuty.objects.get(), 50)
    mail = operations.render(Message.objects.get(client=operations.CLIENT))
    assert mail.subject == f"A report is due: {hidden}, a private incident"
    assert "GDPR" not in mail.text
    assert "Keys" not in mail.text


@pytest.mark.django_db
def test_what_was_none_or_need_not_be_has_a_reason(incident: Incident, alice: User) -> None:
    Regime.objects.update(is_active=True)
    operations.flag(incident, actor=alice)
    gdpr, financial, hipaa = ReportDuty.objects.order_by("regime__position")
    with pytest.raises(operations.NoReason):
        operations.report(gdpr, reference=" ", actor=alice)
    with pytest.raises(operations.NoReason):
        operations.need_not(gdpr, why="", actor=alice)
    for _ in range(2):
        operations.need_not(hipaa, why="No health data", actor=alice)
    with pytest.raises(operations.IsOver):
        operations.report(hipaa, reference="X", actor=alice)
    operations.report(gdpr, reference="LDA-1", at=now() - timedelta(minutes=5), actor=alice)
    with pytest.raises(operations.NoReason):
        operations.unflag(incident, why=" ", actor=alice)
    for _ in range(2):
        operations.unflag(incident, why="The log was never outside", actor=alice)
    states = dict(ReportDuty.objects.values_list("regime__slug", "state"))
    assert states == {"gdpr": "done", "financial": "not_needed", "hipaa": "not_needed"}
    financial.refresh_from_db()
    assert financial.why == "No breach: The log was never outside"
    assert shares(financial) == []
    operations.flag(incident, actor=alice)  # and yet it was one
    assert dict(ReportDuty.objects.values_list("regime__slug", "state"))["financial"] == "open"


@pytest.mark.django_db
def test_a_clock_that_was_stopped_by_mistake_runs_again_with_a_reason(
    client: Client, incident: Incident, alice: User
) -> None:
    operations.flag(incident, aware_at=now() - timedelta(hours=40), actor=alice)
    duty = ReportDuty.objects.get()
    run(duty, upto=50)
    operations.report(duty, reference="F-1", actor=alice)
    client.force_login(alice)
    path = f"/incidents/{incident}/regulators/"
    assert "Why after all" in client.get(path).content.decode()
    empty = client.post(f"{path}{duty.pk}/reopen/", {"why": ""}, follow=True)
    assert "Say why its clock runs again." in empty.content.decode()
    for _ in range(2):
        client.post(f"{path}{duty.pk}/reopen/", {"why": "That was the other one"})
    again = ReportDuty.objects.get()
    assert (again.state, again.reference, again.ended_at, again.ended_by) == ("open", "", None, None)
    assert again.due_at == duty.due_at
    assert shares(duty) == [80, 95, 100]  # half of the time was said before
    said = incident.timeline.filter(kind="action", data__what="reopened")
    assert [entry.text for entry in said] == [
        "To report after all: GDPR: supervisory authority, reported (F-1) until now. That was the other one"
    ]
    program, address = cast.caller(alice), f"/api/v1/incidents/{incident}/report-duties/{duty.pk}/"
    program.post(f"{address}need-not/", {"why": "No"}, format="json")
    assert program.post(f"{address}reopen/", {"why": "Yes"}, format="json").json()["state"] == "open"
    operations.unflag(incident, why="The log was never outside", actor=alice)
    assert program.post(f"{address}reopen/", {"why": "Yes"}, format="json").status_code == 409
    assert "Why after all" not in client.get(path).content.decode()
    client.force_login(cast.vera())
    assert client.post(f"{path}{duty.pk}/reopen/", {"why": "x"}).status_code == 403


@pytest.mark.django_db
def test_in_a_drill_no_authority_waits_and_without_one_there_is_nothing_to_flag(
    incident: Incident, alice: User
) -> None:
    with pytest.raises(operations.NoDrill):
        operations.flag(cast.incident("Game day", by=alice, drill=True), actor=alice)
    Regime.objects.update(is_active=False)
    with pytest.raises(operations.NoRegime):
        operations.flag(incident, actor=alice)
    Regime.objects.update(is_active=True)
    operations.flag(incident, actor=alice)
    with pytest.raises(ChangedMeanwhile):
        operations.flag(incident, what="More", version=9, actor=alice)


@pytest.mark.django_db
def test_it_is_flagged_and_reported_in_the_room_by_plain_forms(
    client: Client, incident: Incident, bob: User
) -> None:
    client.force_login(bob)
    path = f"/incidents/{incident}/regulators/"
    wrong = client.post(path, {"what": "Tokens in a log"})
    assert wrong.status_code == 422
    assert "Tokens in a log" in wrong.content.decode()
    assert client.post(path, {"what": "Tokens in a log", "regimes": ["gdpr"]}).status_code == 302
    duty = ReportDuty.objects.get()
    panel = client.get(f"/incidents/{incident}/-/regulators/").content.decode()
    assert "GDPR: supervisory authority" in panel
    client.post(f"{path}{duty.pk}/reported/", {"reference": ""})
    assert ReportDuty.objects.get().state == "open"
    client.post(f"{path}{duty.pk}/reported/", {"reference": "LDA-7"})
    assert "LDA-7" in client.get(path).content.decode()
    client.force_login(cast.vera())
    assert client.post(path, {"regimes": ["gdpr"]}).status_code == 403
    assert "Start the clocks" not in client.get(path).content.decode()


@pytest.mark.django_db
def test_what_was_typed_stays_in_the_form_where_it_is_refused(
    client: Client, incident: Incident, alice: User, bob: User
) -> None:
    operations.flag(incident, actor=alice)
    duty = ReportDuty.objects.get()
    client.force_login(bob)
    path = f"/incidents/{incident}/regulators/"
    long = "No data of a person. " * 100
    for where, name, typed, why in (
        (f"{duty.pk}/need-not/", "why", long, "at most 2000 characters"),
        (f"{duty.pk}/reported/", "reference", "LDA " * 60, "at most 200 characters"),
        ("no-breach/", "why", long, "at most 2000 characters"),
    ):
        answer = client.post(f"{path}{where}", {name: typed})
        page = answer.content.decode()
        assert (answer.status_code, why in page, page.count(f'value="{typed}"')) == (422, True, 1), where
    operations.report(duty, reference="LDA-7", actor=alice)
    late = client.post(f"{path}{duty.pk}/need-not/", {"why": "No data of a person"})
    page = late.content.decode()
    assert (late.status_code, "reported already" in page) == (422, True)
    assert "You wrote: No data of a person" in page
    assert ReportDuty.objects.get().state == "done"


@pytest.mark.django_db
def test_outsiders_of_a_private_incident_find_no_clock(client: Client, alice: User) -> None:
    hidden = cast.incident("Keys leaked", by=alice, private=True)
    operations.flag(hidden, actor=alice)
    duty = ReportDuty.objects.get()
    client.force_login(cast.mallory())
    for path in ("regulators/", "-/regulators/"):
        assert client.get(f"/incidents/{hidden}/{path}").status_code == 404
    assert (
        client.post(f"/incidents/{hidden}/regulators/{duty.pk}/reported/", {"reference": "x"}).status_code
        == 404
    )
    ada = cast.caller(cast.ada())
    for path in ("", "breach/"):
        assert ada.get(f"/api/v1/incidents/{hidden}/report-duties/{path}").status_code == 404


@pytest.mark.django_db
def test_programs_flag_read_and_report(incident: Incident, bob: User) -> None:
    program, path = cast.caller(bob), f"/api/v1/incidents/{incident}/report-duties/"
    flagged = program.post(
        f"{path}flag/", {"regimes": ["gdpr", "financial"], "what": "Tokens"}, format="json"
    )
    assert [row["regime"] for row in flagged.json()] == ["financial", "gdpr"]
    first, second = (row["id"] for row in flagged.json())
    done = program.post(f"{path}{first}/reported/", {"reference": "F-1"}, format="json").json()
    assert (done["state"], done["reference"], done["ended_by"]) == ("done", "F-1", str(bob.pk))
    assert program.post(f"{path}{first}/need-not/", {"why": "x"}, format="json").status_code == 409
    assert (
        program.post(f"{path}{second}/need-not/", {"why": "No personal data"}, format="json").json()["state"]
        == "not_needed"
    )
    said = program.get(f"{path}breach/").json()
    assert (said["what"], said["flagged_by"], said["ended_at"]) == ("Tokens", str(bob.pk), None)
    assert program.post(f"{path}no-breach/", {"why": "None"}, format="json").status_code == 200
    ended = program.get(f"{path}breach/").json()
    assert (ended["ended_because"], ended["ended_at"] is not None) == ("None", True)
    other = cast.incident("Other", by=bob)
    assert program.get(f"/api/v1/incidents/{other}/report-duties/breach/").status_code == 404
    assert [row["slug"] for row in program.get("/api/v1/regimes/").json()["results"]] == [
        "gdpr",
        "financial",
        "hipaa",
    ]
