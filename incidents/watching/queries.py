"""Who sees the same of an incident: for them the living parts of its room are drawn once."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import connection
from django.db.models import BigIntegerField, Exists, OuterRef, Q, Value
from django.http import Http404
from django.utils import timezone

from core.accounts import visit
from core.accounts.models import Role, User
from core.accounts.policy import managed_teams
from incidents.lifecycle import queries as lifecycle
from incidents.lifecycle.models import Incident

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from core.accounts.requests import PersonRequest

PERSON, NUMBER = 2**62 + 1, 2**31 - 1
"""Ids that nobody and nothing has."""


class Alike(NamedTuple):
    """What makes the room of an incident look different to two people whom it does not speak to by themselves."""

    incident: int
    takes_part: bool
    is_approval_waiting: bool
    is_trained: bool
    role: str
    zone: str
    manages: tuple[int, ...]
    private: tuple[int, ...]


def alike(request: PersonRequest, number: int) -> Alike | None:
    """Give what all share who see the same of an incident as this person.

    None for whom the room speaks to by themselves: who has a role or a task there, offers command or is offered it, or
    looks in an emergency. Raises `Http404` like the room itself.
    """
    if number not in request.known:
        request.known[number] = _alike(request.user, number)
    found: Alike | None = request.known[number]
    return found


def alike_unless_trained(request: PersonRequest, number: int) -> Alike | None:
    """Give the same where everybody who is trained may be asked to command, but by themselves."""
    found = alike(request, number)
    return None if found and found.is_trained else found


def alike_unless_asked(request: PersonRequest, number: int) -> Alike | None:
    """Give the same where it is said to some that they approve."""
    found = alike(request, number)
    return None if found and found.is_approval_waiting else found


def incident(request: PersonRequest, number: int) -> Incident:
    """Give the incident, looked up once for all parts of a page; absent and invisible are the same 404."""
    key = ("incident", number)
    if key not in request.known:
        request.known[key] = lifecycle.get(request.user, number)
    found: Incident = request.known[key]
    return found


def _alike(user: User, number: int) -> Alike | None:
    sql, given = _question(user.role, visit.writes())
    with connection.cursor() as cursor:
        cursor.execute(sql, [_meant(value, user.pk, number) for value in given])
        row = cursor.fetchone()
    if row is None:
        raise Http404("There is no such incident.")
    pk, is_private, is_spoken_to, takes_part, is_waiting, is_trained, manages, private = row
    if is_private:
        lifecycle.get(user, number)  # that it is read is noted
    if is_spoken_to:
        return None
    zone = timezone.get_current_timezone_name()
    return Alike(pk, takes_part, is_waiting, is_trained, user.role, zone, tuple(manages), tuple(private))


@lru_cache(maxsize=50)
def _question(role: str, writes: bool) -> tuple[str, tuple[Any, ...]]:  # noqa: FBT001 - what it may see hangs on it
    """Give the SQL that asks all this of a person of such a role, where `PERSON` and `NUMBER` stand for who and what.

    To build it takes ten times as long as to answer it, and each screen asks it after each change.
    """
    anybody = User(pk=PERSON, role=role, is_active=True)
    with connection.execute_wrapper(_refuse):
        found = _with_part(anybody).filter(number=NUMBER)
        sql, given = found.query.sql_with_params()
    return sql, tuple(given)


def _meant(value: Any, person: int, number: int) -> Any:
    return person if value == PERSON else number if value == NUMBER else value


def _refuse(*_: Any) -> NoReturn:
    raise RuntimeError("What one person may see would be asked once and taken for all.")


def _with_part(user: User) -> QuerySet[Incident, tuple[Any, ...]]:
    here = Incident.objects.filter(pk=OuterRef("pk"))
    spoken_to = Q()
    for one in (
        Q(roles__user=user.pk, roles__ended_at=None),
        Q(tasks__assignee=user.pk),
        Q(hand_overs__to=user.pk),
        Q(hand_overs__offered_by=user.pk),
        Q(emergencies__user=user.pk),
    ):
        spoken_to |= Q(Exists(here.filter(one)))
    manages: Any = ArraySubquery(managed_teams(user).order_by("pk").values("pk"))
    if user.role in {Role.ADMIN, Role.VIEWER}:
        manages = Value([], ArrayField(BigIntegerField()))
    known = Incident.objects.visible_to(user).filter(private=True)
    return (
        Incident.objects.visible_to(user)
        .annotate(
            is_spoken_to=spoken_to,
            takes_part=Exists(here.filter(participants__user=user.pk)),
            is_approval_waiting=Exists(here.filter(approvals__state="waiting")),
            is_trained=Exists(User.objects.filter(pk=user.pk, trained_commander__isnull=False)),
            manages=manages,
            known=ArraySubquery(known.order_by("pk").values("pk")),
        )
        .values_list(
            "pk",
            "private",
            "is_spoken_to",
            "takes_part",
            "is_approval_waiting",
            "is_trained",
            "manages",
            "known",
        )
    )
