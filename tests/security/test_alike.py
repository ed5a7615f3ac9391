"""What is drawn once for many is, for each of them, what they would have been shown by themselves."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client, RequestFactory
from django.urls import resolve
from django.utils import timezone

from core.accounts.models import User
from incidents.models import Incident
from incidents.watching import queries
from tests.security.values import Values, browser

if TYPE_CHECKING:
    import time_machine

    from incidents.watching.queries import Alike

pytestmark = pytest.mark.django_db
REGION = re.compile(r'hx-get="([^"]+)"[^>]*data-region="incident-')
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')


def groups(incident: Incident) -> dict[Alike, list[User]]:
    """People by what makes the room look the same to them."""
    found = defaultdict(list)
    for person in User.objects.active().order_by("pk"):
        request: Any = RequestFactory().get("/")
        request.user, request.known = person, {}
        with timezone.override(ZoneInfo(person.time_zone)):
            key = queries.alike(request, incident.number)
        if key is not None:
            found[key].append(person)
    return {key: people for key, people in found.items() if len(people) > 1}


def test_who_sees_a_room_alike_is_shown_the_same_bytes(
    values: Values, time_machine: time_machine.TimeMachineFixture
) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    compared: Counter[str] = Counter()
    User.objects.filter(role="responder").update(time_zone="Europe/Berlin")
    for incident in Incident.objects.filter(private=False):
        for one, other, *_ in groups(incident).values():
            clients = [browser(Client(), person) for person in (one, other)]
            room = clients[0].get(f"/incidents/{incident}/").content.decode()
            for url in REGION.findall(room):
                assert hasattr(resolve(url.partition("?")[0]).func, "region"), url
                texts = [TOKEN.sub("", client.get(url).content.decode()) for client in clients]
                assert texts[0] == texts[1], (url, one, other)
                compared[url.rpartition("/-/")[2]] += 1
    assert len(compared) >= 9, compared
    assert compared.total() > 50, compared
