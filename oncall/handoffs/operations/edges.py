"""Tell people that their shift begins or has ended, and their team's channels who is on call now."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from core.accounts import queries as accounts
from core.accounts.models import User
from core.events import bus
from core.outbox import operations as outbox
from core.outbox.models import Lane
from core.timers import operations as timers
from core.timers.models import Timer
from oncall.destinations.models import Destination
from oncall.events import ShiftChanged
from oncall.handoffs import queries, rules
from oncall.handoffs.operations.notes import hand_over
from oncall.schedules import queries as schedules
from oncall.schedules.models import Schedule
from oncall.schedules.rules.turns import TICK

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.outbox.registry import Outcome
    from oncall.handoffs.models import Handoff

log = logging.getLogger(__name__)

EDGE = "oncall.shift_edge"
SHIFT = "oncall.shift"
AHEAD = timedelta(hours=24)


def plan_edges() -> int:
    """Promise to look at each moment of the next day at which others take over; give how many were not promised yet."""
    now = timezone.now()
    coming = {
        (pk, _occurrence(edge)): edge
        for pk, one in schedules.resolve(None, start=now, end=now + AHEAD).items()
        for edge in rules.edges(rules.plain(one.final(now, now + AHEAD)), after=now, until=now + AHEAD)
    }
    known = set(
        Timer.objects.filter(
            kind=EDGE,
            subject_id__in=[pk for pk, _ in coming],
            occurrence__in=[name for _, name in coming],
        ).values_list("subject_id", "occurrence")
    )
    new = {key: edge for key, edge in coming.items() if key not in known}
    for (pk, occurrence), edge in new.items():
        timers.set(EDGE, pk, occurrence=occurrence, due_at=edge, payload={"at": edge.isoformat()})
    return len(new)


def _occurrence(edge: datetime) -> str:
    return f"{edge:%Y%m%dT%H%M%S.%f%z}"


def tell(timer: Timer) -> None:
    """Tell who comes and who goes, if others still take over at that moment: an edit may have changed it."""
    schedule = Schedule.objects.select_related("team").filter(pk=timer.subject_id).first()
    if schedule is None:
        return
    at = datetime.fromisoformat(timer.payload["at"])
    one = schedules.resolve([schedule.pk], start=at - TICK, end=at + schedules.HORIZON)[schedule.pk]
    before, now = set(one.at(at - TICK).users), one.now(at)
    after = set(now.current.users)
    if before == after or (now.until is not None and now.until <= timezone.now()):
        return  # an edit moved it, or the engine comes so late that somebody else has taken over again
    people = User.objects.active().in_bulk(before | after)
    note = hand_over(schedule, at=at, outgoing=before, incoming=after) if after else None
    goes, comes = before - after, after - before
    edge = Edge(schedule, at, now.until, people, note, queries.talk_length(schedule))
    outbox.put(
        [
            *(edge.begins(people[pk], before, goes) for pk in sorted(comes) if pk in people),
            *(edge.ended(people[pk], after, comes) for pk in sorted(goes) if pk in people),
            *(edge.told(room, after) for room in _rooms(schedule)),
        ]
    )
    bus.emit(ShiftChanged(schedule.pk, at.isoformat(), sorted(comes), sorted(goes)))


def _rooms(schedule: Schedule) -> list[Destination]:
    if schedule.team_id is None:
        return []
    return list(Destination.objects.filter(team=schedule.team_id, is_enabled=True).order_by("pk"))


class Edge:
    """A moment at which others take over a schedule, in the words of those who are told."""

    def __init__(
        self,
        schedule: Schedule,
        at: datetime,
        until: datetime | None,
        people: Mapping[int, User],
        note: Handoff | None,
        talk: timedelta,
    ) -> None:
        self.schedule, self.at, self.until, self.people, self.note = schedule, at, until, people, note
        self.talk = talk
        self.url = queries.address(note) if note else schedules.address(schedule)

    def begins(self, user: User, before: set[int], goes: set[int]) -> outbox.NewMessage:
        """Tell somebody that they have it now, from whom and until when."""
        zone = accounts.zone(user.time_zone)
        until = f" until {rules.clock(self.until, zone)}" if self.until else ""
        had = f" Before you it was {self._names(before)}." if before else ""
        return self._mail(
            user,
            f"You are on call in {self.schedule.name}",
            f"Your shift in {self.schedule.name} has begun. You have it{until}.{had}{self._talk(user, goes)}"
            f"{self._handed(user)}",
        )

    def _talk(self, user: User, others: set[int]) -> str:
        """With whom they talk about the hand-off and when, where somebody is there to talk to."""
        if not self.talk or not others & self.people.keys():
            return ""
        when = rules.talk(self.at, self.talk, accounts.zone(user.time_zone))
        return f" You talk about the hand-off with {self._names(others)}, {when}."

    def _handed(self, user: User) -> str:
        """The note and what is open, as far as this person may know, and that they are to acknowledge it."""
        if self.note is None:
            return ""
        said = f"\n\n{self.note.written_by} wrote:\n\n{self.note.text}" if self.note.text else ""
        return f"{said}\n\n{queries.state_of(user, self.note)}. Say that you have read it:"

    def ended(self, user: User, after: set[int], comes: set[int]) -> outbox.NewMessage:
        """Tell somebody that they have it no longer, and who does."""
        return self._mail(
            user,
            f"Your shift in {self.schedule.name} is over",
            f"Your shift in {self.schedule.name} is over. {self._has(after)}.{self._talk(user, comes)}",
        )

    def told(self, room: Destination, after: set[int]) -> outbox.NewMessage:
        """Tell a channel who has it now."""
        until = (
            f", until {rules.clock(self.until, accounts.zone(self.schedule.time_zone))}" if self.until else ""
        )
        text = f"{self.schedule.name}: {self._has(after)}{until}."
        return outbox.NewMessage(
            key=f"shift-{self.schedule.pk}-{_occurrence(self.at)}-room-{room.pk}",
            client=SHIFT,
            subject_id=self.schedule.pk,
            lane=Lane.PEOPLE,
            channel=room.channel,
            address=room.address,
            secret=room.secret,
            content={"subject": text[:200], "text": text, "url": self.url},
        )

    def _mail(self, user: User, subject: str, text: str) -> outbox.NewMessage:
        return outbox.NewMessage(
            key=f"shift-{self.schedule.pk}-{_occurrence(self.at)}-user-{user.pk}",
            client=SHIFT,
            subject_id=self.schedule.pk,
            lane=Lane.PEOPLE,
            channel="email",
            address=user.email,
            user_id=user.pk,
            content={"subject": subject, "text": f"{text}\n\n{self.url}", "url": self.url},
        )

    def _has(self, after: set[int]) -> str:
        verb = "is" if len(after) == 1 else "are"
        return f"{self._names(after)} {verb} on call now" if after else "Nobody is on call now"

    def _names(self, ids: set[int]) -> str:
        return " and ".join(str(self.people[pk]) for pk in sorted(ids) if pk in self.people) or "somebody"


def hear_edge(outcomes: Sequence[Outcome]) -> None:
    """Say in the log when somebody could not be told of a shift."""
    for outcome in outcomes:
        if outcome.state in ("failed", "expired", "unknown"):
            log.warning("a shift of schedule %s could not be told by %s", outcome.subject_id, outcome.channel)
