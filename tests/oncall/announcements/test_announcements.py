"""Topics and user groups that say who is on call, in a server that speaks Slack's protocol."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from core.accounts.models import Team, User
from core.net import http
from core.outbox import sending
from core.outbox.models import Message
from core.timers.models import Timer
from oncall.announcements import operations, queries, rules
from oncall.announcements.models import Announcement
from oncall.destinations import operations as destinations
from oncall.handoffs import operations as handoffs
from oncall.paging.models import ContactMethod
from oncall.schedules import operations as schedules
from tests import cast
from tests.core.channels.chats import set_up
from tests.core.channels.servers import slack
from tests.oncall.test_handlers import hear

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client
    from pytest_django import DjangoAssertNumQueries, Settings

    from oncall.destinations.models import Destination
    from oncall.models import Schedule

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
GROUP = "S012AB3CD"


@pytest.fixture(autouse=True)
def chat(settings: Settings) -> Iterator[slack.Slack]:
    found = slack.Slack().start()
    set_up(settings, "slack", found)
    found.topics[slack.ROOM] = "Ask in #help"
    found.groups[GROUP] = ["U0000000X"]
    yield found
    found.stop()
    http.hang_up()


@pytest.fixture
def schedule(alice: User) -> Schedule:
    return cast.always(alice)


@pytest.fixture
def room(schedule: Schedule) -> Destination:
    return cast.channel("#payments", kind="slack", address=slack.ROOM, of=cast.team())


@pytest.fixture
def topic(schedule: Schedule, room: Destination, ada: User) -> Announcement:
    made = operations.add_topic(schedule, room, actor=ada)
    write()
    return made


def write() -> None:
    """Let the outbox do what is due."""
    hear()
    sending.send_due()


def knows_slack(user: User, member: str) -> None:
    ContactMethod.objects.create(user=user, channel="slack", address=member, verified_at=timezone.now())


def sets(chat: slack.Slack) -> int:
    return sum(call.path == "/api/conversations.setTopic" for call in chat.calls)


def test_a_topic_says_who_is_on_call_until_when_and_who_stands_behind() -> None:
    at = timezone.now().replace(2026, 1, 5, 9, 0, 0, 0)
    words = rules.words("Plat|form", ["Ana", "Bo"], at, ["Cleo\nX"], timezone.get_default_timezone())
    assert words == [
        "Plat/form on call: Ana, Bo (until Mon 05 Jan 09:00 UTC) · behind: Cleo X",
        "Plat/form on call: Ana, Bo (until Mon 05 Jan 09:00 UTC)",
        "Plat/form on call: Ana, Bo",
    ]
    assert rules.words("P", [], None, [], timezone.get_default_timezone()) == ["P on call: nobody"]
    assert len(rules.words("P", ["x" * 500], None, [], timezone.get_default_timezone())[0]) < 150


def test_it_follows_an_override_and_its_end_and_is_not_written_when_nothing_changed(
    topic: Announcement, chat: slack.Slack, schedule: Schedule, bob: User
) -> None:
    assert chat.topics[slack.ROOM] == "Ask in #help | Payments primary on call: Alice Example"
    now = timezone.now()
    override = schedules.add_override(schedule, start=now, end=now + HOUR, user=bob, actor=None)
    write()
    begins = chat.topics[slack.ROOM]
    assert begins.startswith("Ask in #help | Payments primary on call: Bob Example (until ")
    assert sets(chat) == 2
    schedules.describe(schedule, description="x", actor=None)
    operations.refresh_all()
    write()
    assert sets(chat) == 2
    schedules.cancel_override(override, actor=None)
    write()
    assert chat.topics[slack.ROOM] == "Ask in #help | Payments primary on call: Alice Example"
    topic.refresh_from_db()
    assert (topic.said, topic.error) == (["Payments primary on call: Alice Example"], "")


def test_it_changes_at_the_hand_off_by_the_event_of_the_shift(
    topic: Announcement, chat: slack.Slack, schedule: Schedule, bob: User
) -> None:
    start = timezone.now() + timedelta(seconds=1)
    schedules.add_override(schedule, start=start, end=start + HOUR, user=bob, actor=None)
    write()
    assert "Alice Example (until" in chat.topics[slack.ROOM]
    handoffs.plan_edges()
    timer = Timer.objects.filter(kind=handoffs.EDGE).earliest("due_at")
    with time_machine.travel(start + timedelta(seconds=1), tick=True):
        handoffs.tell(timer)
        hear()
    assert Message.objects.filter(client=queries.TOPIC, state="pending").count() == 1
    with time_machine.travel(start + timedelta(seconds=1), tick=True):
        sending.send_due()
    assert "Payments primary on call: Bob Example (until" in chat.topics[slack.ROOM]


def test_who_stands_behind_is_said(
    topic: Announcement, chat: slack.Slack, schedule: Schedule, bob: User
) -> None:
    second = cast.always(bob, name="Payments secondary")
    (version,) = second.versions.all()
    version.stands_behind = schedule
    version.save()
    operations.refresh([second.pk])
    write()
    assert chat.topics[slack.ROOM].endswith("on call: Alice Example · behind: Bob Example")


def test_two_schedules_share_a_topic_by_one_message_at_a_time(
    topic: Announcement, chat: slack.Slack, room: Destination, bob: User, ada: User
) -> None:
    other = cast.always(bob, name="Nights")
    operations.add_topic(other, room, actor=ada)
    operations.refresh_all()
    assert Message.objects.filter(client=queries.TOPIC, state="pending").count() == 1
    write()
    assert chat.topics[slack.ROOM] == (
        "Ask in #help | Payments primary on call: Alice Example | Nights on call: Bob Example"
    )
    with pytest.raises(operations.SaidThere):
        operations.add_topic(other, room, actor=ada)


def test_what_changes_while_a_message_is_under_way_is_written_after_it(
    topic: Announcement, chat: slack.Slack, schedule: Schedule, alice: User, bob: User
) -> None:
    now = timezone.now()
    schedules.add_override(schedule, start=now, end=now + HOUR, user=bob, actor=None)
    hear()
    assert Message.objects.filter(client=queries.TOPIC, state="pending").count() == 1
    User.objects.filter(pk=bob.pk).update(name="Robert")
    assert operations.refresh_all() == 0
    sending.send_due()
    topic.refresh_from_db()
    assert "Robert (until" in chat.topics[slack.ROOM]
    assert "Robert (until" in topic.said[0]
    assert not Message.objects.filter(client=queries.TOPIC, state="pending").exists()


def test_a_failure_is_shown_at_the_schedule_and_tried_at_a_press(
    schedule: Schedule, room: Destination, chat: slack.Slack, ada: User, client: Client
) -> None:
    chat.errors = {"conversations.setTopic": "not_in_channel"}
    made = operations.add_topic(schedule, room, actor=ada)
    write()
    made.refresh_from_db()
    assert made.error == "Slack: not_in_channel"
    cast.sign_in(client, ada)
    for page in (f"/on-call/{schedule.slug}/", f"/on-call/{schedule.slug}/chats/"):
        assert b"Slack: not_in_channel" in client.get(page).content
    calls = len(chat.calls)
    operations.refresh_all()
    write()
    assert len(chat.calls) == calls  # the same words are not tried again by themselves
    chat.errors = {}
    assert client.post(f"/on-call/{schedule.slug}/chats/{made.pk}/again/").status_code == 302
    write()
    made.refresh_from_db()
    assert made.error == ""
    assert "Alice Example" in chat.topics[slack.ROOM]


def test_removed_or_deleted_it_is_taken_out(
    topic: Announcement, chat: slack.Slack, schedule: Schedule, room: Destination, ada: User
) -> None:
    operations.remove(topic, actor=ada)
    operations.remove(topic, actor=ada)
    write()
    assert chat.topics[slack.ROOM] == "Ask in #help"
    assert not Announcement.objects.exists()
    operations.add_topic(schedule, room, actor=ada)
    write()
    assert "Alice" in chat.topics[slack.ROOM]
    schedules.delete(schedule, actor=ada)
    write()
    assert chat.topics[slack.ROOM] == "Ask in #help"
    schedules.undelete(schedule, actor=ada)
    write()
    assert "Alice" in chat.topics[slack.ROOM]


def test_a_user_group_holds_who_is_on_call_and_says_whom_slack_does_not_know(
    schedule: Schedule, chat: slack.Slack, alice: User, bob: User, ada: User, client: Client
) -> None:
    made = operations.add_group(schedule, GROUP.lower(), actor=ada)
    write()
    assert chat.groups[GROUP] == ["U0000000X"]  # nobody is known, and Slack keeps no empty group
    knows_slack(alice, "U0000000A")
    operations.refresh_all()
    write()
    assert chat.groups[GROUP] == ["U0000000A"]
    now = timezone.now()
    schedules.add_override(schedule, start=now, end=now + HOUR, user=bob, actor=None)
    write()
    cast.sign_in(client, ada)
    page = client.get(f"/on-call/{schedule.slug}/chats/").content.decode()
    assert "no Slack member ID of theirs is known: Bob Example" in page
    knows_slack(bob, "U0000000B")
    operations.refresh_all()
    write()
    assert chat.groups[GROUP] == ["U0000000B"]
    operations.remove(made, actor=ada)
    assert not Announcement.objects.exists()


def test_who_may_choose(schedule: Schedule, room: Destination, alice: User, bob: User, mona: User) -> None:
    with pytest.raises(PermissionDenied):
        operations.add_topic(schedule, room, actor=bob)
    with pytest.raises(PermissionDenied):
        operations.add_group(schedule, GROUP, actor=mona)
    hook = cast.channel("hook", kind="slack", address="https://hooks.slack.com/services/x", of=cast.team())
    assert not queries.has_topic(hook)
    assert not Announcement.objects.exists()


def test_a_channel_of_another_team_is_refused(schedule: Schedule, ada: User) -> None:
    theirs = cast.channel(
        "#theirs", kind="slack", address=slack.ROOM, of=Team.objects.create(name="Theirs", slug="theirs")
    )
    with pytest.raises(operations.NoTopic, match="another team"):
        operations.add_topic(schedule, theirs, actor=ada)


def test_the_api(schedule: Schedule, room: Destination, ada: User, bob: User) -> None:
    program, stranger = cast.caller(ada), cast.caller(bob)
    path = "/api/v1/on-call/announcements/"
    given = {"schedule": schedule.slug, "channel": "#payments"}
    assert stranger.post(path, given, format="json").status_code == 403
    made = program.post(path, given, format="json")
    assert made.status_code == 201, made.data
    assert program.post(path, given, format="json").status_code == 409
    assert program.post(path, {"schedule": schedule.slug}, format="json").status_code == 400
    group = program.post(path, {"schedule": schedule.slug, "group": GROUP}, format="json")
    assert (group.status_code, group.data["group"]) == (201, GROUP)
    write()
    found = program.get(path, {"schedule__slug": schedule.slug}).data["results"]
    assert [each["says"] for each in found] == ["Payments primary on call: Alice Example", ""]
    one = f"{path}{made.data['id']}/"
    assert program.post(f"{one}again/").status_code == 202
    assert stranger.delete(one).status_code == 403
    assert program.delete(one).status_code == 204
    assert program.delete(f"{path}{group.data['id']}/").status_code == 204


def test_the_screen_asks_the_same_number_of_queries_for_many(
    schedule: Schedule, ada: User, client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(5):
        there = cast.channel(f"#room-{number}", kind="slack", address=f"C00000000{number}", of=cast.team())
        operations.add_topic(schedule, there, actor=ada)
    cast.sign_in(client, ada)
    client.get(f"/on-call/{schedule.slug}/chats/")
    with django_assert_max_num_queries(20):
        client.get(f"/on-call/{schedule.slug}/chats/")


def test_a_manager_chooses_on_the_screen_and_a_reader_does_not(
    schedule: Schedule, room: Destination, ada: User, bob: User, client: Client, chat: slack.Slack
) -> None:
    path = f"/on-call/{schedule.slug}/chats/"
    cast.sign_in(client, bob)
    assert client.get(path).status_code == 200
    assert client.post(path, {"channel": room.pk}).status_code == 403
    assert client.post(f"{path}group/", {"group": GROUP}).status_code == 403
    cast.sign_in(client, ada)
    assert client.post(path, {"channel": room.pk}).status_code == 302
    assert client.post(f"{path}group/", {"group": "x"}).status_code == 422
    assert client.post(f"{path}group/", {"group": GROUP}).status_code == 302
    write()
    assert "Alice Example" in client.get(path).content.decode()
    destinations.remove(room, actor=ada)
    assert Announcement.objects.count() == 1
