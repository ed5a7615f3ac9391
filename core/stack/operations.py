from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import connection, transaction

from core.accounts.models import Role, User
from core.errors import Refused
from core.events import bus
from core.stack.events import InstallSetUp

if TYPE_CHECKING:
    from core.accounts.models import User as Person

_LOCK = 0x57_42_01  # any number that nothing else locks


class AlreadySetUp(Refused):
    """Somebody was here before."""


def needs_first_admin() -> bool:
    """Whether the first admin can still be made: in production, while there is nobody at all."""
    return settings.PRODUCTION and not User.objects.exists()


@transaction.atomic
def make_first_admin(*, name: str, email: str, password: str) -> Person:
    """Make the one admin of an empty install. Of several at once, one wins; the others get AlreadySetUp."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
    if not needs_first_admin():
        raise AlreadySetUp("This install already has its first admin. Sign in instead.")
    admin = User.objects.create_superuser(email, password, name=name, role=Role.ADMIN)
    bus.emit(InstallSetUp(user_id=admin.pk), actor=admin)
    return admin
