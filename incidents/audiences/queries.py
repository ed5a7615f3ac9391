from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Prefetch, Q
from django.shortcuts import get_object_or_404

from core.accounts.models import Membership
from core.accounts.policy import Verb, can
from incidents.audiences import registry, rules
from incidents.audiences.models import AudienceList, AudienceMember, AudienceRule, Hears
from incidents.audiences.rules import OUTSIDE, Kind, Recipient
from incidents.lifecycle.models import Participant
from incidents.severities import queries as severities

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User
    from incidents.audiences.models import AudienceListQuerySet
    from incidents.audiences.registry import Room
    from incidents.lifecycle.models import Incident
    from incidents.severities.models import Severity

    Person = User | AnonymousUser


def lists(user: Person) -> AudienceListQuerySet:
    """Give the lists with their members and what they are told, in their order."""
    return _full(AudienceList.objects.visible_to(user))


def one(user: Person, slug: str) -> AudienceList:
    """Give a list; 404 where there is none."""
    return get_object_or_404(lists(user), slug=slug)


def _full(found: AudienceListQuerySet) -> AudienceListQuerySet:
    members = AudienceMember.objects.select_related("user", "team").order_by("pk")
    rows = AudienceRule.objects.select_related("severity").order_by("severity__rank")
    return found.prefetch_related(
        Prefetch("members", queryset=members, to_attr="on_it"),
        Prefetch("rules", queryset=rows, to_attr="told"),
    ).order_by("position", "name")


def for_matrix(user: Person) -> tuple[list[AudienceList], list[Severity]]:
    """Give the lists in use with what they hear, and the levels in use."""
    return list(lists(user).filter(is_active=True)), list(severities.levels())


@dataclass(frozen=True, slots=True)
class Shown:
    """A list as the screens show it: its members in words, and what they are told by the severity's slug."""

    row: AudienceList
    members: Sequence[tuple[AudienceMember, str, str]]
    told: Mapping[str, Sequence[str]]

    @property
    def cells(self) -> list[tuple[str, Sequence[str]]]:
        return list(self.told.items())


def shown(user: Person) -> list[Shown]:
    """Give every list with its members' names; a channel that is gone is said to be.

    Whoever does not respond reads no address of somebody outside.
    """
    known = {room.id: room for room in registry.rooms()}
    levels, names_outside = severities.levels(), can(user, Verb.RESPOND)
    return [_shown(row, known, levels, names_outside=names_outside) for row in lists(user)]


def show(row: AudienceList) -> Shown:
    """Give one list with its members' names."""
    return _shown(row, {room.id: room for room in registry.rooms()}, severities.levels())


def _shown(
    row: AudienceList, known: Mapping[int, Room], levels: Iterable[Severity], *, names_outside: bool = True
) -> Shown:
    told = {rule.severity_id: rule.kinds for rule in row.told}  # type: ignore[attr-defined]
    return Shown(
        row,
        [(each, *_in_words(each, known, names_outside)) for each in row.on_it],  # type: ignore[attr-defined]
        {level.slug: told.get(level.pk, ()) for level in levels},
    )


def _in_words(member: AudienceMember, known: Mapping[int, Room], names_outside: bool) -> tuple[str, str]:  # noqa: FBT001
    if member.user is not None:
        return str(member.user), "" if member.user.is_active else "account closed, not told"
    if member.team is not None:
        return str(member.team), "everybody in the team"
    if member.email:
        return (member.email if names_outside else OUTSIDE), "mail address"
    room = known.get(member.room or 0)
    return (room.name, "channel") if room else ("a channel that is gone", "not told")


@dataclass(frozen=True, slots=True)
class Choice:
    """A list in the composer: whether it is told by itself, how many are on it, when it was told last.

    `too_soon` is in how many seconds it may be told again by its own wish, 0 where it may now.
    """

    row: AudienceList
    is_told: bool
    recipients: Sequence[Recipient]
    too_soon: int = 0

    @property
    def size(self) -> str:
        """How many are on it, in words."""
        return rules.counted(*rules.count(self.recipients)) or "nobody"


@dataclass(frozen=True, slots=True)
class Everybody:
    """The lists in use, and who is on each of them now."""

    rows: Sequence[AudienceList]
    people: Mapping[int, Sequence[Recipient]]
    taking_part: Sequence[User]


def everybody(incident: Incident, actor: User | None, *, hears: str = "") -> Everybody:
    """Give who would hear of an incident by which list; of those alone that hear what is said, where it is named."""
    rows = _full(AudienceList.objects.filter(is_active=True))
    found = [row for row in rows if not hears or row.hears == hears]
    taking_part = _taking_part(incident) if any(row.takes_part for row in found) else []
    return Everybody(found, _everybody(incident, found, actor, taking_part), taking_part)


def choices(
    incident: Incident,
    *,
    audience: str,
    kind: Kind,
    actor: User | None,
    told_at: Mapping[str, datetime],
    at: datetime,
    known: Everybody | None = None,
) -> list[Choice]:
    """Give the lists that an update may go to, and which of them are told where nobody chooses.

    `told_at` is when each list was told of this incident last, by its name.
    """
    if known is None:
        known = everybody(incident, actor, hears=audience)
    found = [row for row in known.rows if row.hears == audience]
    people = known.people
    return [
        Choice(
            row,
            _is_told(row, incident, kind),
            people.get(row.pk, ()),
            _too_soon(row, told_at.get(row.name), at),
        )
        for row in found
    ]


def _is_told(row: AudienceList, incident: Incident, kind: Kind) -> bool:
    """Of a private incident and a drill nobody is told by themselves but those who take part."""
    if not row.takes_part and (incident.private or incident.drill):
        return False
    return any(rule.severity_id == incident.severity_id and kind in rule.kinds for rule in row.told)  # type: ignore[attr-defined]


def _too_soon(row: AudienceList, told_at: datetime | None, at: datetime) -> int:
    if told_at is None or not row.least_seconds:
        return 0
    left = told_at + timedelta(seconds=row.least_seconds) - at
    return max(0, int(left.total_seconds()))


def _everybody(
    incident: Incident, found: Sequence[AudienceList], actor: User | None, taking_part: Sequence[User]
) -> dict[int, list[Recipient]]:
    """Give who is on each list now: three statements, whatever their number."""
    members = [(row, each) for row in found for each in row.on_it]  # type: ignore[attr-defined]
    teams = _teams({each.team_id for _, each in members if each.team_id})
    known = {room.id: room for room in registry.rooms()} if any(each.room for _, each in members) else {}
    by_list: dict[int, list[Recipient]] = {}
    for row in found:
        people = list(taking_part) if row.takes_part else []
        rest: list[Recipient] = []
        for each in row.on_it:  # type: ignore[attr-defined]
            if each.user is not None:
                people.append(each.user)
            elif each.team_id:
                people += teams.get(each.team_id, [])
            elif each.email:
                rest.append(
                    Recipient(
                        f"mail:{each.email.lower()}",
                        each.email,
                        "email",
                        each.email,
                        (row.name,),
                        page=row.page,
                    )
                )
            elif room := known.get(each.room):
                rest.append(_room(room, row))
        named = [
            _person(user, row) for user in people if user.is_active and (actor is None or user.pk != actor.pk)
        ]
        if incident.private:
            rest = [each for each in rest if each.hears_private]
        by_list[row.pk] = rules.united([*named, *rest])
    return by_list


def _teams(ids: Collection[int]) -> dict[int, list[User]]:
    found: dict[int, list[User]] = {}
    for row in Membership.objects.filter(team__in=ids).select_related("user").order_by("pk") if ids else ():
        found.setdefault(row.team_id, []).append(row.user)
    return found


def _taking_part(incident: Incident) -> list[User]:
    rows = Participant.objects.filter(incident=incident).select_related("user").order_by("joined_at", "pk")
    return [row.user for row in rows]


def _person(user: User, row: AudienceList) -> Recipient:
    # By the address, so that who is on one list as a person and on another by mail is told once.
    return Recipient(
        f"mail:{user.email.lower()}",
        str(user),
        "email",
        user.email,
        (row.name,),
        user_id=user.pk,
        takes_part=row.takes_part,
        page=row.page,
    )


def _room(room: Room, row: AudienceList) -> Recipient:
    return Recipient(
        f"room:{room.id}",
        room.name,
        room.kind,
        room.address,
        (row.name,),
        room_id=room.id,
        secret=room.secret,
        hears_private=room.hears_private,
        page=row.page,
    )


def names_of(page: str) -> list[str]:
    """Give the names of the lists in use whose people read this page."""
    return list(AudienceList.objects.filter(is_active=True, page=page).values_list("name", flat=True))


def is_on(user: Person, page: str) -> bool:
    """Say whether a person is on a list whose people read this page: by name, by team or by mail address."""
    if not user.is_authenticated:
        return False
    on_it = Q(members__user=user.pk) | Q(members__team__memberships__user=user.pk)
    on_it |= Q(members__email__iexact=user.email)
    return AudienceList.objects.filter(on_it, is_active=True, page=page).exists()


def has_somebody(incident: Incident, row: AudienceList) -> bool:
    """Say whether a list in use has anybody on it who may hear of this incident."""
    found = list(_full(AudienceList.objects.filter(pk=row.pk, is_active=True)))
    taking_part = _taking_part(incident) if row.takes_part else []
    return bool(found and _everybody(incident, found, None, taking_part)[row.pk])


def recipients(chosen: Iterable[Choice]) -> list[Recipient]:
    """Give everybody on these lists, once."""
    return rules.united([each for choice in chosen for each in choice.recipients])


def is_public(row: AudienceList) -> bool:
    """Say whether a list reads what customers read, and nothing else."""
    return row.hears == Hears.PUBLIC
