"""Swaps: what is in force, whose shifts can be given away, who may take them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Exists, OuterRef, Prefetch, Q
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from core.accounts import queries as people
from core.accounts.models import Membership, Role, TeamRole, User
from core.accounts.policy import Verb, can
from oncall.schedules import queries as schedules
from oncall.schedules.models import Participant, Schedule
from oncall.schedules.registry import Fit, Wish
from oncall.schedules.rules.layers import ShiftKey
from oncall.swaps import registry, rules
from oncall.swaps.models import LIVE, Status, Swap, SwapEntry, SwapRule, SwapShift, Takers
from oncall.swaps.rules import Taken, Whole

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from django.db.models import QuerySet

    from oncall.schedules.rules.layers import Layer, Override

AHEAD = timedelta(days=120)
NOT_ME = "declined"
"""The entry of somebody who was asked and does not take it."""


def exceptions(
    layers: Mapping[int, Sequence[Layer]], start: datetime, end: datetime
) -> dict[int, list[Override]]:
    """Give what swaps change in these schedules within a window, for the resolver."""
    taken = _in_force(layers, start - rules.REACH, end + rules.REACH)
    return {pk: rules.exceptions(layers[pk], own, start, end) for pk, own in taken.items()}


def naming(user_ids: Collection[int]) -> QuerySet[Swap, int]:
    """Give the schedules in which one of these people has had a shift of somebody else."""
    has = Q(taker__in=user_ids) | Q(beneficiary__in=user_ids, shifts__is_return=True)
    return Swap.objects.filter(has, counts_from__isnull=False).values_list("schedule", flat=True)


def taken(schedule: Schedule, *, start: datetime, end: datetime) -> list[Taken]:
    """Give the shifts of a schedule that are somebody else's by a swap."""
    return _in_force([schedule.pk], start - rules.REACH, end + rules.REACH).get(schedule.pk, [])


def _in_force(schedule_ids: Iterable[int], start: datetime, end: datetime) -> defaultdict[int, list[Taken]]:
    rows = (
        SwapShift.objects.filter(
            swap__schedule__in=list(schedule_ids),
            swap__counts_from__isnull=False,
            end__gt=start,
            start__lt=end,
        )
        .select_related("swap__beneficiary", "swap__taker")
        .order_by("swap__counts_from", "swap", "pk")
    )
    found: defaultdict[int, list[Taken]] = defaultdict(list)
    for row in rows:
        found[row.swap.schedule_id].append(_taken(row))
    return found


def _taken(row: SwapShift) -> Taken:
    swap = row.swap
    since, giver, taker = swap.counts_from or row.start, swap.beneficiary, swap.taker or swap.beneficiary
    if row.is_return:
        giver, taker = taker, giver
    ends = [moment for moment in (swap.counts_until, row.lapsed_at) if moment is not None]
    return Taken(
        swap.pk,
        key_of(row),
        giver.pk,
        taker.pk,
        row.start,
        row.end,
        since,
        max(since, min(ends)) if ends else None,
        f"{taker} for {giver}",
    )


def key_of(row: SwapShift) -> ShiftKey:
    """The name of a shift in its rotation."""
    return ShiftKey(row.lineage, row.turn, row.window)


def giving(user: User) -> Q:
    """The shifts that a person gives away, or has agreed to give in exchange."""
    return Q(swap__beneficiary=user, is_return=False) | Q(swap__taker=user, is_return=True)


def shifts_of(schedule: Schedule, user: User, *, start: datetime, end: datetime) -> list[Whole]:
    """Give the whole shifts that a person is on call for in a schedule within a window, soonest first.

    A turn that another layer or an override covers all the time is none.
    """
    since, until = start - rules.REACH, end + rules.REACH
    one = schedules.resolve([schedule.pk], start=since, end=until)[schedule.pk]
    own = set(schedule.layers.values_list("lineage", flat=True))
    layers = [layer for layer in one.layers if layer.lineage in own]
    known = taken(schedule, start=start, end=end) if schedule.has_exceptions else []
    duty = [piece for piece in one.final(since, until) if user.pk in piece.users]
    found = rules.shifts_of(user.pk, layers, known, since, until)
    return [
        whole
        for whole in found
        if whole.start < end
        and whole.end > start
        and any(
            begin < piece.end and piece.start < finish for begin, finish in whole.pieces for piece in duty
        )
    ]


def held(schedule: Schedule, user: User, rows: Sequence[SwapShift]) -> list[SwapShift]:
    """Give which of these shifts a person has."""
    if not rows:
        return []
    start, end = min(row.start for row in rows), max(row.end for row in rows)
    own = {whole.key for whole in shifts_of(schedule, user, start=start, end=end)}
    return [row for row in rows if key_of(row) in own]


def rule_of(schedule: Schedule) -> SwapRule:
    """Who may take shifts of a schedule; the defaults where nobody said."""
    return SwapRule.objects.filter(schedule=schedule).first() or SwapRule(schedule=schedule)


def stated(rule: SwapRule) -> str:
    """The rule in words."""
    who = rule.get_takers_display()
    approval = "a manager approves it" if rule.needs_approval else "it counts at once"
    return f"{who} may take a shift; {approval}."


def takers(schedule: Schedule, *, rule: SwapRule) -> QuerySet[User]:
    """Give who may take shifts of others, by name: nobody who only reads, or whose account is closed."""
    found = User.objects.active().exclude(role=Role.VIEWER)
    if rule.takers != Takers.EVERYBODY:
        now = timezone.now()
        places = Participant.objects.filter(
            Q(layer__effective_until=None) | Q(layer__effective_until__gt=now),
            layer__schedule=schedule,
            user=OuterRef("pk"),
        )
        may = Q(Exists(places))
        if rule.takers == Takers.TEAM and schedule.team_id:
            may |= Q(Exists(Membership.objects.filter(team=schedule.team_id, user=OuterRef("pk"))))
        found = found.filter(may)
    return found.order_by("name", "pk")


def rows() -> QuerySet[Swap]:
    """Swaps with all that is shown of them."""
    return Swap.objects.select_related(
        "schedule__team", "beneficiary", "wanted", "taker", "asked_by"
    ).prefetch_related(
        Prefetch("shifts", SwapShift.objects.order_by("start", "pk")),
        Prefetch("entries", SwapEntry.objects.select_related("actor").order_by("pk")),
    )


def of(schedule: Schedule) -> QuerySet[Swap]:
    """The swaps of a schedule, the newest first."""
    return rows().filter(schedule=schedule).order_by("-pk")


def get(pk: int) -> Swap:
    """One swap; 404 where absent."""
    return get_object_or_404(rows(), pk=pk)


def asked_of(user: User) -> list[Swap]:
    """The open requests that a person may answer and has not declined, by when they expire."""
    open_ = rows().filter(status=Status.OPEN, expires_at__gt=timezone.now()).exclude(beneficiary=user)
    declined = SwapEntry.objects.filter(swap=OuterRef("pk"), actor=user, what=NOT_ME)
    found = open_.filter(~Exists(declined)).order_by("expires_at", "pk")
    allowed: dict[int, set[int]] = {}
    return [swap for swap in found[:50] if _may_answer(swap, user, allowed)]


def _may_answer(swap: Swap, user: User, allowed: dict[int, set[int]]) -> bool:
    if not can(user, Verb.RESPOND):
        return False
    if swap.wanted_id is not None:
        return swap.wanted_id == user.pk
    if swap.schedule_id not in allowed:
        ids = takers(swap.schedule, rule=rule_of(swap.schedule))
        allowed[swap.schedule_id] = set(ids.values_list("pk", flat=True))
    return user.pk in allowed[swap.schedule_id]


def may_take(swap: Swap, user: User) -> bool:
    """Say whether a person may take an open request."""
    return swap.status == Status.OPEN and user.pk != swap.beneficiary_id and _may_answer(swap, user, {})


def has_declined(swap: Swap, user: User) -> bool:
    """Say whether a person answered that they do not take it."""
    return any(entry.what == NOT_ME and entry.actor_id == user.pk for entry in swap.entries.all())


def asked_people(swap: Swap) -> list[User]:
    """Give who is asked to take it: all who may, or the one who is wanted, but for those who declined."""
    if swap.wanted is not None:
        return [swap.wanted] if swap.wanted.is_active else []
    declined = SwapEntry.objects.filter(swap=swap, what=NOT_ME).values("actor")
    found = takers(swap.schedule, rule=rule_of(swap.schedule))
    return list(found.exclude(pk__in=declined).exclude(pk=swap.beneficiary_id))


def approvals(user: User) -> list[Swap]:
    """The swaps that wait for a manager, and which this person may approve."""
    if not can(user, Verb.CONFIGURE):
        return []
    found = rows().filter(status=Status.WAITING).order_by("expires_at", "pk")
    return [swap for swap in found[:50] if can(user, Verb.CONFIGURE, swap.schedule.team)]


def wishes(user: User) -> Iterator[Wish]:
    """Give what is wanted of a person: an answer to a request, or a manager's approval."""
    for swap in asked_of(user)[:10]:
        asks = "you to exchange shifts" if swap.returned else "who takes a shift"
        yield _wish(swap, user, f"{swap.beneficiary} asks {asks}", "Answer")
    for swap in approvals(user)[:10]:
        yield _wish(swap, user, f"{swap.taker} wants to take a shift of {swap.beneficiary}", "Decide")


def _wish(swap: Swap, user: User, title: str, button: str) -> Wish:
    when = "; ".join(spans_in_words(swap.given, zone_name=user.time_zone))
    url = reverse("oncall:swap", args=[swap.pk])
    return Wish(title, f"{swap.schedule.name}, {when}", url, button, swap.expires_at)


def mine(user: User) -> list[Swap]:
    """A person's own requests, and what they took, that are not over."""
    own = Q(beneficiary=user) | Q(taker=user)
    ahead = SwapShift.objects.filter(swap=OuterRef("pk"), end__gt=timezone.now())
    return list(rows().filter(own, Exists(ahead), status__in=LIVE).order_by("expires_at", "pk")[:50])


def managers(schedule: Schedule) -> list[User]:
    """Give who approves swaps of a schedule: the managers of its team, or else the admins."""
    manages = Q(user__role=Role.MANAGER) | Q(role=TeamRole.MANAGER)
    members = Membership.objects.filter(manages, team=schedule.team_id).exclude(user__role=Role.VIEWER)
    found = list(User.objects.active().filter(pk__in=members.values("user")).order_by("pk"))
    return found or list(User.objects.active().filter(role=Role.ADMIN).order_by("pk"))


def address(swap: Swap) -> str:
    """The swap's page for people."""
    return f"{settings.BASE_URL}/on-call/-/swaps/{swap.pk}/"


def spans_in_words(rows: Iterable[SwapShift], *, zone_name: str) -> list[str]:
    """From when until when each of these shifts is, in a zone."""
    zone = people.zone(zone_name)
    return [
        f"{row.start.astimezone(zone):%a %d %b %H:%M} to {row.end.astimezone(zone):%a %d %b %H:%M %Z}"
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who may take a shift, and how it would suit them."""

    person: User
    suggestion: rules.Suggestion


def suggestions(swap: Swap) -> list[Candidate]:
    """Give who may take an open request: who is free and rested first, and of those who has the least to do.

    What they would give in exchange is none of their duties.
    """
    rows = [row for row in swap.given if row.lapsed_at is None]
    found = {user.pk: user for user in asked_people(swap)}
    if not rows or not found:
        return []
    pieces = rules.joined((row.start, row.end) for row in rows)
    return [Candidate(found[each.user], each) for each in _ranked(pieces, found, but=swap.returned)]


def fits(pieces: Sequence[rules.Span], users: Collection[User]) -> list[Fit]:
    """Rank who could have some time, who fits best first, with what speaks against it."""
    found = {user.pk: user for user in users}
    return [Fit(each.user, each.hours, each.against) for each in _ranked(rules.joined(pieces), found)]


def _ranked(
    pieces: Sequence[rules.Span], found: Mapping[int, User], *, but: Sequence[SwapShift] = ()
) -> list[rules.Suggestion]:
    start, end = pieces[0][0] - rules.AROUND, pieces[-1][1] + rules.AROUND
    duties: defaultdict[int, list[rules.Span]] = defaultdict(list)
    for one in schedules.resolve(schedules.naming(found), start=start, end=end).values():
        for piece in one.final(start, end):
            if any(row.start <= piece.start and piece.end <= row.end for row in but):
                continue
            for pk in found.keys() & set(piece.users):
                duties[pk].append((piece.start, piece.end))
    zones = {pk: people.zone(user.time_zone) for pk, user in found.items()}
    away, rests = registry.absences(found, start, end), registry.rests(found, start, end)
    return rules.ranked(pieces, zones, duties, away, rests)


def ending(schedule_id: int) -> list[str]:
    """Say how many swaps end with a schedule."""
    ahead = SwapShift.objects.filter(end__gt=timezone.now(), lapsed_at=None).values("swap")
    count = Swap.objects.filter(schedule=schedule_id, status__in=LIVE, pk__in=ahead).count()
    return [f"{count} swap{'' if count == 1 else 's'}: their people are told."] if count else []
