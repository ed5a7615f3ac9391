"""Erase a person, or an address outside: what is theirs alone goes, what they did stays, under a name that says nothing."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from django.db import transaction

from core import live
from core.accounts import events
from core.accounts.models import Bucket, Invitation, Role, User
from core.accounts.policy import Verb, require
from core.clock import now
from core.errors import Refused
from core.events import bus
from core.events.models import Event
from core.people.erasure import queries, registry, rules, sweeping
from core.people.erasure.sweeping import Word

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class CannotErase(Refused):
    """It needs an account that is switched off, a reason, and an admin."""


@transaction.atomic
def erase(user: User, *, reason: str, actor: User, also: Sequence[str] = ()) -> User:
    """Let a person be known by a pseudonym alone, everywhere, for good. A second time changes nothing.

    What is theirs alone is deleted; what they did stays what it was. Their name, address and what `also` names are
    replaced in every text that is kept.
    """
    require(actor, Verb.ADMIN)
    fresh = User.objects.select_for_update().get(pk=user.pk)
    if fresh.erased_at is not None:
        return fresh
    if fresh.is_active:
        raise CannotErase("Switch the account off first: that says what it changes on call.")
    words = _further(also)
    why = _reasoned(reason, [fresh.name, fresh.email, *words])
    digits = _digits()
    name, address = rules.pseudonym(digits), rules.address(digits)
    found = [
        Word(fresh.email, address, as_written=False),
        *(Word(one, name, is_further=True) for one in words),
    ]
    if queries.may_find(fresh):
        found.insert(0, Word(fresh.name, name))
    _forget(registry.owned(fresh))
    Invitation.objects.filter(email__iexact=fresh.email).delete()
    Bucket.objects.filter(key__icontains=fresh.email).delete()
    Event.objects.filter(actor=fresh).update(address=None)
    sweeping.replace(found)
    fresh.name, fresh.email, fresh.role = name, address, Role.VIEWER
    fresh.time_zone, fresh.last_login, fresh.erased_at = "UTC", None, now()
    fresh.set_unusable_password()
    fresh.save()
    bus.emit(events.UserErased(fresh.pk, name, why), actor=actor)
    live.changed("visibility")
    return fresh


@transaction.atomic
def erase_address(email: str, *, reason: str, actor: User) -> str:
    """Let an address of somebody without an account be gone from everything that is kept; give what stands there now.

    Whether it stood anywhere is told to nobody: it may have been in what is private alone.
    """
    require(actor, Verb.ADMIN)
    given = email.strip()
    if User.objects.filter(email__iexact=given).exists():
        raise CannotErase("This is the address of an account: erase its person.")
    why = _reasoned(reason, [given])
    address = rules.address(_digits())
    _forget(registry.addressed(given))
    Invitation.objects.filter(email__iexact=given).delete()
    Bucket.objects.filter(key__icontains=given).delete()
    sweeping.replace([Word(given, address, as_written=False)])
    bus.emit(events.AddressErased(actor.pk, address, why), actor=actor)
    return address


def _forget(owned: Iterable[registry.Own]) -> None:
    for one in owned:
        one.rows.delete()


def _further(also: Sequence[str]) -> list[str]:
    found = list(dict.fromkeys(one.strip() for one in also if one.strip()))
    if len(found) > rules.MOST_WORDS:
        raise CannotErase(f"Name at most {rules.MOST_WORDS} further texts.")
    if any(len(one) < rules.SHORTEST for one in found):
        raise CannotErase(
            f"Each further text has at least {rules.SHORTEST} characters: less stands in every other word."
        )
    if not all(rules.is_plain(one) for one in found):
        raise CannotErase(
            "A text of small letters or capitals alone may be a word that programs go by. Write more of it."
        )
    return sorted(found, key=lambda one: (-len(one), one))


def _reasoned(reason: str, words: Sequence[str]) -> str:
    why = " ".join(reason.split())[:1000]
    if len(why) < rules.REASON_SHORTEST:
        raise CannotErase("Say why in a sentence: it stays in the audit log.")
    if any(word and word.lower() in why.lower() for word in words):
        raise CannotErase("The reason itself names them. It stays in the audit log.")
    return why


def _digits() -> str:
    """Give digits that nobody was given before."""
    for size in (2, 2, 2, 2, 4):
        digits = secrets.token_hex(size)
        if not User.objects.filter(email=rules.address(digits)).exists():
            return digits
    raise CannotErase("No pseudonym is left. Try again.")


@transaction.atomic
def export(user: User, *, actor: User) -> dict[str, Any]:
    """Hand somebody all that is kept about a person, and keep in the audit log that they have it."""
    found = queries.export(actor, user)
    registry.exported(actor, user)
    bus.emit(events.UserExported(user.pk), actor=actor)
    return found
