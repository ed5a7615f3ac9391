from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Q
from django.shortcuts import get_object_or_404
from django.urls import reverse

from core.accounts.policy import Verb, can
from incidents.audiences.models import AudienceList, Page
from incidents.audiences.queries import Choice
from incidents.audiences.rules import Kind, Recipient
from incidents.lifecycle.models import Participant, RoleAssignment
from incidents.subscriptions import tokens
from incidents.subscriptions.models import Subscription

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.contrib.auth.models import AnonymousUser

    from core.accounts.models import User
    from incidents.lifecycle.models import Incident
    from incidents.subscriptions.models import SubscriptionQuerySet

SLUG, NAME = "_subscribers", "Subscribers"
"""How they stand beside the lists: no list can have such a slug."""


def of(user: User | AnonymousUser, incident: Incident) -> SubscriptionQuerySet:
    """Give who gets the updates of an incident; whoever does not respond sees their own alone."""
    found = Subscription.objects.visible_to(user).lasting().filter(incident=incident)
    if not can(user, Verb.RESPOND):
        found = found.filter(user=user.pk)
    return found.select_related("incident", "user", "added_by").order_by("created_at", "pk")


def one(user: User | AnonymousUser, incident: Incident, pk: int) -> Subscription:
    """Give one; 404 where there is none."""
    return get_object_or_404(of(user, incident), pk=pk)


def mine(user: User, incident: Incident) -> Subscription | None:
    """Give a person's own; None where they get no mails."""
    found = Subscription.objects.lasting().filter(incident=incident, user=user)
    return found.first()


def may_add(user: User, incident: Incident) -> bool:
    """Say whether a person puts others on: who has communications, else who commands; anybody who responds without them."""
    if not can(user, Verb.RESPOND):
        return False
    held = RoleAssignment.objects.filter(incident=incident, ended_at=None)
    rows = list(held.select_related("role"))
    speak = {row.user_id for row in rows if row.role.slug == "communications"}
    allowed = speak or {row.user_id for row in rows if row.role.is_commander}
    return not allowed or user.pk in allowed or _commands(rows, user)


def _commands(rows: list[RoleAssignment], user: User) -> bool:
    return any(row.role.is_commander and row.user_id == user.pk for row in rows)


def by_token(token: str) -> Subscription:
    """Give the subscription that a mail's address ends; 404 where there is none."""
    rows = Subscription.objects.select_related("incident", "user")
    return get_object_or_404(rows, pk=tokens.parse(token))


def address(subscription_id: int) -> str:
    """Give the address that ends a subscription."""
    return settings.BASE_URL + reverse("incidents:unsubscribe", args=[tokens.make(subscription_id)])


def subscribed(incident: Incident, actor: User | None) -> list[Subscription]:
    """Give who gets the updates of an incident by mail now, but for whoever writes one."""
    found = Subscription.objects.lasting().filter(incident=incident)
    found = found.filter(Q(user=None) | Q(user__is_active=True)).select_related("user").order_by("pk")
    if actor is not None:
        found = found.exclude(user=actor)
    if incident.private:
        members = Participant.objects.filter(incident=incident).values("user")
        found = found.filter(user__in=members)
    return list(found)


def choice(
    incident: Incident,
    *,
    audience: str,
    kind: Kind,
    actor: User | None,
    rows: Sequence[Subscription] | None = None,
) -> list[Choice]:
    """Give the subscribers as one more list in the composer; nothing where there are none. No news is no mail to them."""
    found = [row for row in (subscribed(incident, actor) if rows is None else rows) if row.hears == audience]
    if not (people := [_recipient(row) for row in found]):
        return []
    row = AudienceList(slug=SLUG, name=NAME, hears=audience, page=Page.STAKEHOLDERS)
    return [Choice(row, kind is not Kind.NO_NEWS, people)]


def _recipient(row: Subscription) -> Recipient:
    email = row.user.email if row.user else row.email
    return Recipient(
        f"mail:{email.lower()}",
        str(row),
        "email",
        email,
        (NAME,),
        user_id=row.user_id,
        page=Page.STAKEHOLDERS,
        subscription_id=row.pk,
    )
