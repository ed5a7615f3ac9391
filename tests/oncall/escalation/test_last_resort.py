from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from core.events.models import Event
from core.outbox.models import Message
from oncall.escalation import operations, queries
from oncall.escalation.models import Escalation, EscalationStatus, LastResort
from oncall.paging.models import Page
from tests import cast
from tests.oncall.escalation.clock import asked, drain, pass_time

if TYPE_CHECKING:
    from core.accounts.models import User
    from oncall.escalation.models import Policy

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/escalation-policies/last-resort/"


@pytest.fixture
def engineering(bob: User) -> Policy:
    return cast.policy((600, [bob]))


def exhaust(running: Escalation, *, minutes: float = 10) -> None:
    drain()
    pass_time(running, minutes=minutes)
    drain()


def last() -> Escalation:
    return Escalation.objects.get(is_last_resort=True)


def test_a_person_is_asked_once_when_the_policy_gives_up(ada: User, carol: User, engineering: Policy) -> None:
    operations.set_last_resort(user=carol, actor=ada)
    alert = cast.alert()
    running = cast.escalation(alert, engineering, urgency="low")
    exhaust(running)
    running.refresh_from_db()
    assert running.status == EscalationStatus.EXHAUSTED
    assert (last().alert, last().generation, last().urgency) == (alert, 2, "low")
    page = Page.objects.get(user=carol)
    assert page.why.startswith("Last resort, because nobody of Engineering answered.")
    assert page.escalation == last()
    alarm = Message.objects.get(client="oncall.alarm")
    assert "The last resort is asked now: Carol Example." in alarm.content["text"]


def test_the_last_resort_has_none_of_its_own(ada: User, carol: User, engineering: Policy) -> None:
    operations.set_last_resort(user=carol, actor=ada)
    exhaust(cast.escalation(cast.alert(), engineering))
    exhaust(last(), minutes=5)
    assert last().status == EscalationStatus.EXHAUSTED
    assert Escalation.objects.count() == 2
    assert asked(last()) == [("Carol", 0, 0, "pending")]
    subjects = [
        each.content["text"].split("\n\n")[1]
        for each in Message.objects.filter(client="oncall.alarm").order_by("id")
    ]
    assert len(subjects) == 2
    assert "last resort" not in subjects[1]
    assert drain() == 0


def test_a_policy_is_asked_for_one_pass_whatever_its_repeat(
    ada: User, carol: User, engineering: Policy
) -> None:
    fallback = cast.policy((60, [carol]), (60, [ada]), name="Fallback", repeat=5)
    operations.set_last_resort(policy=fallback, actor=ada)
    exhaust(cast.escalation(cast.alert(), engineering))
    pass_time(last(), minutes=1)
    drain()
    pass_time(last(), minutes=1)
    drain()
    assert asked(last()) == [("Carol", 0, 0, "pending"), ("Ada", 0, 1, "pending")]
    assert last().status == EscalationStatus.EXHAUSTED


def test_the_policy_that_is_the_last_resort_is_not_asked_again(ada: User, engineering: Policy) -> None:
    operations.set_last_resort(policy=engineering, actor=ada)
    exhaust(cast.escalation(cast.alert(), engineering))
    assert Escalation.objects.count() == 1
    assert "last resort" not in Message.objects.get(client="oncall.alarm").content["text"]


def test_a_page_by_hand_has_no_last_resort(ada: User, bob: User, carol: User) -> None:
    operations.set_last_resort(user=carol, actor=ada)
    operations.page_by_hand(actor=carol, message="Help", user=bob)
    running = Escalation.objects.get()
    for _ in range(2):
        exhaust(running, minutes=5)
    assert not Page.objects.filter(user=carol).exists()
    assert Escalation.objects.get().status == EscalationStatus.EXHAUSTED


def test_whoever_takes_it_ends_both(ada: User, carol: User, engineering: Policy) -> None:
    operations.set_last_resort(user=carol, actor=ada)
    alert = cast.alert()
    exhaust(cast.escalation(alert, engineering))
    operations.acknowledge(actor=carol, alert=alert)
    assert set(Escalation.objects.values_list("status", flat=True)) == {"acknowledged"}


def test_given_back_at_once_it_goes_on_and_later_the_policy_starts_from_the_top(
    ada: User, carol: User, engineering: Policy
) -> None:
    operations.set_last_resort(user=carol, actor=ada)
    alert = cast.alert()
    running = cast.escalation(alert, engineering)
    exhaust(running)
    operations.acknowledge(actor=carol, alert=alert)
    operations.unacknowledge(actor=carol, alert=alert)
    assert last().status == EscalationStatus.ESCALATING
    operations.acknowledge(actor=carol, alert=alert)
    pass_time(last(), minutes=60)
    operations.unacknowledge(actor=carol, alert=alert)
    running.refresh_from_db()
    assert (running.status, running.round, running.level) == (EscalationStatus.ESCALATING, 0, 0)
    assert last().status == EscalationStatus.CLOSED
    assert queries.current(alert=alert) == running


def test_after_a_snooze_only_the_policy_asks_again(ada: User, carol: User, engineering: Policy) -> None:
    operations.set_last_resort(user=carol, actor=ada)
    alert = cast.alert()
    running = cast.escalation(alert, engineering)
    exhaust(running)
    operations.snooze(alert=alert, seconds=60, actor=carol)
    running.refresh_from_db()
    assert (running.status, last().status) == (EscalationStatus.SNOOZED, EscalationStatus.CLOSED)


def test_without_one_only_the_admins_are_told(ada: User, engineering: Policy) -> None:
    exhaust(cast.escalation(cast.alert(), engineering))
    assert Escalation.objects.count() == 1
    assert Message.objects.filter(client="oncall.alarm").count() == 1


# Setting it


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_an_admin_sets_it_on_the_screen(ada: User, carol: User, engineering: Policy) -> None:
    client = signed_in(ada)
    assert "every admin is told, and nobody else is asked" in client.get("/escalation/").content.decode()
    answer = client.post("/escalation/-/last-resort/", {"whom": f"policy:{engineering.pk}"})
    assert (answer.status_code, answer["Location"]) == (302, "/escalation/")
    html = client.get("/escalation/").content.decode()
    assert f'value="policy:{engineering.pk}" selected' in html
    client.post("/escalation/-/last-resort/", {"whom": f"user:{carol.pk}"})
    policy = client.get("/escalation/engineering/").content.decode()
    assert "Then Carol Example is asked, as the last resort." in policy
    found = LastResort.objects.get()
    assert (found.user, found.policy) == (carol, None)
    assert "<b>Carol Example</b> is asked once more" in signed_in(carol).get("/escalation/").content.decode()
    client.post("/escalation/-/last-resort/", {"whom": ""})
    assert not LastResort.objects.exists()
    told = Event.objects.filter(name="last_resort.changed").order_by("id")
    assert [event.payload["whom"] for event in told] == ["Engineering", "Carol Example", ""]


def test_nobody_else_sets_it(ada: User, carol: User, engineering: Policy) -> None:
    for user in (carol, cast.mona(), cast.vera()):
        client = signed_in(user)
        assert 'name="whom"' not in client.get("/escalation/").content.decode()
        answer = client.post("/escalation/-/last-resort/", {"whom": f"user:{carol.pk}"})
        assert answer.status_code == 403
    assert signed_in(ada).get("/escalation/-/last-resort/").status_code == 405
    assert signed_in(ada).post("/escalation/-/last-resort/", {"whom": "user:987654"}).status_code == 422
    assert not LastResort.objects.exists()


def test_it_is_set_through_the_api(ada: User, carol: User, engineering: Policy) -> None:
    api = cast.caller(ada)
    assert api.get(ADDRESS).data == {"policy": None, "user": None}
    put = api.put(ADDRESS, {"policy": "engineering"}, format="json")
    assert (put.status_code, put.data) == (200, {"policy": "engineering", "user": None})
    assert api.put(ADDRESS, {"user": carol.email}, format="json").data["user"] == str(carol.pk)
    both = api.put(ADDRESS, {"policy": "engineering", "user": carol.email}, format="json")
    assert both.status_code == 400
    assert cast.caller(cast.mona()).put(ADDRESS, {}, format="json").status_code == 403
    assert cast.caller(carol).get(ADDRESS).data["user"] == str(carol.pk)
    assert api.put(ADDRESS, {}, format="json").data == {"policy": None, "user": None}


def test_a_policy_that_is_the_last_resort_is_not_removed(ada: User, engineering: Policy) -> None:
    operations.set_last_resort(policy=engineering, actor=ada)
    with pytest.raises(operations.InUse, match="A last resort still uses this policy"):
        operations.remove_policy(engineering, actor=ada)


def test_it_is_set_in_the_admin_site(ada: User, carol: User) -> None:
    site = cast.sign_in(Client(), ada)
    assert site.post("/admin/oncall/lastresort/add/", {"user": carol.pk}).status_code == 302
    assert LastResort.objects.get().user == carol
    assert site.get("/admin/oncall/lastresort/add/").status_code == 403
    assert site.post("/admin/oncall/lastresort/1/delete/", {"post": "yes"}).status_code == 302
    assert not LastResort.objects.exists()
    assert Event.objects.filter(name="last_resort.changed", actor=ada).count() == 2
