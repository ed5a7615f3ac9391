from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection, transaction

from core.accounts import visit
from core.events import bus
from incidents.events import PrivateRead
from incidents.lifecycle.models import Incident
from incidents.privacy.models import Way
from incidents.privacy.rules import WINDOW_MINUTES

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User

_NOTE = f"""
insert into incidents_privateread (incident_id, user_id, way, begun_at, by_emergency)
select %(incident)s, %(user)s, %(way)s, date_bin('{WINDOW_MINUTES} minutes', now(), 'epoch'),
    not exists (select from incidents_participant where incident_id = %(incident)s and user_id = %(user)s)
on conflict do nothing returning id
"""  # noqa: S608 - a number of our own


def note_read(user: User | AnonymousUser, incident: Incident, way: str = "") -> None:
    """Note that a person looks at a private incident, once in a short while; work that no request began is no look."""
    if not incident.private or visit.current.get() is None:
        return
    by = way or (Way.API if visit.is_api() else Way.SCREEN)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_NOTE, {"incident": incident.pk, "user": user.pk, "way": str(by)})
        if cursor.fetchone() is not None:
            bus.emit(PrivateRead(incident_id=incident.pk, way=str(by)), actor=user)


def note_export(viewer: User, user: User) -> None:
    """Note that a person was handed what another one did in the private incidents that they may read."""
    for incident in Incident.objects.visible_to(viewer).filter(private=True, participants__user=user.pk):
        note_read(viewer, incident, Way.EXPORT)
