from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from incidents.models import Regime
from tests import cast

if TYPE_CHECKING:
    from django.test import Client


@pytest.mark.django_db
def test_an_admin_adds_an_authority(client: Client) -> None:
    cast.sign_in(client, cast.ada())
    entered = {
        "name": "Bank supervision",
        "slug": "bank",
        "what": "What happened, and to how many",
        "within_seconds": "14400",
        "remind_percent": "50,80",
        "position": "2",
        "is_active": "on",
    }
    assert client.post("/admin/incidents/regime/add/", entered).status_code == 302
    row = Regime.objects.get(slug="bank")
    assert (row.within_seconds, row.remind_percent) == (14400, [50, 80])
