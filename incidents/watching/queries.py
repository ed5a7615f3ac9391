"""Who sees the same of an incident: for them the living parts of its room are drawn once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from core.accounts.models import Role, User
from core.accounts.policy import managed_teams
from incidents.lifecycle import queries as lifecycle
from incidents.lifecycle.models import Incident, IncidentQuerySet

if TYPE_CHECKING:
    from core.accounts.requests import PersonRequest


class Alike(NamedTuple):
    """What makes the room of an incident look different to two people whom it does not speak to by themselves."""

    incident: int
    takes_part: bool
    is_approval_waiting: bool
    role: str
    zone: str
    is_trained: bool
    manages: tuple[int, ...]
    private: tuple[int, ...]


def alike(request: PersonRequest, number: int) -> Alike | None:
    """Give what all share who see the same of an incident as this person.

    None for whom the room speaks to by themselves: who has a role or a task there, offers command or is offered it, or
    looks in an emergency. Raises `Http404` like the room itself.
    """
    if number not in request.known:
        request.known[number] = _alike(request.user, number, request.known)
    found: Alike | None = request.known[number]
    return found


def alike_from_outside(request: PersonRequest, number: int) -> Alike | None:
    """Give the same where everybody is shown themselves who takes part, and may be asked to command but by themselves."""
    found = alike(request, number)
    return None if found and (found.takes_part or found.is_trained) else found


def alike_unless_asked(request: PersonRequest, number: int) -> Alike | None:
    """Give the same where it is said to some that they approve."""
    found = alike(request, number)
    return None if found and found.is_approval_waiting else found


def _alike(user: User, number: int, known: dict[Any, Any]) -> Alike | None:
    incident: Any = lifecycle.get(user, number, among=_with_part(user))
    if incident.is_spoken_to:
        return None
    if "person" not in known:
        known["person"] = _person(user)
    return Alike(incident.pk, incident.takes_part, incident.is_approval_waiting, *known["person"])


def _with_part(user: User) -> IncidentQuerySet:
    here = Incident.objects.filter(pk=OuterRef("pk"))
    spoken_to = Q()
    for one in (
        Q(roles__user=user, roles__ended_at=None),
        Q(tasks__assignee=user),
        Q(hand_overs__to=user),
        Q(hand_overs__offered_by=user),
        Q(emergencies__user=user),
    ):
        spoken_to |= Q(Exists(here.filter(one)))
    return lifecycle.seen(user).annotate(
        takes_part=Exists(here.filter(participants__user=user)),
        is_approval_waiting=Exists(here.filter(approvals__state="waiting")),
        is_spoken_to=spoken_to,
    )


def _person(user: User) -> tuple[str, str, bool, tuple[int, ...], tuple[int, ...]]:
    """Give what a person may do and know beside the incident: roles, teams, private incidents, and their zone."""
    manages = (
        () if user.role in {Role.ADMIN, Role.VIEWER} else managed_teams(user).values_list("pk", flat=True)
    )
    private = Incident.objects.visible_to(user).filter(private=True).values_list("pk", flat=True)
    zone = timezone.get_current_timezone_name()
    is_trained = User.objects.filter(pk=user.pk, trained_commander__isnull=False).exists()
    return user.role, zone, is_trained, tuple(sorted(manages)), tuple(sorted(private))
