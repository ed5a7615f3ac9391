"""What happens to an account when its person signs in, forgets the password or changes it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from django.conf import settings
from django.db import transaction

from core.accounts import events, mail
from core.accounts.models import Session, User
from core.events import bus

if TYPE_CHECKING:
    from collections.abc import Collection


def note_sign_in(user: User, *, zone: str = "") -> None:
    """Record that a person signed in; the first time the browser's zone becomes theirs, if they have no other."""
    with transaction.atomic():
        bus.emit(events.UserSignedIn(user.pk), actor=user)
        fresh = user.time_zone in {"UTC", settings.ORGANISATION_TIME_ZONE}
        if fresh and user.last_login is None and zone in available_timezones():
            user.time_zone = zone
            user.save(update_fields=["time_zone"])


def ask_for_reset(email: str) -> None:
    """Mail the link to a new password, if there is an account for this address that may sign in."""
    with transaction.atomic():
        user = User.objects.active().filter(email__iexact=email.strip()).first()
        if user is not None:
            mail.put_reset(user)


def set_password(user: User, *, password: str, by_link: bool = False, keep: Collection[str] = ()) -> None:
    """Set a new password and end every session of the person but those in `keep`, by their hashes."""
    with transaction.atomic():
        user.set_password(password)
        user.save(update_fields=["password"])
        user.sessions.exclude(session_key__in=list(keep)).delete()
        bus.emit(events.PasswordChanged(user.pk, by_link), actor=user)


def end_session(user: User, *, session_key: str) -> bool:
    """End one session of a person, by its hash; give False where there is none such."""
    gone, _ = Session.objects.filter(user=user, session_key=session_key).delete()
    return bool(gone)


def end_other_sessions(user: User, *, keep: str) -> int:
    """End every session of a person but the one with this hash; give how many there were."""
    gone, _ = Session.objects.filter(user=user).exclude(session_key=keep).delete()
    return gone


def update_profile(user: User, *, name: str, time_zone: str) -> None:
    """Change how a person is called and in which zone they see times."""
    old, user.name, user.time_zone = user.time_zone, name, time_zone
    with transaction.atomic():
        user.save(update_fields=["name", "time_zone"])
        if time_zone != old:
            bus.emit(events.UserTimeZoneChanged(user.pk, old, time_zone), actor=user)
