from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from django.db.models import Count, Prefetch, Q

from core.accounts import queries as people
from core.accounts.models import User
from incidents.fields import rules
from incidents.fields.models import FieldValue, IncidentField, IncidentTag, Kind, Moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from incidents.fields.models import FieldQuerySet
    from incidents.fields.rules import Value
    from incidents.lifecycle.models import Incident, IncidentQuerySet
    from incidents.severities.models import Severity

    Person = User | AnonymousUser

MOST = 30
Found = TypeVar("Found", bound="QuerySet[Incident]")


def fields(user: Person) -> FieldQuerySet:
    """Give the fields in use, in their order."""
    return IncidentField.objects.visible_to(user).active().prefetch_related("severities")


def _in_use() -> FieldQuerySet:
    return IncidentField.objects.active().prefetch_related("severities")


def required(level: Severity | None, moment: Moment) -> list[IncidentField]:
    """Give the fields that have to be filled in at a level by then; what declaring asks for, the end asks for as well."""
    moments = {moment} if moment is Moment.DECLARE else {Moment.DECLARE, Moment.CLOSE}
    return [row for row in _in_use() if row.required_at in moments and _at(row, level)]


def _at(field: IncidentField, level: Severity | None) -> bool:
    levels = {row.pk for row in field.severities.all()}
    return not levels or (level is not None and level.pk in levels)


def lacking(incident: Incident, moment: Moment = Moment.CLOSE) -> list[IncidentField]:
    """Give the fields of an incident that have to be filled in by then and are empty."""
    wanted = required(incident.severity, moment)
    if not wanted:
        return []
    filled = set(FieldValue.objects.filter(incident=incident).values_list("field", flat=True))
    return [row for row in wanted if row.pk not in filled]


@dataclass(frozen=True, slots=True)
class Filled:
    """A field of an incident with what stands in it, in words."""

    field: IncidentField
    value: Value
    words: str
    is_required: bool

    @property
    def is_link(self) -> bool:
        """Whether it leads somewhere."""
        return self.field.kind == Kind.LINK and self.value is not None


@dataclass(frozen=True, slots=True)
class Details:
    """The tags of an incident and its fields: those in use, and others in which something stands."""

    tags: Sequence[str]
    fields: Sequence[Filled]

    @property
    def lacks(self) -> int:
        """How many have to be filled in and are empty."""
        return sum(row.is_required and row.value is None for row in self.fields)


def details(incident: Incident) -> Details:
    """Give them for the room."""
    values = {row.field_id: row for row in incident.field_values.select_related("field")}
    rows = list(_in_use())
    known = {row.pk for row in rows}
    rows += [row.field for pk, row in values.items() if pk not in known]
    held: dict[int, Value] = {pk: row.value for pk, row in values.items()}
    names = names_of(held.values())
    return Details(
        tags=list(incident.tags.values_list("name", flat=True)),
        fields=[
            Filled(
                row,
                held.get(row.pk),
                rules.words(held.get(row.pk), names),
                row.is_active and bool(row.required_at) and _at(row, incident.severity),
            )
            for row in rows
        ],
    )


def names_of(values: Iterable[Value]) -> dict[int, str]:
    """Give the names of the people who stand in fields."""
    ids = [value for value in values if isinstance(value, int)]
    return {row.pk: str(row) for row in User.objects.filter(pk__in=ids)} if ids else {}


def tags(incident: Incident) -> list[str]:
    """Give the tags of an incident."""
    return list(incident.tags.values_list("name", flat=True))


def values(incident: Incident) -> dict[str, Value]:
    """Give what stands in the fields of an incident, by their slugs."""
    rows = incident.field_values.select_related("field")
    return {row.field.slug: row.value for row in rows}


def with_details(found: IncidentQuerySet) -> IncidentQuerySet:
    """Fetch tags and fields along."""
    return found.prefetch_related(
        "tags", Prefetch("field_values", queryset=FieldValue.objects.select_related("field"))
    )


def suggestions(user: Person, *, typed: str = "") -> list[tuple[str, int]]:
    """Give the tags that are used most, with how often, of incidents that a person may know of."""
    found = IncidentTag.objects.visible_to(user)
    if begin := rules.tag(typed):
        found = found.filter(name__startswith=begin)
    rows = found.order_by().values("name").annotate(times=Count("pk")).order_by("-times", "name")
    return [(row["name"], row["times"]) for row in rows[:MOST]]


def with_tags(found: Found, tags: Iterable[str]) -> Found:
    """Leave the incidents that have all of these tags."""
    for name in tags:
        found = found.filter(pk__in=IncidentTag.objects.filter(name=rules.tag(name)).values("incident"))
    return found


def with_field(found: Found, text: str) -> Found:
    """Leave the incidents in whose field something stands: `region:eu`, among several one of them; `region:` is empty."""
    slug, _, wanted = text.partition(":")
    rows = FieldValue.objects.filter(field__slug=slug)
    if not wanted:
        return found.exclude(pk__in=rows.values("incident"))
    stands = Q(value=wanted) | Q(value__contains=[wanted])
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 16:
        stands |= Q(value=int(wanted))
    return found.filter(pk__in=rows.filter(stands).values("incident"))


@dataclass(frozen=True, slots=True)
class Sieve:
    """By which tag and which field the board is sieved."""

    tag: str
    field: str

    @property
    def is_on(self) -> bool:
        """Whether anything is left out."""
        return bool(self.tag or self.field)

    @property
    def words(self) -> str:
        """Say by what."""
        slug, _, value = self.field.partition(":")
        field = f"{slug}: {value or 'empty'}" if self.field else ""
        return " and ".join(part for part in (f"#{self.tag}" if self.tag else "", field) if part)


def sieve(*, tag: str, field: str) -> Sieve:
    """Give by what the board is sieved, as it was asked for."""
    return Sieve(rules.tag(tag), field[:200])


def sieves(user: Person) -> tuple[list[str], list[tuple[str, str]]]:
    """Give by what it can be sieved: the tags in use, and what one chooses among in fields."""
    chosen = fields(user).filter(kind__in=(Kind.CHOICE, Kind.MANY))
    choices = [(f"{row.slug}:{each}", f"{row.name}: {each}") for row in chosen for each in row.choices]
    return [name for name, _ in suggestions(user)], choices


def to_declare(user: Person) -> dict[str, Any]:
    """Give the fields that somebody is asked for when an incident is declared, and whom they can name."""
    own = [row for row in fields(user) if row.required_at == Moment.DECLARE]
    names = any(row.kind == Kind.USER for row in own)
    return {"own": own, "people": list(persons()) if names else []}


def sieved(found: IncidentQuerySet, *, tag: str, field: str) -> IncidentQuerySet:
    """Leave what has the tag and the field."""
    if tag:
        found = with_tags(found, [tag])
    return with_field(found, field) if field else found


def persons() -> QuerySet[User]:
    """Give whom a field can name."""
    return people.people()


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Give what was entered, without what is empty."""
    return {slug: value for slug, value in values.items() if value not in (None, "", [])}
