"""Runbooks are written, imported, restored, confirmed and retired. Each save is a version that stays."""

from __future__ import annotations

from datetime import UTC, datetime, time
from itertools import count
from typing import TYPE_CHECKING, Any

from django.db import connection, transaction
from django.utils.text import slugify

from core import live
from core.accounts.models import Team, User
from core.clock import now
from core.errors import Refused
from core.events import bus
from incidents.catalog.models import Service
from incidents.events import RunbookChanged
from incidents.lifecycle.operations.base import ChangedMeanwhile
from incidents.runbooks import queries, rules
from incidents.runbooks.models import Runbook, RunbookVersion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.db.models import QuerySet

LONGEST = 100_000
LONGEST_NAME = 120
WORDS = {"tested": "Tested", "checked": "Checked, still right"}


class Unfit(Refused):
    """A runbook has a name, a team and a text, and names what there is."""


class Known(Refused):
    """Two of one name would be taken for each other."""


class NotYours(Refused):
    """Members of its team write a runbook."""


@transaction.atomic
def add(
    *,
    name: str,
    text: str,
    team: Team,
    actor: User,
    services: Sequence[Service] = (),
    note: str = "",
    tested_at: datetime | None = None,
    **facts: Any,
) -> Runbook:
    """Write a new runbook for a team; `facts` are severity, alerts and owner."""
    slug = slugify(name)[:80]
    if not slug:
        raise Unfit("Give it a name with letters or digits.")
    may(actor, team=team)
    _alone(name)
    facts |= {"name": name.strip(), "text": text, "team": team, "tested_at": tested_at}
    runbook = Runbook(slug=_free(slug), **facts)
    _write(runbook, services, note=note, actor=actor)
    _tell(runbook, "added", actor)
    return runbook


@transaction.atomic
def change(
    runbook: Runbook,
    *,
    changes: Mapping[str, Any],
    actor: User,
    version: int | None = None,
    note: str = "",
    what: str = "changed",
) -> Runbook:
    """Write it anew; what is not named stays. A save that changes nothing makes no version."""
    row = held(runbook, version=version)
    may(actor, team=row.team, owner=row.owner)
    if "team" in changes and changes["team"] != row.team:
        may(actor, team=changes["team"])
    if changes.get("name", row.name).strip().casefold() != row.name.casefold():
        _alone(changes["name"], but=row)
    was = queries.document(row, dated=False)
    services = changes.get("services")
    for key, value in changes.items():
        if key != "services":
            setattr(row, key, value)
    kept = list(row.services.all()) if services is None else list(services)
    if _write(row, kept, note=note, actor=actor, was=was):
        _tell(row, what, actor)
    return row


@transaction.atomic
def restore(runbook: Runbook, *, number: int, actor: User) -> Runbook:
    """Let it say again what it said in an earlier version, as a new one."""
    row = held(runbook)
    kept = queries.version(actor, row, number)
    head, text = rules.read_document(kept.document)
    changes = {**_known(head, actor, strict=False), "name": head.name, "text": text}
    return change(row, changes=changes, actor=actor, note=f"Version {number} again", what="restored")


@transaction.atomic
def bring_in(document: str, *, actor: User, team: Team | None = None) -> Runbook:
    """Take a Markdown document in: the runbook of that name is written anew, otherwise there is a new one."""
    head, text = rules.read_document(document)
    if not head.name:
        raise Unfit("It has no name: begin the file with a heading, as “# Checkout is slow”.")
    changes = {**_known(head, actor, strict=True), "text": text}
    there = _named(head.name).first()
    if there is not None:
        if not head.team:
            changes.pop("team", None)
        return change(there, changes={**changes, "name": head.name}, actor=actor, note="Imported")
    changes.setdefault("team", team)
    if changes["team"] is None:
        raise Unfit("Say whose it is: a line “- Team: payments” below the heading.")
    tested = datetime.combine(head.tested_on, time(), UTC) if head.tested_on else None
    if tested is not None and tested > now():
        tested = None
    return add(name=head.name, actor=actor, note="Imported", tested_at=tested, **changes)


@transaction.atomic
def confirm(runbook: Runbook, *, how: str, actor: User) -> Runbook:
    """Say that it is right: somebody `checked` it, or `tested` it in practice."""
    row = held(runbook)
    at = now()
    if how == "tested":
        row.tested_at, row.tested_by = at, actor
    else:
        row.checked_at, row.checked_by = at, actor
    row.save(update_fields=["tested_at", "tested_by", "checked_at", "checked_by"])
    _tell(row, how, actor)
    return row


@transaction.atomic
def retire(runbook: Runbook, *, actor: User, back: bool = False) -> Runbook:
    """Offer it no more, or again. Where it was used it still stands."""
    row = held(runbook)
    may(actor, team=row.team, owner=row.owner)
    if row.is_active != back:
        row.is_active = back
        row.save(update_fields=["is_active"])
        _tell(row, "returned" if back else "retired", actor)
    return row


def may(actor: User, *, team: Team, owner: User | None = None) -> None:
    """Refuse who does not write the runbooks of a team."""
    if not queries.may_write(actor, team=team, owner=owner):
        raise NotYours(f"Members of {team} write its runbooks.")


def held(runbook: Runbook, *, version: int | None = None) -> Runbook:
    """Give a runbook as it stands, held; refused when it moved on from `version`."""
    row = Runbook.objects.select_for_update(of=("self",)).select_related("team", "owner", "severity")
    found = row.get(pk=runbook.pk)
    if version is not None and found.version != version:
        raise ChangedMeanwhile(
            "Somebody changed this runbook while you were writing. What you wrote is still here: look at the"
            " versions, then save again."
        )
    return found


def _write(
    runbook: Runbook, services: Sequence[Service], *, note: str, actor: User, was: str | None = None
) -> bool:
    """Save it with its services, and keep it as a version; nothing where it says what it `was` saying."""
    if not runbook.name.strip() or not runbook.text.strip():
        raise Unfit("A runbook has a name and a text.")
    if len(runbook.name) > LONGEST_NAME:
        raise Unfit(
            f"Its name has {len(runbook.name)} characters: the most is {LONGEST_NAME}. Write a shorter heading."
        )
    if len(runbook.text) > LONGEST:
        raise Unfit(f"The text is longer than {LONGEST} characters. Make two runbooks of it.")
    runbook.__dict__.pop("structure", None)
    steps = runbook.structure.steps
    runbook.steps, runbook.automated_steps = len(steps), sum(bool(step.automated) for step in steps)
    if was is not None and rules.write_document(queries.head(runbook, services), runbook.text) == was:
        return False
    runbook.version += was is not None
    runbook.updated_at, runbook.updated_by = now(), actor
    runbook.save()
    runbook.services.set(services)
    document = queries.document(runbook, dated=False)
    RunbookVersion.objects.create(
        runbook=runbook, number=runbook.version, document=document, note=note.strip()[:200], by=actor
    )
    return True


def _named(name: str) -> QuerySet[Runbook]:
    return Runbook.objects.filter(name__iexact=name.strip()).order_by("pk")


def _alone(name: str, *, but: Runbook | None = None) -> None:
    """Refuse a name that another has, and let nobody else take it until this transaction is over."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext('incidents_runbook_names'))")
    if any(row != but for row in _named(name)):
        raise Known(f"There is a runbook “{name.strip()}” already.")


def _free(slug: str) -> str:
    """Give an address that none has: one that was renamed keeps its own."""
    taken = set(Runbook.objects.filter(slug__startswith=slug[:76]).values_list("slug", flat=True))
    others = (f"{slug[:76]}-{number}" for number in count(2))
    return slug if slug not in taken else next(each for each in others if each not in taken)


def _known(head: rules.Head, actor: User, *, strict: bool) -> dict[str, Any]:
    """Look up what a document names. A version may name what is gone; an import names only what there is."""
    found: dict[str, Any] = {"alerts": list(head.alerts)}
    services = {row.slug: row for row in Service.objects.visible_to(actor).filter(slug__in=head.services)}
    level = queries.level(head.severity)
    team = Team.objects.filter(slug=head.team).first() if head.team else None
    owner = User.objects.active().filter(email__iexact=head.owner).first() if head.owner else None
    missing = [f"service “{slug}”" for slug in head.services if slug not in services]
    missing += [f"severity “{head.severity}”"] if head.severity and level is None else []
    missing += [f"team “{head.team}”"] if head.team and team is None else []
    missing += [f"person “{head.owner}”"] if head.owner and owner is None else []
    if missing and strict:
        raise Unfit(f"There is no {', no '.join(missing)}. Nothing was imported.")
    found |= {"services": list(services.values()), "severity": level, "owner": owner}
    return found | ({"team": team} if team is not None else {})


def _tell(runbook: Runbook, what: str, actor: User) -> None:
    bus.emit(RunbookChanged(runbook_id=runbook.pk, slug=runbook.slug, what=what), actor=actor)
    live.changed("board")
