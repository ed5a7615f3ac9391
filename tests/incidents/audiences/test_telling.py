"""An update goes to the lists that are configured, or to those that somebody chose, and what became of it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from core.outbox.models import Message
from core.outbox.registry import Outcome
from incidents.audiences import operations as audiences
from incidents.audiences import registry
from incidents.audiences.models import AudienceList
from incidents.audiences.operations import Who
from incidents.lifecycle import operations as lifecycle
from incidents.updates import operations, queries
from incidents.updates.models import Told
from incidents.updates.operations import telling
from tests import cast
from tests.incidents.clock import now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from core.accounts.models import User
    from incidents.models import Incident, Update

pytestmark = pytest.mark.django_db
ROOM = registry.Room(7, "#payments", "slack", "C012AB3CD", "", hears_private=False)
OPEN_ROOM = registry.Room(8, "#secrets", "slack", "C012AB3CE", "", hears_private=True)


@pytest.fixture(autouse=True)
def rooms() -> Iterator[None]:
    before = list(registry._rooms)
    registry.set_rooms(lambda: [ROOM, OPEN_ROOM])
    yield
    registry._rooms[:] = before


@pytest.fixture
def support() -> AudienceList:
    """Support: two people of a team, a mail address, a room; Bob is known by name besides."""
    cast.severity()
    bob = cast.bob()
    cast.carol()
    return audiences.change(
        AudienceList.objects.get(slug="support"),
        members=[
            Who(user=bob),
            Who(team=cast.team()),
            Who(email="desk@example.org"),
            Who(room=7),
            Who(room=8),
        ],
        actor=None,
    )


def say(incident: Incident, actor: User, **given: Any) -> Update:
    return operations.publish(
        incident, actor=actor, **{"audience": "internal", "text": "Cards fail.", **given}
    )


def person(name: str) -> User:
    from core.accounts.models import User  # noqa: PLC0415 - models load after Django is set up

    return User.objects.get(name=f"{name} Example")


def names(update: Update) -> list[str]:
    return sorted(update.told.values_list("name", flat=True))


def test_an_update_goes_to_everybody_on_its_lists_once_and_not_to_its_author(support: AudienceList) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    update = say(incident, alice)
    assert names(update) == ["#payments", "#secrets", "Bob Example", "Carol Example", "desk@example.org"]
    assert (update.kind, update.lists) == ("first", ["Responders", "Stakeholders", "Support"])
    messages = Message.objects.filter(client=telling.TOLD)
    assert messages.count() == 5
    mail = telling.render(messages.get(address="bob@example.com"))
    assert mail.subject == f"Incident: {incident} SEV2 Checkout fails for some cards"
    assert "Cards fail." in mail.text
    assert "Next update by" in mail.text
    assert "on the list Support." in mail.text


def test_the_same_form_twice_tells_once(support: AudienceList) -> None:
    alice, key = cast.alice(), uuid4()
    incident = cast.incident(by=alice)
    for _ in range(2):
        say(incident, alice, key=key)
    assert Message.objects.filter(client=telling.TOLD).count() == 5


@pytest.mark.parametrize(
    ("severity", "given", "told"),
    [
        ("SEV2", {"no_news": True, "text": ""}, True),
        ("SEV3", {"no_news": True, "text": ""}, False),
        ("SEV3", {"status": "resolved"}, True),
        ("SEV4", {}, False),
    ],
)
def test_the_matrix_decides_by_severity_and_kind(
    support: AudienceList, severity: str, given: dict[str, object], *, told: bool
) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice, severity=severity)
    say(incident, alice)
    if given.get("status") == "resolved":
        lifecycle.resolve(incident, actor=alice)
    update = say(incident, alice, **given)
    assert ("Support" in update.lists) is told
    assert update.told.exists() is told


def test_lists_that_somebody_chose_win(support: AudienceList) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice, severity="SEV4")
    assert names(say(incident, alice, lists=["support"])) != []
    assert names(say(incident, alice, lists=[])) == []
    with pytest.raises(queries.NotAList):
        say(incident, alice, lists=["customers"])  # customers read public updates alone
    assert incident.updates.count() == 2


def test_customers_get_the_public_words_and_nothing_of_the_inside() -> None:
    cast.severity()
    alice = cast.alice()
    incident = cast.incident("Ledger password leaked", by=alice)
    row = AudienceList.objects.get(slug="customers")
    audiences.put_on(row, who=Who(email="key@example.org"), actor=alice)
    say(incident, alice, text="Ledger credentials rotated")
    assert not Told.objects.exists()
    say(incident, alice, audience="public", text="Some cards fail.", public_title="Card payments fail")
    mail = telling.render(Message.objects.get(client=telling.TOLD))
    assert mail.subject == "Card payments fail: Investigating"
    for inside in ("Ledger", str(incident), "/incidents/", "SEV2"):
        assert inside not in mail.subject + mail.text + mail.url
    assert mail.text.startswith("Some cards fail.")


def test_of_a_private_incident_strangers_hear_that_there_is_news_and_no_more(support: AudienceList) -> None:
    alice = cast.alice()
    incident = cast.incident("Payroll copied", by=alice, private=True)
    assert names(say(incident, alice)) == []  # by themselves only those who take part, and that is Alice
    update = say(incident, alice, lists=["support"])
    assert names(update) == [
        "#secrets",
        "Bob Example",
        "Carol Example",
    ]  # neither strange mail nor open rooms
    lifecycle.invite(incident, user=person("Carol"), actor=alice)
    by_name = {
        row.name: telling.render(Message.objects.get(client=telling.TOLD, subject_id=row.pk))
        for row in update.told.all()
    }
    assert by_name["Bob Example"].subject == "News of a private incident"
    for words in ("Payroll", "Cards fail", str(incident), "SEV"):
        assert words not in by_name["Bob Example"].text + by_name["Bob Example"].url
    assert "Cards fail." in by_name["Carol Example"].text
    assert "Cards fail." in by_name["#secrets"].text
    stored = Message.objects.get(client=telling.TOLD, address="bob@example.com")
    assert "Payroll" not in str(stored.content)


def test_what_was_not_sent_before_an_incident_became_private_stays_here(support: AudienceList) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    update = say(incident, alice)
    messages = {
        row.name: Message.objects.get(client=telling.TOLD, subject_id=row.pk) for row in update.told.all()
    }
    assert telling.unwanted(list(messages.values())) == {}
    lifecycle.set_private(incident, private=True, actor=alice)
    refused = telling.unwanted(list(messages.values()))
    assert {name for name, message in messages.items() if message.pk in refused} == {
        "#payments",
        "desk@example.org",
    }
    assert telling.render(messages["Bob Example"]).subject == "News of a private incident"


def test_technical_detail_is_for_those_who_take_part(support: AudienceList) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    lifecycle.invite(incident, user=person("Bob"), actor=alice)
    update = say(
        incident, alice, text="", layout="impact", fields={"impact": "Cards fail", "detail": "WAL is full"}
    )
    texts = {
        row.name: telling.render(Message.objects.get(client=telling.TOLD, subject_id=row.pk)).text
        for row in update.told.all()
    }
    assert "WAL is full" in texts["Bob Example"]
    assert "WAL is full" not in texts["Carol Example"]
    assert update.text == "Impact: Cards fail\nTechnical detail: WAL is full"
    with pytest.raises(operations.NothingToSay):
        say(incident, alice, layout="impact", fields={"detail": "WAL is full"})
    for layout, fields in (("verse", {}), ("sbar", {"impact": "x"})):
        with pytest.raises(operations.NotALayout):
            say(incident, alice, layout=layout, fields=fields)


def test_what_became_of_each_message_is_kept_with_the_update(support: AudienceList) -> None:
    alice = cast.alice()
    update = say(cast.incident(by=alice), alice)
    bob, carol = (update.told.get(name=f"{name} Example") for name in ("Bob", "Carol"))

    def heard(row: Told, state: str, detail: str = "") -> Outcome:
        return Outcome(
            message_id=1, client=telling.TOLD, subject_id=row.pk, epoch=0, user_id=None, channel="email",
            state=state, detail=detail, fallback_wanted=False, content={},
        )  # fmt: skip

    telling.note_told([heard(bob, "accepted"), heard(carol, "retrying")])
    telling.note_told([heard(carol, "failed", "no such mailbox")])
    tally = queries.tallies([update.pk])[update.pk]
    assert (tally.people, tally.rooms, tally.bad, tally.waiting) == (3, 2, 1, 3)
    carol.refresh_from_db()
    assert (carol.state, carol.detail) == ("failed", "no such mailbox")


def test_a_list_that_was_told_a_moment_ago_says_so(support: AudienceList) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    audiences.change(support, least_seconds=900, actor=alice)
    ask: dict[str, Any] = {"audience": "internal", "status": "investigating", "actor": alice, "at": now()}
    assert queries.telling(incident, **ask).too_soon == []
    say(incident, alice)
    found = queries.telling(incident, **{**ask, "at": now()}).too_soon
    assert [(each.row.slug, 880 < each.too_soon <= 900) for each in found] == [("support", True)]


def test_who_is_told_costs_the_same_for_many_lists(
    support: AudienceList, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    alice = cast.alice()
    incident = cast.incident(by=alice)
    audiences.change(
        AudienceList.objects.get(slug="stakeholders"), members=[Who(team=cast.team("Elsewhere"))], actor=None
    )
    at = now()
    with django_assert_max_num_queries(7):  # one of them for those who asked for this incident
        queries.telling(incident, audience="internal", status="investigating", actor=alice, at=at)
