"""What the first page says: am I on call, does anything need me, can I be reached. It may ask every app."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils import timezone

from core.accounts import queries as accounts
from incidents.command.models import HandOver
from incidents.lifecycle.models import Incident, Participant, RoleAssignment
from incidents.nudges import queries as nudges
from incidents.tasks import queries as tasks
from oncall.load import queries as loads
from oncall.paging import queries as paging
from oncall.paging import tokens
from oncall.schedules import queries as schedules
from oncall.swaps import queries as swaps
from postmortems.action_items.models import ActionItem
from postmortems.reports.models import Postmortem, PostmortemStatus

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from core.accounts.models import User
    from incidents.severities.models import Severity

AHEAD = timedelta(days=28)
LOAD_WEEKS = 8
LAST_NIGHT = timedelta(hours=12)
SOON = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Need:
    """One thing that waits for the reader: a sentence, and the button that deals with it."""

    title: str
    note: str
    icon: str
    url: str
    button: str
    post: str = ""
    until: datetime | None = None
    severity: Severity | None = None
    is_hot: bool = False


@dataclass(frozen=True, slots=True)
class Load:
    """Pages of the last weeks, and how many of them came at night in the person's own zone."""

    pages: int
    nights: int
    tonight: int


@dataclass(frozen=True, slots=True)
class Home:
    now: datetime
    duty: schedules.Shift | None
    share: int
    after: str
    coming: list[schedules.Shift]
    needs: list[Need]
    reach: paging.Reach
    load: Load


def home(user: User) -> Home:
    """Gather the first page of a person."""
    now = timezone.now()
    shifts = schedules.shifts_of(user, start=now - timedelta(days=7), end=now + AHEAD)
    ahead = [shift for shift in shifts if shift.end > now]
    duty = ahead[0] if ahead and ahead[0].start <= now else None
    coming = [shift for shift in ahead if shift is not duty][:3]
    return Home(
        now=now,
        duty=duty,
        share=_share(duty, now) if duty else 0,
        after=_after(duty) if duty else "",
        coming=coming,
        needs=[
            *_pages(user),
            *_hand_overs(user),
            *_incidents(user),
            *_tasks(user),
            *_unowned(user),
            *_forgotten(user),
            *_postmortems(user),
            *_swaps(user),
            *_actions(user, now),
        ],
        reach=paging.reach(user),
        load=load(user, now=now),
    )


def _share(duty: schedules.Shift, now: datetime) -> int:
    return round(100 * (now - duty.start) / (duty.end - duty.start))


def _after(duty: schedules.Shift) -> str:
    """Who has the schedule once this shift is over."""
    following = schedules.watches([duty.schedule_id], at=duty.end)
    people = following[0].people if following else ()
    return ", ".join(str(person) for person in people)


def _pages(user: User) -> Iterable[Need]:
    for page in paging.waiting_for(user):
        escalation = page.escalation
        subject = (escalation.alert or escalation.incident) if escalation else None
        yield Need(
            title=subject.title if subject else page.message,
            note="You are being paged",
            icon="bell",
            url=tokens.url(page),
            button="Answer the page",
            is_hot=True,
        )


def _incidents(user: User) -> Iterable[Need]:
    mine = RoleAssignment.objects.filter(user=user, ended_at=None)
    rows = (
        Incident.objects.visible_to(user)
        .active()
        .filter(pk__in=mine.values("incident"))
        .select_related("severity")
        .order_by("severity__rank", "declared_at", "pk")
    )
    roles: dict[int, list[str]] = {}
    for incident_id, role in mine.values_list("incident", "role__name"):
        roles.setdefault(incident_id, []).append(role.lower())
    for incident in rows:
        yield Need(
            title=incident.title,
            note=f"{incident}, you are {' and '.join(roles[incident.pk])}.",
            icon="incident",
            url=reverse("incidents:room", args=[incident.number]),
            button="Open room",
            until=incident.next_update_due_at,
            severity=incident.severity,
            is_hot=True,
        )


def _tasks(user: User) -> Iterable[Need]:
    for task in tasks.mine(user)[:10]:
        yield Need(
            title=task.title,
            note=f"A task for you in {task.incident}" + (", overdue" if task.is_late else ""),
            icon="action",
            url=reverse("incidents:task", args=[task.incident.number, task.pk]),
            button="Done",
            post=reverse("incidents:finish-task", args=[task.incident.number, task.pk]),
            until=task.due_at,
            is_hot=task.is_late,
        )


def _hand_overs(user: User) -> Iterable[Need]:
    rows = HandOver.objects.visible_to(user).waiting().filter(to=user, incident__in=Incident.objects.active())
    for row in rows.select_related("incident__severity", "offered_by").order_by("pk")[:10]:
        yield Need(
            title=f"{row.offered_by} offers you command",
            note=f"{row.incident}, {row.incident.title}.",
            icon="handover",
            url=reverse("incidents:hand-over", args=[row.incident.number, row.pk]),
            button="Read the briefing",
            until=row.lapses_at,
            severity=row.incident.severity,
            is_hot=True,
        )


def _unowned(user: User) -> Iterable[Need]:
    commander = RoleAssignment.objects.filter(incident=OuterRef("pk"), role__is_commander=True, ended_at=None)
    rows = Incident.objects.visible_to(user).active().filter(~Exists(commander)).select_related("severity")
    for incident in rows.order_by("severity__rank", "pk")[:10]:
        yield Need(
            title=f"{incident} has no commander",
            note=incident.title,
            icon="user",
            url=reverse("incidents:room", args=[incident.number]),
            button="Take command",
            post=reverse("incidents:take-command", args=[incident.number]),
            severity=incident.severity,
        )


def _forgotten(user: User) -> Iterable[Need]:
    """What this person takes part in and may be over, or what nobody looks after."""
    rows = nudges.perhaps_forgotten(user)
    mine = (
        set(
            Participant.objects.filter(user=user, incident__in=[row.incident_id for row in rows]).values_list(
                "incident_id", flat=True
            )
        )
        if rows
        else set()
    )
    for row in [row for row in rows if row.incident_id in mine][:10]:
        yield Need(
            title=f"{row.incident} may be over",
            note=f"{row.get_kind_display()}: {row.incident.title}",
            icon="clock",
            url=reverse("incidents:room", args=[row.incident.number]),
            button="It goes on",
            post=reverse("incidents:goes-on", args=[row.incident.number, row.pk]),
            severity=row.incident.severity,
        )


def _postmortems(user: User) -> Iterable[Need]:
    rows = (
        Postmortem.objects.visible_to(user)
        .exclude(status=PostmortemStatus.PUBLISHED)
        .filter(author=user)
        .select_related("incident")
        .order_by("due_at", "pk")
    )
    for postmortem in rows[:10]:
        yield Need(
            title=f"Postmortem: {postmortem.incident.title}",
            note=f"{postmortem.incident}, you write it.",
            icon="doc",
            url=reverse("postmortems:detail", args=[postmortem.incident.number]),
            button="Continue",
            until=postmortem.due_at,
        )


def _swaps(user: User) -> Iterable[Need]:
    for wish in swaps.wishes(user):
        yield Need(
            title=wish.title,
            note=wish.note,
            icon="swap",
            url=wish.url,
            button=wish.button,
            until=wish.until,
        )


def _actions(user: User, now: datetime) -> Iterable[Need]:
    today = now.astimezone(ZoneInfo(user.time_zone)).date()
    rows = (
        ActionItem.objects.visible_to(user)
        .open()
        .filter(owner=user, due_on__lte=today + SOON)
        .order_by("due_on", "pk")
    )
    for item in rows[:10]:
        when = "overdue since" if item.due_on and item.due_on < today else "due on"
        yield Need(
            title=item.title,
            note=f"Action item, {when} {item.due_on:%d %b}",
            icon="action",
            url=reverse("postmortems:action-item", args=[item.pk]),
            button="Done",
            post=reverse("postmortems:move-action-item", args=[item.pk]),
        )


def load(user: User, *, now: datetime) -> Load:
    """Count the pages of the last eight weeks by the person's own clock: the numbers of My load."""
    today = now.astimezone(accounts.zone(user.time_zone)).date()
    first = today - timedelta(weeks=LOAD_WEEKS) + timedelta(days=1)
    pages = loads.pages_of(user, first, today, viewer=user)
    tonight = loads.pages_of(user, today - timedelta(days=1), today, viewer=user, since=now - LAST_NIGHT)
    return Load(pages.total, pages.at_night, tonight.at_night)
