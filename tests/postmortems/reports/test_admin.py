from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from incidents.privacy import operations as privacy
from postmortems.models import ActionItem
from postmortems.reports import operations
from tests import cast

if TYPE_CHECKING:
    from core.accounts.models import User

pytestmark = pytest.mark.django_db


def test_an_admin_who_takes_no_part_finds_neither_postmortem_nor_action_item(alice: User, ada: User) -> None:
    incident = cast.incident("Stolen keys", by=alice, private=True)
    written = operations.open_draft(incident.pk, actor=alice)
    item = ActionItem.objects.create(postmortem=written, title="Change the locks", owner=alice)
    paths = (
        f"/admin/postmortems/actionitem/{item.pk}/change/",
        f"/admin/postmortems/postmortem/{written.pk}/change/",
    )
    client = cast.sign_in(Client(), ada)
    assert "Change the locks" not in client.get("/admin/postmortems/actionitem/").content.decode()
    assert str(incident) not in client.get("/admin/postmortems/postmortem/").content.decode()
    assert [client.get(path).status_code for path in paths] == [302, 302]
    privacy.open_up(ref=str(incident), actor=ada, reason="Its people are asleep")
    assert "Change the locks" in client.get("/admin/postmortems/actionitem/").content.decode()
    assert client.post(paths[1], {}).status_code == 302
