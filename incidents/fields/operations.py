"""Tags and fields of incidents are written; what they replace stays on the timeline and in the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models.functions import Now

from core.errors import Refused
from core.events import bus
from core.steady import steadily
from incidents.events import Corrected
from incidents.fields import queries, rules
from incidents.fields.models import FieldValue, IncidentField, IncidentTag, Kind, Moment
from incidents.lifecycle.models import EntryKind
from incidents.lifecycle.operations import base
from incidents.severities import queries as severities

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from core.accounts.models import User
    from incidents.catalog.models import Service
    from incidents.fields.rules import Value
    from incidents.lifecycle.models import Incident
    from incidents.severities.models import Severity


class TooMany(Refused):
    """Whoever has a hundred tags has none."""


class Misfilled(Refused):
    """What was entered cannot stand in these fields: a sentence for each, by its slug."""

    def __init__(self, wrong: Mapping[str, str], names: Mapping[str, str]) -> None:
        self.wrong = dict(wrong)
        super().__init__(" ".join(f"{names.get(slug, slug)}: {said}" for slug, said in wrong.items()))


@steadily
def declare(
    make: Callable[..., Incident],
    *,
    actor: User,
    severity: Severity | None = None,
    tags: Iterable[str] = (),
    custom_fields: Mapping[str, Any] | None = None,
    services: Iterable[Service] = (),
    **begin: Any,
) -> Incident:
    """Declare an incident by `make` with tags and fields, or none where one of them cannot be or is lacking.

    What nobody declares by hand, as a route does, asks for nothing: its room shows what is to be filled in.
    """
    values, affected = queries.given(custom_fields or {}), list(services)
    check(values, severity=severity or severities.unchosen(affected))
    incident = make(actor=actor, severity=severity, services=affected, **begin)
    return write(incident, tags=list(tags) or None, custom_fields=values, actor=actor)


@transaction.atomic
def write(
    incident: Incident,
    *,
    tags: Iterable[str] | None,
    custom_fields: Mapping[str, Any],
    actor: User | None,
    version: int | None = None,
) -> Incident:
    """Write tags and fields together, or neither."""
    incident = base.locked(incident, version=version)
    if tags is not None:
        incident = set_tags(incident, tags=tags, actor=actor)
    return fill(incident, values=custom_fields, actor=actor)


@transaction.atomic
def set_tags(
    incident: Incident, *, tags: Iterable[str], actor: User | None, version: int | None = None
) -> Incident:
    """Let an incident have these tags and no others, each written the one way. The same again changes nothing."""
    incident = base.locked(incident, version=version)
    new = rules.tags(tags)
    if len(new) > rules.MOST_TAGS:
        raise TooMany(f"At most {rules.MOST_TAGS} tags: those by which it will be looked for.")
    old = list(incident.tags.order_by("name").values_list("name", flat=True))
    if new == old:
        return incident
    incident.tags.exclude(name__in=new).delete()
    IncidentTag.objects.bulk_create(
        IncidentTag(incident=incident, name=name) for name in new if name not in old
    )
    _write(incident, {"tags": ("Tags", ", ".join(old), ", ".join(new))}, actor)
    return incident


@transaction.atomic
def fill(
    incident: Incident, *, values: Mapping[str, Any], actor: User | None, version: int | None = None
) -> Incident:
    """Write what stands in these fields, by their slugs; others stay. The same again changes nothing.

    What has to be filled in when it is declared is not emptied any more.
    """
    incident = base.locked(incident, version=version)
    known = _known(values)
    held = queries.values(incident)
    new = read(values, known, held=held)
    wanted = {row.slug for row in queries.required(incident.severity, Moment.DECLARE)}
    emptied = [slug for slug, value in new.items() if value is None and slug in wanted and held.get(slug)]
    if emptied:
        raise Misfilled(dict.fromkeys(emptied, _missing(incident.severity)), _names(known))
    changed = {slug: value for slug, value in new.items() if value != held.get(slug)}
    if not changed:
        return incident
    for slug, value in changed.items():
        _keep(incident, known[slug], value)
    names = queries.names_of([*held.values(), *changed.values()])
    said = {
        slug: (known[slug].name, rules.words(held.get(slug), names), rules.words(value, names))
        for slug, value in changed.items()
    }
    _write(incident, said, actor)
    return incident


def check(values: Mapping[str, Any], *, severity: Severity | None) -> None:
    """Refuse to declare with fields that cannot be read, or without those that have to be filled in at this level."""
    known = _known(values)
    new = read(values, known)
    asked = queries.required(severity, Moment.DECLARE)
    empty = [row for row in asked if new.get(row.slug) is None]
    if empty:
        wrong = {row.slug: _missing(severity) for row in empty}
        raise Misfilled(wrong, {row.slug: row.name for row in asked})


def read(
    values: Mapping[str, Any], known: Mapping[str, IncidentField], *, held: Mapping[str, Value] | None = None
) -> dict[str, Value]:
    """Give what is kept of what was entered; refused with a sentence for each that cannot be read.

    What is `held` may stay, though nobody could choose it today.
    """
    held = held or {}
    found: dict[str, Value] = {}
    wrong: dict[str, str] = {}
    for slug, given in values.items():
        if slug not in known:
            wrong[slug] = "There is no such field."
            continue
        try:
            found[slug] = rules.read(known[slug].spec, given, held=held.get(slug))
        except rules.Unreadable as unreadable:
            wrong[slug] = str(unreadable)
    ids = {
        slug: value
        for slug, value in found.items()
        if known[slug].kind == Kind.USER and isinstance(value, int) and value != held.get(slug)
    }
    people = set(queries.persons().filter(pk__in=ids.values()).values_list("pk", flat=True))
    wrong |= {slug: "There is no such person." for slug, value in ids.items() if value not in people}
    if wrong:
        raise Misfilled(wrong, _names(known))
    return found


def _known(values: Mapping[str, Any]) -> dict[str, IncidentField]:
    return {row.slug: row for row in IncidentField.objects.active().filter(slug__in=list(values))}


def _names(known: Mapping[str, IncidentField]) -> dict[str, str]:
    return {slug: row.name for slug, row in known.items()}


def _missing(severity: Severity | None) -> str:
    return f"It has to be filled in{f' at {severity.label}' if severity else ''}."


def _keep(incident: Incident, field: IncidentField, value: Value) -> None:
    if value is None:
        FieldValue.objects.filter(incident=incident, field=field).delete()
        return
    FieldValue.objects.update_or_create(
        incident=incident, field=field, defaults={"value": value, "changed_at": Now()}
    )


def _write(incident: Incident, said: Mapping[str, tuple[str, str, str]], actor: User | None) -> None:
    """Note on the timeline what each was and is, and tell it as one correction."""
    for slug, (name, old, new) in said.items():
        text = f"{name}: {new}" if new else f"{name} taken back"
        data = {"field": slug if slug == "tags" else f"fields.{slug}", "old": old, "new": new}
        base.enter(incident, EntryKind.CORRECTION, text, actor=actor, data=data)
    base.write(incident)
    old_values = {slug: old or None for slug, (_, old, _) in said.items()}
    new_values = {slug: new or None for slug, (_, _, new) in said.items()}
    bus.emit(Corrected(incident_id=incident.pk, old=old_values, new=new_values), actor=actor)
