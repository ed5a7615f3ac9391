"""Say which events about on-call a person may see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q

from core.events import visibility
from incidents.models import Incident, Service
from oncall.models import (
    Alert,
    Destination,
    Escalation,
    FeedAddress,
    Handoff,
    Integration,
    Page,
    PayRates,
    Policy,
    Route,
    Schedule,
    Swap,
    TimeOff,
    TimeOffTerms,
)

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from core.accounts.models import User


def register() -> None:
    def escalations(user: User) -> QuerySet[Escalation]:
        alerts, incidents = Alert.objects.visible_to(user), Incident.objects.visible_to(user)
        return Escalation.objects.filter(Q(alert__in=alerts) | Q(incident__in=incidents))

    visibility.register("alert", Alert.objects.visible_to)
    visibility.register("page", Page.objects.visible_to)
    visibility.register("page.requested", escalations)
    visibility.register("escalation", escalations)
    visibility.register("acknowledgement", escalations)
    visibility.register("night_limit.passed", escalations)
    visibility.register("integration", Integration.objects.visible_to)
    visibility.register("pay_rates", PayRates.objects.visible_to)
    visibility.register("route", Route.objects.visible_to)
    visibility.register("policy", Policy.objects.visible_to)
    visibility.register("service_policy", lambda _user: Service.objects.all())
    visibility.register("destination", Destination.objects.visible_to)
    visibility.register("feed", FeedAddress.objects.visible_to)
    visibility.register("swap", lambda _user: Swap.objects.all())
    visibility.register("handoff", lambda _user: Handoff.objects.all())
    visibility.register("time_off", TimeOff.objects.of)
    visibility.register("time_off_terms", TimeOffTerms.objects.visible_to)
    visibility.register("shift", lambda _user: Schedule.objects.all())
    visibility.register("schedule", lambda _user: Schedule.objects.all())
