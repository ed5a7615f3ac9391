from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from incidents.catalog import operations
from tests import cast

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db


def test_the_room_says_what_customers_would_notice_and_who_else_may_feel_it(client: Client) -> None:
    api, checkout = cast.service("Payments API"), cast.service("Checkout")
    operations.change_service(checkout, changes={"depends_on": [api]})
    operations.create_service(
        name="Paying by card",
        team=cast.team(),
        kind="business",
        customers_say="I cannot pay.",
        depends_on=[checkout],
    )
    incident = cast.incident(services=[api])
    client.force_login(cast.vera())
    room = client.get(f"/incidents/{incident}/").content.decode()
    assert f'hx-get="/incidents/{incident}/-/felt/"' in room
    panel = client.get(f"/incidents/{incident}/-/felt/").content.decode()
    assert "customers would say: “I cannot pay.”" in panel
    assert 'Paying by card</a> <span class="sub">(by Checkout)</span>' in panel


def test_where_nothing_needs_the_services_nothing_is_said(client: Client) -> None:
    incident = cast.incident(services=[cast.service("Payments API")])
    client.force_login(cast.vera())
    assert client.get(f"/incidents/{incident}/-/felt/").content.decode().strip() == ""


def test_who_may_not_know_of_a_private_incident_finds_no_panel(client: Client) -> None:
    incident = cast.incident(services=[cast.service("Payments API")], private=True)
    client.force_login(cast.mallory())
    assert client.get(f"/incidents/{incident}/-/felt/").status_code == 404
