from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from core.accounts.sign_in import PROVED
from core.events.models import Event
from oncall.escalation.models import Level, Policy
from oncall.paging.models import Page
from tests import cast
from tests.oncall.escalation.clock import drain

if TYPE_CHECKING:
    from core.accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(ada: User) -> Client:
    client = Client()
    client.force_login(ada)
    session = client.session
    session[PROVED] = time.time()
    session.save()
    return client


@pytest.fixture
def policy(ada: User) -> Policy:
    return cast.policy((600, [ada]), name="Engineering")


def test_policies_are_listed_and_changed_and_the_change_is_told(
    site: Client, policy: Policy, ada: User
) -> None:
    assert "Engineering" in site.get("/admin/oncall/policy/").content.decode()
    level = policy.levels.get()
    answer = site.post(
        f"/admin/oncall/policy/{policy.pk}/change/",
        {
            "name": "Renamed",
            "slug": "engineering",
            "repeat": "3",
            "acks_needed": "1",
            "levels-TOTAL_FORMS": "1",
            "levels-INITIAL_FORMS": "1",
            "levels-0-id": str(level.pk),
            "levels-0-policy": str(policy.pk),
            "levels-0-position": "0",
            "levels-0-timeout_seconds": "120",
            "levels-0-description": "Architect",
        },
    )
    assert answer.status_code == 302
    policy.refresh_from_db()
    assert policy.levels.get().description == "Architect"
    assert (policy.name, policy.repeat, policy.version, policy.levels.get().timeout_seconds) == (
        "Renamed",
        3,
        2,
        120,
    )
    event = Event.objects.filter(name="policy.changed").latest("id")
    assert (event.actor, event.payload["what"]) == (ada, "changed")


def test_whom_a_level_asks_is_changed_on_its_page(site: Client, policy: Policy) -> None:
    level = Level.objects.get()
    target = level.targets.get()
    bob = cast.bob()
    answer = site.post(
        f"/admin/oncall/level/{level.pk}/change/",
        {
            "position": "0",
            "timeout_seconds": "600",
            "round_robin": "on",
            "pages_everyone": "on",
            "targets-TOTAL_FORMS": "2",
            "targets-INITIAL_FORMS": "1",
            "targets-0-id": str(target.pk),
            "targets-0-level": str(level.pk),
            "targets-0-user": str(bob.pk),
            "targets-0-turn": "now",
            "targets-1-level": str(level.pk),
            "targets-1-team": str(cast.team().pk),
            "targets-1-turn": "now",
        },
    )
    assert answer.status_code == 302
    assert [(row.user, row.team) for row in level.targets.order_by("pk")] == [
        (bob, None),
        (None, cast.team()),
    ]
    level.refresh_from_db()
    assert level.round_robin
    policy.refresh_from_db()
    assert policy.version == 2


def test_a_policy_in_use_is_not_removed(site: Client, policy: Policy) -> None:
    Policy.objects.update(is_default=True)
    answer = site.post(f"/admin/oncall/policy/{policy.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 409
    assert Policy.objects.count() == 1


def test_the_ledger_can_be_read_and_nothing_else(site: Client, policy: Policy) -> None:
    cast.escalation(cast.alert(), policy)
    incident = cast.incident("Breach", by=cast.alice(), private=True)
    cast.escalation(incident, cast.policy((60, [cast.bob()]), name="Other"))
    drain()
    html = site.get("/admin/oncall/page/").content.decode()
    assert "Ada Example" in html
    assert "Bob Example" not in html.split('id="changelist-form"', 1)[1]
    page = Page.objects.get(user__name="Ada Example")
    detail = site.get(f"/admin/oncall/page/{page.pk}/change/").content.decode()
    assert page.nonce not in detail
    assert site.post(f"/admin/oncall/page/{page.pk}/delete/", {"post": "yes"}).status_code == 403
    assert site.get("/admin/oncall/page/add/").status_code == 403
