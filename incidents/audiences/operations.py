from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from core.errors import Refused
from core.events import bus
from incidents.audiences import registry
from incidents.audiences.models import AudienceList, AudienceMember, AudienceRule
from incidents.audiences.rules import Kind
from incidents.events import AudienceChanged
from incidents.severities.models import Severity

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from core.accounts.models import Team, User

    Told = Mapping[str, Collection[str]]

SHIPPED = Path(__file__).parent / "audiences.toml"
SHORTEST, LONGEST = 60, 86400
SUBSCRIBERS = "subscribers"
"""No list of one's own has this name."""


class SameName(Refused):
    """Each list has a name of its own."""


class ListChanged(Refused):
    """Somebody else changed the list in between; nothing of theirs was overwritten."""


class NotOnAList(Refused):
    """A list holds people, teams, mail addresses and channels that exist."""


class NotAnInterval(Refused):
    """Between two updates lie at least a minute and at most a day."""


@dataclass(frozen=True, slots=True)
class Who:
    """Exactly one of a person, a team, a mail address and a channel's id."""

    user: User | None = None
    team: Team | None = None
    email: str = ""
    room: int | None = None


@transaction.atomic
def add(
    *, name: str, actor: User | None, members: Sequence[Who] = (), told: Told | None = None, **given: Any
) -> AudienceList:
    """Make a list; `told` is what it hears by the severity's slug, `given` its other columns."""
    slug = slugify(name)[:36] or "list"
    taken = set(AudienceList.objects.filter(slug__startswith=slug).values_list("slug", flat=True))
    free = next(
        each for each in (slug, *(f"{slug}-{n}" for n in range(2, len(taken) + 3))) if each not in taken
    )
    row = AudienceList(slug=free, name=name.strip(), **_checked(given))
    if "position" not in given:
        row.position = AudienceList.objects.count() + 1
    _store(row)
    _fill(row, members)
    set_told(row, told or {})
    bus.emit(AudienceChanged(row.pk, row.slug, "added"), actor=actor)
    return row


@transaction.atomic
def change(
    row: AudienceList,
    *,
    actor: User | None,
    version: int | None = None,
    members: Sequence[Who] | None = None,
    told: Told | None = None,
    **given: Any,
) -> AudienceList:
    """Change what is given: columns, all members at once, or what it hears at the severities named."""
    found = _locked(row, version)
    for name, value in _checked(given).items():
        setattr(found, name, value.strip() if isinstance(value, str) else value)
    found.version += 1
    _store(found)
    if members is not None:
        found.members.all().delete()
        _fill(found, members)
    if told is not None:
        set_told(found, told)
    bus.emit(AudienceChanged(found.pk, found.slug, "changed"), actor=actor)
    return found


@transaction.atomic
def put_on(row: AudienceList, *, who: Who, actor: User | None) -> None:
    """Put one more on a list; whoever is on it already stays."""
    found = _locked(row, None)
    if not _same(found, who).exists():
        _fill(found, [who])
        _count(found, actor)


@transaction.atomic
def take_off(row: AudienceList, *, member_id: int, actor: User | None) -> None:
    """Take one off a list; who is on it no more stays off."""
    found = _locked(row, None)
    if found.members.filter(pk=member_id).delete()[0]:
        _count(found, actor)


@transaction.atomic
def remove(row: AudienceList, *, actor: User | None) -> None:
    """Forget a list. Whom earlier updates went to stays with them."""
    found = _locked(row, None)
    bus.emit(AudienceChanged(found.pk, found.slug, "removed"), actor=actor)
    found.delete()


@transaction.atomic
def set_matrix(matrix: Mapping[str, Told], *, actor: User | None) -> None:
    """Say for several lists, by their slugs, what they hear at the severities named; unchanged ones are left alone."""
    for row in AudienceList.objects.filter(slug__in=matrix).select_for_update().order_by("pk"):
        before = {rule.severity.slug: set(rule.kinds) for rule in row.rules.select_related("severity")}
        wanted = {slug: set(kinds) for slug, kinds in matrix[row.slug].items()}
        if any(before.get(slug, set()) != kinds for slug, kinds in wanted.items()):
            set_told(row, matrix[row.slug])
            _count(row, actor)


def set_told(row: AudienceList, told: Told) -> None:
    """Write what a list hears at these severities, inside the caller's transaction."""
    levels = {level.slug: level for level in Severity.objects.filter(slug__in=told)}
    for slug, kinds in told.items():
        if slug not in levels:
            raise NotOnAList(f"There is no severity “{slug}”.")
        wanted = [kind.value for kind in Kind if kind.value in kinds]
        AudienceRule.objects.update_or_create(audience=row, severity=levels[slug], defaults={"kinds": wanted})


def _locked(row: AudienceList, version: int | None) -> AudienceList:
    found = AudienceList.objects.select_for_update().get(pk=row.pk)
    if version is not None and found.version != version:
        raise ListChanged("Somebody changed this list while you were writing. Look again before you save.")
    return found


def _count(row: AudienceList, actor: User | None) -> None:
    row.version += 1
    row.save(update_fields=["version"])
    bus.emit(AudienceChanged(row.pk, row.slug, "changed"), actor=actor)


def _checked(given: dict[str, Any]) -> dict[str, Any]:
    seconds = given.get("least_seconds")
    if seconds is not None and not SHORTEST <= seconds <= LONGEST:
        raise NotAnInterval("Between two updates lie at least a minute and at most a day.")
    return given


def _store(row: AudienceList) -> None:
    if row.name.casefold() == SUBSCRIBERS:
        raise SameName("Subscribers are those who asked for the mails of one incident. Choose another name.")
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise SameName("There is a list of this name already.") from error


def _fill(row: AudienceList, members: Sequence[Who]) -> None:
    rooms = {room.id for room in registry.rooms()} if any(who.room for who in members) else set()
    for who in members:
        _check(who, rooms)
    made = {(who.user, who.team, who.email.lower(), who.room): who for who in members}
    AudienceMember.objects.bulk_create(
        AudienceMember(audience=row, user=who.user, team=who.team, email=who.email.strip(), room=who.room)
        for who in made.values()
    )


def _check(who: Who, rooms: Collection[int]) -> None:
    if sum((who.user is not None, who.team is not None, bool(who.email), who.room is not None)) != 1:
        raise NotOnAList("Name exactly one of a person, a team, a mail address and a channel.")
    if who.room is not None and who.room not in rooms:
        raise NotOnAList("There is no such channel in use.")
    if who.email:
        try:
            validate_email(who.email.strip())
        except ValidationError:
            raise NotOnAList(f"“{who.email[:80]}” is no mail address.") from None


def _same(row: AudienceList, who: Who) -> Any:
    if who.email:
        return row.members.filter(email__iexact=who.email.strip())
    return row.members.filter(user=who.user, team=who.team, room=who.room, email="")


@transaction.atomic
def install_defaults() -> None:
    """Give a new install the shipped lists, empty of people; one that has lists keeps them."""
    if AudienceList.objects.exists():
        return
    levels = {level.rank: level.slug for level in Severity.objects.active()}
    for shipped in tomllib.loads(SHIPPED.read_text())["audience"]:
        told = {
            levels[int(rank)]: kinds for rank, kinds in shipped.pop("told", {}).items() if int(rank) in levels
        }
        row = AudienceList.objects.create(**shipped)
        set_told(row, told)
