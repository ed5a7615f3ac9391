"""What the tab of a person says while they are paged, and afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from incidents.lifecycle import operations as lifecycle
from oncall.escalation import operations as escalation
from oncall.models import Page
from tests import cast

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db


def test_the_tab_goes_from_paging_to_an_incident_to_calm(client: Client) -> None:
    alice = cast.alice()
    cast.sign_in(client, alice)
    assert _mood(client) == ("calm", "favicon.svg")

    alert = cast.alert()
    cast.escalation(alert, cast.policy((600, [alice])))
    escalation.advance_due()
    assert Page.objects.get().user == alice
    assert _mood(client) == ("paging", "favicon-paging.svg")
    assert 'href="/static/favicon-paging.svg"' in client.get("/").content.decode()

    escalation.end_many([alert.pk], resolved=True)
    assert _mood(client) == ("calm", "favicon.svg")

    incident = cast.incident(by=alice, drill=True)
    assert _mood(client) == ("calm", "favicon.svg")
    incident = cast.incident(by=alice)
    assert _mood(client) == ("incident", "favicon-incident.svg")
    lifecycle.resolve(incident, actor=alice)
    assert _mood(client) == ("calm", "favicon.svg")


def test_every_page_of_a_person_hears_of_their_own_pages(client: Client) -> None:
    alice = cast.alice()
    page = cast.sign_in(client, alice).get("/routes/").content.decode()
    assert f'data-live-topics="routes board home-{alice.pk}"' in page


def _mood(client: Client) -> tuple[str, str]:
    answer = client.get("/-/mood/").content.decode()
    assert answer.startswith('<div id="mood" hidden')
    mood, icon = (answer.partition(f'data-{name}="')[2].partition('"')[0] for name in ("mood", "icon"))
    return mood, icon.removeprefix("/static/")
