"""What is enough to declare an incident: shown beside the form, changed by admins (R014)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from incidents.severities import operations
from incidents.severities.models import ReasonToDeclare
from tests import cast

if TYPE_CHECKING:
    from django.test import Client

    from core.accounts.models import User

pytestmark = pytest.mark.django_db
FIRST = "An objective or a promise to customers is missed, or errors are many"


def test_the_form_shows_five_reasons_of_which_one_is_enough(client: Client, alice: User) -> None:
    cast.severity()
    client.force_login(alice)
    page = client.get("/incidents/declare/").content.decode()
    assert "any one of 5 is enough" in page
    assert FIRST in page
    refused = client.post("/incidents/declare/", {"title": ""})
    assert refused.status_code == 422
    assert FIRST in refused.content.decode()


def test_an_admin_changes_them_and_what_is_out_of_use_is_not_shown(client: Client) -> None:
    cast.severity()
    ada = cast.ada()
    cast.sign_in(client, ada)
    row = ReasonToDeclare.objects.earliest("position")
    base = "/admin/incidents/reasontodeclare/"
    entered = {"text": "A bank calls us", "position": "1", "is_active": "on"}
    assert client.post(f"{base}{row.pk}/change/", entered).status_code == 302
    ReasonToDeclare.objects.exclude(pk=row.pk).update(is_active=False)
    page = client.get("/incidents/declare/").content.decode()
    assert "A bank calls us" in page
    assert "any one of 1 is enough" in page
    assert FIRST not in page
    found = cast.caller(ada).get("/api/v1/reasons-to-declare/").json()["results"]
    assert [(each["text"], each["position"]) for each in found] == [("A bank calls us", 1)]
    ReasonToDeclare.objects.update(is_active=False)
    assert "When to declare" not in client.get("/incidents/declare/").content.decode()


def test_an_install_that_has_reasons_keeps_them(alice: User) -> None:
    cast.severity()
    ReasonToDeclare.objects.exclude(position=1).delete()
    operations.install_defaults()
    assert ReasonToDeclare.objects.get().text == FIRST
