from __future__ import annotations

import pytest

from core.events.models import Event
from incidents.lifecycle import operations
from incidents.lifecycle.models import EntryKind, Incident, RoleDefinition
from tests import cast

pytestmark = pytest.mark.django_db


def holders(incident: Incident, slug: str) -> list[str]:
    found = incident.roles.filter(role__slug=slug, ended_at=None).order_by("id")
    return [row.user.get_short_name() for row in found]


def test_a_role_goes_from_one_person_to_the_next() -> None:
    alice, bob, carol, incident = cast.alice(), cast.bob(), cast.carol(), cast.incident()
    operations.assign_role(incident, role_slug="scribe", user=bob, actor=alice)
    operations.assign_role(incident, role_slug="scribe", user=carol, actor=alice)
    assert holders(incident, "scribe") == ["Carol"]
    assert incident.roles.filter(role__slug="scribe").count() == 2
    last = Event.objects.filter(name="incident.role_assigned").latest("id")
    assert last.payload == {
        "incident_id": incident.pk,
        "role": "scribe",
        "user_id": carol.pk,
        "previous_user_id": bob.pk,
    }
    assert incident.timeline.latest("id").text == "Carol Example is scribe"


def test_several_people_are_experts() -> None:
    alice, bob, carol, incident = cast.alice(), cast.bob(), cast.carol(), cast.incident()
    for person in (bob, carol):
        operations.assign_role(incident, role_slug="expert", user=person, actor=alice)
    assert holders(incident, "expert") == ["Bob", "Carol"]


def test_the_same_role_again_changes_nothing() -> None:
    alice, incident = cast.alice(), cast.incident()
    operations.assign_role(incident, role_slug="commander", user=alice, actor=alice)
    assert holders(incident, "commander") == ["Alice"]
    assert Event.objects.filter(name="incident.role_assigned").count() == 1


def test_whoever_takes_a_role_takes_part() -> None:
    alice, bob, incident = cast.alice(), cast.bob(), cast.incident(private=True)
    assert not Incident.objects.visible_to(bob).exists()
    operations.assign_role(incident, role_slug="expert", user=bob, actor=alice)
    assert Incident.objects.visible_to(bob).get() == incident


def test_who_only_reads_or_has_left_takes_no_role() -> None:
    alice, vera, bob, incident = cast.alice(), cast.vera(), cast.bob(), cast.incident()
    bob.is_active = False
    for person in (vera, bob):
        with pytest.raises(operations.CannotTakePart):
            operations.assign_role(incident, role_slug="scribe", user=person, actor=alice)
    assert holders(incident, "scribe") == []
    with pytest.raises(operations.NoSuchRole):
        operations.assign_role(incident, role_slug="nonsense", user=alice, actor=alice)


def test_command_is_taken_only_where_nobody_has_it() -> None:
    alice, bob, incident = cast.alice(), cast.bob(), cast.incident()
    with pytest.raises(operations.AlreadyCommanded, match="Alice Example commands"):
        operations.take_command(incident, actor=bob)
    operations.release_role(incident, role_slug="commander", user=alice, actor=alice)
    incident = operations.take_command(incident, actor=bob)
    assert holders(incident, "commander") == ["Bob"]
    assert incident.acknowledged_at is not None
    operations.take_command(incident, actor=bob)
    assert incident.timeline.filter(text="Bob Example took command").count() == 1


def test_handing_over_keeps_both_names_and_the_briefing() -> None:
    alice, bob, incident = cast.alice(), cast.bob(), cast.incident()
    with pytest.raises(operations.NoBriefing):
        operations.hand_over(incident, to=bob, briefing=" ", actor=alice)
    operations.hand_over(incident, to=bob, briefing="Rollback runs, watch p99.", actor=alice)
    assert holders(incident, "commander") == ["Bob"]
    entry = incident.timeline.latest("id")
    assert (entry.kind, entry.actor) == (EntryKind.ROLE, alice)
    assert entry.text == "Command handed over by Alice Example to Bob Example. Rollback runs, watch p99."
    assert entry.data == {"role": "commander", "user": bob.pk, "previous": alice.pk}


def test_at_most_one_person_commands_whatever_the_code_does() -> None:
    from django.db import IntegrityError, transaction  # noqa: PLC0415

    bob, incident = cast.bob(), cast.incident()
    role = RoleDefinition.objects.get(slug="commander")
    with pytest.raises(IntegrityError, match="role_held_once"), transaction.atomic():
        incident.roles.create(role=role, user=bob)


def test_who_leaves_a_private_incident_knows_no_more_of_it() -> None:
    alice, bob, incident = cast.alice(), cast.bob(), cast.incident(private=True)
    operations.invite(incident, user=bob, actor=alice)
    operations.invite(incident, user=bob, actor=alice)
    assert incident.timeline.filter(text="Bob Example was asked in").count() == 1
    assert Incident.objects.visible_to(bob).exists()
    operations.leave(incident, user=bob, actor=alice)
    assert not Incident.objects.visible_to(bob).exists()
    with pytest.raises(operations.HoldsRole):
        operations.leave(incident, user=alice, actor=alice)
    assert Incident.objects.visible_to(alice).exists()


def test_asking_for_somebody_is_an_event_that_on_call_hears() -> None:
    alice, bob, incident = cast.alice(), cast.bob(), cast.incident()
    operations.request_page(
        incident, kind="user", target_id=bob.pk, message="Need a database expert", actor=alice, name=str(bob)
    )
    assert Event.objects.get(name="incident.responder_wanted").payload == {
        "incident_id": incident.pk,
        "kind": "user",
        "target_id": bob.pk,
        "message": "Need a database expert",
        "hand_over_id": None,
    }
    assert incident.timeline.latest("id").text == "Bob Example is paged: Need a database expert"
    with pytest.raises(operations.NoSuchTarget):
        operations.request_page(incident, kind="fax", target_id=1, message="x", actor=alice)
    operations.resolve(incident, actor=alice)
    with pytest.raises(operations.Ended):
        operations.request_page(incident, kind="user", target_id=bob.pk, message="x", actor=alice)


@pytest.mark.parametrize("who", ["ada", "mallory", "vera", "mona"])
def test_a_private_incident_is_known_to_its_participants_alone(who: str) -> None:
    outsider = getattr(cast, who)()
    incident = cast.incident(private=True)
    assert not Incident.objects.visible_to(outsider).exists()
    assert not incident.timeline.model.objects.visible_to(outsider).exists()
    operations.join(incident, user=outsider)
    assert Incident.objects.visible_to(outsider).get() == incident
    outsider.is_active = False
    assert not Incident.objects.visible_to(outsider).exists()
