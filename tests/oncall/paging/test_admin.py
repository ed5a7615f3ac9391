from __future__ import annotations

import pytest
from django.test import Client

from oncall.paging.models import ContactMethod
from tests import cast

pytestmark = pytest.mark.django_db
METHODS = "/admin/oncall/contactmethod/"


def test_admins_see_how_people_are_reached_and_no_address() -> None:
    method = ContactMethod.objects.create(
        user=cast.alice(), channel="sms", address="+4915112345678", last_error="Twilio: undelivered"
    )
    ada = cast.sign_in(Client(), cast.ada())
    for path in (METHODS, f"{METHODS}{method.pk}/change/"):
        html = ada.get(path).content.decode()
        assert "+49•••78" in html
        assert "Twilio: undelivered" in html
        assert "+4915112345678" not in html
    assert ada.post(f"{METHODS}{method.pk}/change/", {"channel": "email"}).status_code == 403
    assert ada.post(f"{METHODS}{method.pk}/delete/", {"post": "yes"}).status_code == 403
    assert ContactMethod.objects.get().channel == "sms"
