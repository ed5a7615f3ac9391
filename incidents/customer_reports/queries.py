from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Sum
from django.shortcuts import get_object_or_404

from incidents.customer_reports.models import CustomerReport

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from django.db.models import QuerySet

    from core.accounts.models import User
    from incidents.lifecycle.models import Incident


def of(user: User | AnonymousUser, incident: Incident) -> QuerySet[CustomerReport]:
    """Give what customers reported, newest first."""
    found = CustomerReport.objects.visible_to(user).filter(incident=incident)
    return found.select_related("incident", "by").order_by("-at", "-pk")


def one(user: User | AnonymousUser, incident: Incident, pk: int) -> CustomerReport:
    """Give one; 404 where there is none."""
    return get_object_or_404(of(user, incident), pk=pk)


def total(incident: Incident) -> int:
    """Give how many customers reported it."""
    found: int | None = (
        CustomerReport.objects.counted().filter(incident=incident).aggregate(n=Sum("count"))["n"]
    )
    return found or 0
