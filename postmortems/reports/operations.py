from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max
from django.db.models.functions import Now
from django.utils import timezone

from core import live
from core.errors import Refused
from core.events import bus
from core.outbox import operations as outbox
from core.outbox.models import Lane
from core.timers import operations as timers
from incidents.lifecycle.models import Incident, RoleAssignment, TimelineEntry
from incidents.lifecycle.rules import in_full
from postmortems.events import PostmortemOpened, PostmortemPublished
from postmortems.reports import queries, rules
from postmortems.reports.models import Factor, Postmortem, PostmortemStatus, TimelineItem

if TYPE_CHECKING:
    from core.accounts.models import User

REMINDER = "postmortems.due"


class AlreadyPublished(Refused):
    """A published postmortem is taken back to draft before it is edited."""


class ChangedMeanwhile(Refused):
    """Somebody else saved this postmortem in between; nothing of theirs was overwritten."""


class NotReady(Refused):
    """Something that every reader needs is missing."""


@transaction.atomic
def open_draft(incident_id: int, *, actor: User | None = None) -> Postmortem:
    """Give a resolved incident its draft, filled from the timeline; a second call only adds what is new in it."""
    incident = Incident.objects.select_related("severity").get(pk=incident_id)
    ended = incident.resolved_at or timezone.now()
    postmortem, created = Postmortem.objects.get_or_create(
        incident=incident,
        defaults={
            "author_id": _commander(incident) or incident.declared_by_id,
            "summary": rules.first_summary(
                title=incident.title,
                severity=str(incident.severity),
                started_at=incident.started_at or incident.declared_at,
                resolved_at=ended,
            ),
            "impact": incident.impact,
            "due_at": rules.due_at(ended, hours=settings.POSTMORTEM_DUE_HOURS),
        },
    )
    _copy_timeline(postmortem)
    if created:
        assert postmortem.due_at is not None  # noqa: S101 - set in the line above, for the type checker
        timers.set(REMINDER, postmortem.pk, occurrence="due", due_at=postmortem.due_at)
        bus.emit(PostmortemOpened(postmortem.pk, incident.pk), actor=actor)
        live.changed("board", f"incident-{incident.pk}")
    live.changed(f"postmortem-{postmortem.pk}")
    return postmortem


def _commander(incident: Incident) -> int | None:
    held = RoleAssignment.objects.filter(incident=incident, role__is_commander=True).order_by(
        F("ended_at").desc(nulls_first=True), "-started_at", "-pk"
    )
    return held.values_list("user_id", flat=True).first()


def _copy_timeline(postmortem: Postmortem) -> None:
    TimelineItem.objects.bulk_create(
        [
            TimelineItem(
                postmortem=postmortem,
                entry_id=entry.pk,
                kind=entry.kind,
                at=entry.at,
                text=in_full(entry.text, entry.data),
                included=entry.kind in rules.KEY_KINDS,
            )
            for entry in TimelineEntry.objects.filter(incident_id=postmortem.incident_id).order_by("at", "id")
        ],
        ignore_conflicts=True,
    )


@transaction.atomic
def refresh_timeline(postmortem: Postmortem) -> None:
    """Add the entries that were written since the draft was made; edited wording stays."""
    _editable(postmortem)
    _copy_timeline(postmortem)
    _touch(postmortem)


@transaction.atomic
def save_sections(
    postmortem: Postmortem, *, texts: dict[rules.Section, str], version: int, actor: User
) -> None:
    """Write the given sections; refused when somebody saved after `version` was read."""
    _editable(postmortem)
    changed = Postmortem.objects.filter(pk=postmortem.pk, version=version).update(
        **{section.value: text for section, text in texts.items()}, version=F("version") + 1, updated_at=Now()
    )
    if not changed:
        raise ChangedMeanwhile(
            "Somebody saved this postmortem while you were writing. Your text is below, unsaved."
        )
    if postmortem.author_id is None:
        Postmortem.objects.filter(pk=postmortem.pk).update(author=actor)
    live.changed(f"postmortem-{postmortem.pk}")


@transaction.atomic
def set_author(postmortem: Postmortem, *, author: User | None) -> None:
    """Say who writes it."""
    Postmortem.objects.filter(pk=postmortem.pk).update(author=author)
    _touch(postmortem)


@transaction.atomic
def edit_timeline_item(postmortem: Postmortem, item_id: int, *, text: str, included: bool) -> None:
    """Change the wording of one line of the story, or leave it out; its time stays as it was."""
    _editable(postmortem)
    postmortem.timeline.filter(pk=item_id).update(text=text, included=included)
    _touch(postmortem)


@transaction.atomic
def add_factor(postmortem: Postmortem, *, kind: str, text: str) -> Factor:
    """Add a contributing factor at the end."""
    _editable(postmortem)
    last = postmortem.factors.aggregate(last=Max("position"))["last"]
    factor = postmortem.factors.create(kind=kind, text=text, position=0 if last is None else last + 1)
    _touch(postmortem)
    return factor


@transaction.atomic
def remove_factor(postmortem: Postmortem, factor_id: int) -> None:
    """Take a contributing factor away."""
    _editable(postmortem)
    postmortem.factors.filter(pk=factor_id).delete()
    _touch(postmortem)


@transaction.atomic
def send_for_review(postmortem: Postmortem) -> None:
    """Ask others to read the draft."""
    _move(postmortem, old=[PostmortemStatus.DRAFT], new=PostmortemStatus.IN_REVIEW)


@transaction.atomic
def back_to_draft(postmortem: Postmortem) -> None:
    """Open it for writing again; a published one keeps its date of first publication."""
    _move(
        postmortem, old=[PostmortemStatus.IN_REVIEW, PostmortemStatus.PUBLISHED], new=PostmortemStatus.DRAFT
    )


@transaction.atomic
def publish(postmortem: Postmortem, *, actor: User) -> None:
    """Publish to everybody who may see the incident; refused while summary, impact, a factor or what went well lack."""
    missing = queries.readiness(postmortem).lacking
    if missing:
        raise NotReady(f"Not published. Still to write: {', '.join(missing)}.")
    _move(
        postmortem, old=[PostmortemStatus.DRAFT, PostmortemStatus.IN_REVIEW], new=PostmortemStatus.PUBLISHED
    )
    Postmortem.objects.filter(pk=postmortem.pk, published_at=None).update(
        published_at=Now(), published_by=actor
    )
    timers.cancel(REMINDER, [postmortem.pk])
    bus.emit(PostmortemPublished(postmortem.pk, postmortem.incident_id), actor=actor)
    live.changed("board", f"incident-{postmortem.incident_id}")


@transaction.atomic
def remind(postmortem_id: int, *, occurrence: str) -> None:
    """Tell the author by e-mail that the postmortem is due; nothing once it is published."""
    postmortem = (
        Postmortem.objects.select_related("author", "incident")
        .exclude(status=PostmortemStatus.PUBLISHED)
        .filter(pk=postmortem_id)
        .first()
    )
    if postmortem is None or postmortem.author is None or not postmortem.author.is_active:
        return
    number = str(postmortem.incident)
    outbox.put(
        [
            outbox.NewMessage(
                key=f"{REMINDER}:{postmortem.pk}:{occurrence}",
                client=REMINDER,
                subject_id=postmortem.pk,
                lane=Lane.PEOPLE,
                channel="email",
                address=postmortem.author.email,
                user_id=postmortem.author.pk,
                content={
                    "subject": f"The postmortem of {number} is due",
                    "text": f"You write the postmortem of {number}. It is due now.",
                    "url": f"{settings.BASE_URL}/postmortems/{number}/",
                },
            )
        ]
    )


def _editable(postmortem: Postmortem) -> None:
    if postmortem.status == PostmortemStatus.PUBLISHED:
        raise AlreadyPublished("This postmortem is published. Take it back to draft to change it.")


def _move(postmortem: Postmortem, *, old: list[PostmortemStatus], new: PostmortemStatus) -> None:
    moved = Postmortem.objects.filter(pk=postmortem.pk, status__in=old).update(
        status=new, version=F("version") + 1, updated_at=Now()
    )
    if not moved:
        raise Refused(f"This postmortem is {postmortem.get_status_display().lower()} already.")
    live.changed(f"postmortem-{postmortem.pk}")


def _touch(postmortem: Postmortem) -> None:
    Postmortem.objects.filter(pk=postmortem.pk).update(version=F("version") + 1, updated_at=Now())
    live.changed(f"postmortem-{postmortem.pk}")
