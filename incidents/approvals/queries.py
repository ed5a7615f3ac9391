from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import F, Q
from django.shortcuts import get_object_or_404

from core.accounts.policy import Verb, can
from incidents.approvals.models import Approval, ApprovalRule, By
from incidents.lifecycle.models import RoleAssignment
from incidents.wording import rules as wording
from incidents.wording.rules import Layout

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from core.accounts.models import User
    from incidents.lifecycle.models import Incident


def rules() -> QuerySet[ApprovalRule]:
    """Give every rule."""
    return ApprovalRule.objects.select_related("severity")


def rule(incident: Incident, audience: str) -> ApprovalRule | None:
    """Give the rule for updates to this audience at this level; one of the level itself wins."""
    found = ApprovalRule.objects.filter(
        Q(severity=incident.severity_id) | Q(severity=None), audience=audience, is_active=True
    )
    return found.order_by(F("severity").asc(nulls_last=True)).first()


def needed(incident: Incident, audience: str, actor: User | None) -> ApprovalRule | None:
    """Give the rule by which somebody else must look at an update of this person first; None where nobody must."""
    found = rule(incident, audience)
    if found is None or found.by == By.SECOND or actor is None:
        return found
    return None if actor in approvers(incident) else found


def approvers(incident: Incident) -> list[User]:
    """Give whoever has communications; without them who commands; nobody where both are missing."""
    held = RoleAssignment.objects.filter(incident=incident, ended_at=None, user__is_active=True)
    rows = list(held.select_related("user", "role").order_by("role__position", "id"))
    speaks = [row.user for row in rows if row.role.slug == "communications"]
    return speaks or [row.user for row in rows if row.role.is_commander]


def asked(incident: Incident, by: str, *, without: User) -> list[User]:
    """Give who is asked for their yes: whoever answers for words in the room; anybody else there for a second look."""
    found = approvers(incident)
    if by == By.SECOND:
        rows = (
            incident.participants.filter(user__is_active=True)
            .select_related("user")
            .order_by("joined_at", "pk")
        )
        found = [*found, *(row.user for row in rows)]
    return [user for user in dict.fromkeys(found) if user != without and can(user, Verb.RESPOND)]


def may_approve(approval: Approval, user: User) -> bool:
    """Say whether somebody may give their yes. Where nobody holds the role, any second person may."""
    if not can(user, Verb.RESPOND) or user.pk == approval.asked_by_id:
        return False
    if approval.by == By.SECOND:
        return True
    known = approvers(approval.incident)
    others = [each for each in known if each.pk != approval.asked_by_id]
    return user in others if others else True


def of(user: User | AnonymousUser, incident: Incident) -> QuerySet[Approval]:
    """Give what was asked for in an incident, newest first."""
    found = Approval.objects.visible_to(user).filter(incident=incident)
    return found.select_related("incident__severity", "asked_by", "answered_by").order_by("-asked_at", "-pk")


def one(user: User | AnonymousUser, incident: Incident, pk: int) -> Approval:
    """Give one; 404 where there is none."""
    return get_object_or_404(of(user, incident), pk=pk)


def text(approval: Approval) -> str:
    """Give the words that would be published."""
    content = approval.content
    layout = Layout(content.get("layout") or Layout.PLAIN)
    return wording.compose(layout, content.get("fields") or {}) or str(content.get("text", "")).strip()
