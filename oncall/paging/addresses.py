"""Addresses as they are stored: sealed on most channels, opened for their person, masked for others, found by a hash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q

from core.channels import registry as channels
from core.channels import secrets
from oncall.paging.models import ContactMethod

if TYPE_CHECKING:
    from django.db.models import QuerySet


def plain(address: str) -> str:
    """Give a stored address in the clear, as it is stored when no key opens it."""
    try:
        return secrets.unseal(address)
    except secrets.CannotOpen:
        return address


def hint(kind: str, address: str) -> str:
    """Give a stored address as others may see it."""
    try:
        return channels.get(kind).hint(secrets.unseal(address))
    except (KeyError, secrets.CannotOpen):
        return "•••"


def shown(method: ContactMethod) -> str:
    """Give an address for its own person: whole, or what can be recognised of one that nobody typed."""
    known = {channel.kind: channel for channel in channels.all()}.get(method.channel)
    return plain(method.address) if known is None or known.is_typed else hint(method.channel, method.address)


def is_reachable(method: ContactMethod) -> bool:
    """Say whether what is set up here suffices to send by a method; nothing is asked of its service."""
    try:
        return channels.can_reach(method.channel, secrets.unseal(method.address))
    except secrets.CannotOpen:
        return False


def methods_at(kind: str, address: str) -> QuerySet[ContactMethod]:
    """Give everybody's contact methods with this address, however it is stored."""
    same = Q(address=address) | Q(address_lookup__in=secrets.lookups(kind, address))
    return ContactMethod.objects.filter(same, channel=kind)
