"""The channels that can be told, and the one message that tries a channel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Value
from django.db.models.functions import Now
from django.shortcuts import get_object_or_404

from core.accounts.policy import Verb, can
from core.channels import registry as channels
from core.channels import secrets
from core.outbox.models import Message
from oncall.destinations.models import Destination

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User
    from oncall.destinations.models import DestinationQuerySet

TEST = "oncall.destination_test"
NOT_HERE = ("sms", "voice")
"""They ring in one person's pocket: a person is asked by them."""


def destinations(user: User | AnonymousUser) -> DestinationQuerySet:
    """Give the channels that a person may know of, by name."""
    return Destination.objects.visible_to(user).select_related("team").order_by("name")


def destination(user: User | AnonymousUser, pk: int) -> Destination:
    """Give one channel; 404 where absent."""
    return get_object_or_404(destinations(user), pk=pk)


def everywhere() -> DestinationQuerySet:
    """Give all channels that are in use, for whoever makes a policy."""
    return Destination.objects.filter(is_enabled=True).order_by("name")


def known(ids: Iterable[int]) -> dict[int, Destination]:
    """Give channels by their ids; who is gone is left out. No query where none is wanted."""
    wanted = set(ids)
    return Destination.objects.in_bulk(wanted) if wanted else {}


def kinds() -> list[channels.Channel]:
    """Give the ways by which a channel can be told."""
    return [channel for channel in channels.offered() if channel.kind not in NOT_HERE]


def kind_name(destination: Destination) -> str:
    """Name the way by which a channel is told."""
    return next((one.name for one in channels.all() if one.kind == destination.channel), destination.channel)


def settings_of(destination: Destination) -> dict[str, Any]:
    """Give what of a channel can be changed, as it is."""
    return {name: getattr(destination, name) for name in ("name", "team", "is_enabled", "hears_private")}


def hint(destination: Destination) -> str:
    """Give a channel's address as others may see it."""
    try:
        return channels.get(destination.channel).hint(secrets.unseal(destination.address))
    except (KeyError, secrets.CannotOpen):
        return "•••"


@dataclass(frozen=True, slots=True)
class Shown:
    """A channel in the list: how it is told, its address masked, and whether who looks may change and try it.

    `works` where what it needs is set up here; `is_fixed` where its service cannot change what was sent; with `hears`
    its messages carry buttons, without it in a chat the link alone.
    """

    row: Destination
    kind: str
    hint: str
    may_change: bool
    works: bool
    is_fixed: bool
    is_chat: bool
    hears: bool


def shown(user: User | AnonymousUser) -> list[Shown]:
    """Give the list of channels; what somebody may is asked once for each team."""
    rows = list(destinations(user))
    teams = {row.team_id: row.team for row in rows}
    may = {id_: can(user, Verb.CONFIGURE, team) for id_, team in teams.items()}
    return [_shown(row, may_change=may[row.team_id]) for row in rows]


def _shown(row: Destination, *, may_change: bool) -> Shown:
    address = _address(row)
    return Shown(
        row,
        kind_name(row),
        hint(row),
        may_change,
        works=address is not None and channels.can_reach(row.channel, address),
        is_fixed=address is not None and not channels.can_edit(row.channel, address),
        is_chat=channels.is_chat(row.channel),
        hears=has_buttons(row),
    )


def has_buttons(destination: Destination) -> bool:
    """Say whether what a channel is told can be acknowledged there, by a button."""
    address = _address(destination)
    return address is not None and channels.can_hear(destination.channel, address)


def _address(destination: Destination) -> str | None:
    """A channel's address in the clear, None where no key opens it."""
    try:
        return secrets.unseal(destination.address)
    except secrets.CannotOpen:
        return None


def tested_within(destination: Destination, *, seconds: int) -> bool:
    """Say whether a channel was tried in the last so many seconds."""
    since = Now() - Value(timedelta(seconds=seconds))
    return Message.objects.filter(client=TEST, subject_id=destination.pk, created_at__gt=since).exists()


def test_unwanted(messages: Sequence[Message]) -> dict[int, str]:
    """Say which test messages are no longer wanted: the guard."""
    there = known(message.subject_id for message in messages)
    return {m.pk: "the channel was removed" for m in messages if m.subject_id not in there}
