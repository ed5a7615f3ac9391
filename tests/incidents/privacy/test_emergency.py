"""An admin who takes no part looks into a private incident: why is written, members know, and it ends by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.test import Client

from core.events.models import Event
from core.live import registry as live
from core.outbox.models import Message
from core.timers import operations as timers
from core.timers.models import Timer
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.models import EmergencyAccess
from incidents.models import Incident, Task
from incidents.privacy import operations
from incidents.tasks import operations as tasks
from oncall.models import Alert
from tests import cast
from tests.incidents.clock import now

if TYPE_CHECKING:
    from core.accounts.models import User

pytestmark = pytest.mark.django_db
WHY = "Its people are asleep and the bank calls"
TITLE = "Stolen keys of Example Bank"


@pytest.fixture
def incident(alice: User) -> Incident:
    return cast.incident(TITLE, by=alice, private=True)


def opened(incident: Incident, by: User) -> EmergencyAccess:
    return operations.open_up(ref=f"INC-{incident.number}", actor=by, reason=WHY)


def seen(incident: Incident, by: User) -> bool:
    return Incident.objects.visible_to(by).filter(pk=incident.pk).exists()


def pass_time(access: EmergencyAccess) -> None:
    """Let the time of an access be over, and what is due be done."""
    hour = timedelta(hours=2)
    EmergencyAccess.objects.filter(pk=access.pk).update(
        opened_at=F("opened_at") - hour, ends_at=F("ends_at") - hour
    )
    Timer.objects.filter(kind=operations.END).update(due_at=F("due_at") - hour)


class TestOpening:
    def test_it_shows_the_room_and_all_that_belongs_to_it_until_then_404(
        self, incident: Incident, ada: User
    ) -> None:
        alert = cast.alert("Odd login")
        Alert.objects.update(incident=incident)
        client, program = cast.sign_in(Client(), ada), cast.caller(ada)
        room, resource = f"/incidents/{incident}/", f"/api/v1/incidents/{incident}/"
        assert client.get(room).status_code == program.get(resource).status_code == 404
        answer = client.post("/incidents/emergency/", {"incident": str(incident), "reason": WHY})
        assert answer["Location"] == room
        assert TITLE in client.get(room).content.decode()
        assert program.get(resource).json()["title"] == TITLE
        assert client.get(f"/alerts/{alert.pk}/").status_code == 200

    def test_it_is_on_the_timeline_and_in_the_log_of_admins_without_its_reason(
        self, incident: Incident, ada: User
    ) -> None:
        access = opened(incident, ada)
        entry = incident.timeline.get(kind="access")
        assert entry.text == (
            f"{ada}, who takes no part, opened this incident for 60 min by emergency access: {WHY}"
        )
        event = Event.objects.get(name="emergency_access.opened")
        assert (event.subject_id, event.actor) == (access.pk, ada)
        assert event.payload == {
            "access_id": access.pk,
            "incident_id": incident.pk,
            "ends_at": access.ends_at.isoformat(),
        }

    def test_members_are_told_by_mail_that_says_nothing_of_it(
        self, incident: Incident, alice: User, bob: User, ada: User
    ) -> None:
        lifecycle.invite(incident, user=bob, actor=alice)
        opened(incident, ada)
        told = Message.objects.filter(client=operations.CLIENT)
        assert {row.user for row in told} == {alice, bob}
        for row in told:
            words = operations.render(row)
            assert words.subject == f"{ada} opened {incident}, a private incident, by emergency access"
            assert "Bank" not in f"{row.content}{words}"
            assert "asleep" not in f"{row.content}{words}"
        assert operations.still_wanted(list(told)) == {}

    def test_where_no_member_is_left_other_admins_are_told(
        self, incident: Incident, alice: User, ada: User
    ) -> None:
        other = cast.person("Adam", role="admin")
        alice.is_active = False
        alice.save()
        opened(incident, ada)
        assert [row.user for row in Message.objects.filter(client=operations.CLIENT)] == [other]

    def test_twice_is_once(self, incident: Incident, ada: User) -> None:
        assert opened(incident, ada) == opened(incident, ada)
        assert incident.timeline.filter(kind="access").count() == 1

    @pytest.mark.parametrize("reason", ["", "because", "         x         "])
    def test_without_a_reason_it_stays_shut(self, incident: Incident, ada: User, reason: str) -> None:
        with pytest.raises(operations.NotExplained):
            operations.open_up(ref=str(incident), actor=ada, reason=reason)
        answer = cast.sign_in(Client(), ada).post(
            "/incidents/emergency/", {"incident": str(incident), "reason": reason}
        )
        assert answer.status_code == 422
        assert "Say why in a sentence" in answer.content.decode()
        assert not seen(incident, ada)

    @pytest.mark.parametrize("who", ["mona", "bob", "vera"])
    def test_nobody_but_an_admin_asks_for_it(self, incident: Incident, who: str) -> None:
        person = getattr(cast, who)()
        with pytest.raises(PermissionDenied):
            opened(incident, person)
        said = {"incident": str(incident), "reason": WHY}
        assert cast.sign_in(Client(), person).post("/incidents/emergency/", said).status_code == 403
        assert cast.caller(person).post("/api/v1/emergency-access/", said).status_code == 403

    def test_absent_and_public_are_the_same_refusal_in_the_log(self, ada: User) -> None:
        public = cast.incident()
        for ref in (str(public), "INC-99", "nonsense"):
            with pytest.raises(operations.NoSuchPrivateIncident, match="no private incident of that number"):
                operations.open_up(ref=ref, actor=ada, reason=WHY)
        tried = Event.objects.filter(name="emergency_access.refused").order_by("pk")
        assert [row.payload["number"] for row in tried] == [public.number, 99, 0]

    def test_wrong_numbers_count_so_that_nobody_tries_them_all(self, incident: Incident, ada: User) -> None:
        for number in range(90, 95):
            with pytest.raises(operations.NoSuchPrivateIncident):
                operations.open_up(ref=str(number), actor=ada, reason=WHY)
        with pytest.raises(operations.TooOften):
            opened(incident, ada)
        assert not seen(incident, ada)

    def test_a_member_needs_none(self, incident: Incident, ada: User) -> None:
        lifecycle.join(incident, user=ada)
        with pytest.raises(operations.MemberAlready):
            opened(incident, ada)


class TestReadingOnly:
    @pytest.mark.parametrize(
        ("path", "said"),
        [
            ("notes/", {"kind": "note", "text": "I was here"}),
            ("join/", {}),
            ("edit/make-visible/", {}),
            ("edit/invite/", {"user": "1"}),
            ("take-command/", {}),
        ],
    )
    def test_what_would_change_something_does_not_exist(
        self, incident: Incident, ada: User, path: str, said: dict[str, str]
    ) -> None:
        opened(incident, ada)
        before = incident.timeline.count()
        client = cast.sign_in(Client(), ada)
        assert client.post(f"/incidents/{incident}/{path}", said).status_code == 404
        assert incident.timeline.count() == before
        assert not incident.participants.filter(user=ada).exists()

    def test_a_program_changes_nothing_either(self, incident: Incident, ada: User) -> None:
        opened(incident, ada)
        program = cast.caller(ada)
        answer = program.patch(f"/api/v1/incidents/{incident}/", {"title": "Mine"}, format="json")
        assert answer.status_code == 404

    def test_the_room_says_so_and_offers_nothing_to_press(self, incident: Incident, ada: User) -> None:
        opened(incident, ada)
        room = cast.sign_in(Client(), ada).get(f"/incidents/{incident}/").content.decode()
        assert "You read this by emergency access until" in room
        assert "Post update" not in room
        assert 'id="room-menu"' not in room


class TestEnding:
    def test_its_time_ends_it_even_where_no_timer_runs(self, incident: Incident, ada: User) -> None:
        access = opened(incident, ada)
        assert seen(incident, ada)
        pass_time(access)
        assert not seen(incident, ada)

    def test_a_timer_says_on_the_timeline_that_it_is_over(self, incident: Incident, ada: User) -> None:
        access = opened(incident, ada)
        pass_time(access)
        timers.run_due()
        access.refresh_from_db()
        assert access.ended_at is not None
        texts = list(incident.timeline.filter(kind="access").order_by("pk").values_list("text", flat=True))
        assert texts[1:] == [f"The emergency access of {ada} has ended"]
        operations.come_due(access.pk)
        assert incident.timeline.filter(kind="access").count() == 2

    def test_a_timer_that_comes_early_ends_nothing(self, incident: Incident, ada: User) -> None:
        operations.come_due(opened(incident, ada).pk)
        assert seen(incident, ada)

    def test_the_person_ends_it(self, incident: Incident, ada: User) -> None:
        access = opened(incident, ada)
        client = cast.sign_in(Client(), ada)
        assert client.post(f"/incidents/emergency/{access.pk}/end/").status_code == 302
        assert client.get(f"/incidents/{incident}/").status_code == 404
        assert not Timer.objects.filter(kind=operations.END, cancelled_at=None).exists()

    def test_nobody_ends_or_reads_that_of_another(self, incident: Incident, ada: User) -> None:
        access = opened(incident, ada)
        client = cast.sign_in(Client(), cast.person("Adam", role="admin"))
        assert client.post(f"/incidents/emergency/{access.pk}/end/").status_code == 404
        assert WHY not in client.get("/incidents/emergency/").content.decode()
        assert seen(incident, ada)

    def test_live_pages_of_who_looks_fall_silent_with_it(self, incident: Incident, ada: User) -> None:
        topic = f"incident-{incident.pk}"
        assert not live.may_hear(ada, topic)
        access = opened(incident, ada)
        assert live.may_hear(ada, topic)
        operations.end(access, actor=ada)
        assert not live.may_hear(ada, topic)

    def test_who_is_no_admin_any_more_reads_no_more(self, incident: Incident, ada: User) -> None:
        opened(incident, ada)
        ada.role = "responder"
        assert not seen(incident, ada)

    def test_it_can_be_opened_again_later(self, incident: Incident, ada: User) -> None:
        first = opened(incident, ada)
        pass_time(first)
        assert opened(incident, ada) != first
        first.refresh_from_db()
        assert first.ended_at is not None
        assert seen(incident, ada)


def test_once_it_has_ended_whoever_commands_looks_into_it_once(
    incident: Incident, ada: User, alice: User
) -> None:
    access = opened(incident, ada)
    assert not Task.objects.exists()
    pass_time(access)
    for _ in range(2):
        operations.come_due(access.pk)
    task = Task.objects.get()
    assert (task.incident, task.assignee, task.created_by) == (incident, alice, None)
    assert task.title == f"Look into the emergency access of {ada}: was it needed?"
    (mail,) = Message.objects.filter(client=tasks.ASKED)
    assert mail.address == alice.email
    assert str(ada) not in str(mail.content)


def test_of_a_closed_incident_it_ends_without_a_task(incident: Incident, ada: User, alice: User) -> None:
    access = opened(incident, ada)
    lifecycle.close(incident, outcome="false_alarm", reason="A test key", actor=alice)
    pass_time(access)
    operations.come_due(access.pk)
    access.refresh_from_db()
    assert access.ended_at is not None
    assert not Task.objects.filter(title__contains="emergency").exists()


def test_the_api_opens_lists_and_ends_it(incident: Incident, ada: User) -> None:
    from rest_framework.test import APIClient  # noqa: PLC0415 - it reads the settings

    from core.tokens import operations as tokens  # noqa: PLC0415

    _, secret = tokens.create(ada, name="break", scopes=["read", "admin"])
    program = APIClient()
    program.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    begun = now()
    made = program.post(
        "/api/v1/emergency-access/", {"incident": str(incident), "reason": WHY}, format="json"
    )
    assert made.status_code == 201, made.json()
    body = made.json()
    assert (body["incident"], body["reason"], body["ended_at"]) == (str(incident), WHY, None)
    assert EmergencyAccess.objects.get().ends_at >= begun + timedelta(minutes=59)
    assert [row["id"] for row in program.get("/api/v1/emergency-access/").json()["results"]] == [body["id"]]
    ended = program.post(f"/api/v1/emergency-access/{body['id']}/end/")
    assert ended.json()["ended_at"] is not None
    assert cast.caller(ada).get(f"/api/v1/incidents/{incident}/").status_code == 404
