from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from core.accounts.sign_in import PROVED
from core.events.models import Event
from oncall.routing import operations
from oncall.routing.models import ServicePolicy
from tests import cast

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db


def test_another_policy_for_a_service_is_told_once_and_so_is_none() -> None:
    service, bob = cast.service(), cast.bob()
    policy, other = cast.policy((60, [bob])), cast.policy((60, [bob]), name="Other")
    for chosen in (policy, policy, other, None, None):
        operations.set_service_policy(service, policy=chosen, actor=bob)
    told = Event.objects.filter(name="service_policy.changed").order_by("id")
    assert [(event.actor, event.payload["policy_id"], event.payload["policy"]) for event in told] == [
        (bob, policy.pk, "Engineering"),
        (bob, other.pk, "Other"),
        (bob, None, ""),
    ]
    assert not ServicePolicy.objects.exists()


def test_the_admin_site_tells_it_too(client: Client) -> None:
    ada, service = cast.ada(), cast.service()
    policy, other = cast.policy((60, [ada])), cast.policy((60, [ada]), name="Other")
    client.force_login(ada)
    session = client.session
    session[PROVED] = time.time()
    session.save()
    url = "/admin/oncall/servicepolicy/"
    assert client.post(f"{url}add/", {"service": service.pk, "policy": policy.pk}).status_code == 302
    row = ServicePolicy.objects.get()
    assert client.post(f"{url}{row.pk}/change/", {"policy": other.pk}).status_code == 302
    assert ServicePolicy.objects.get().policy == other
    assert client.post(f"{url}{row.pk}/delete/", {"post": "yes"}).status_code == 302
    told = Event.objects.filter(name="service_policy.changed").order_by("id")
    assert [(event.actor, event.payload["policy"]) for event in told] == [
        (ada, "Engineering"),
        (ada, "Other"),
        (ada, ""),
    ]
