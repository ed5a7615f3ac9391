from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import timezone

from core.accounts import policy
from core.accounts import queries as accounts
from core.accounts.models import Team
from core.ui.moments import MomentField
from incidents.severities import queries as severities
from incidents.severities.models import Severity
from oncall.quiet.rules import instant
from oncall.timeoff import rules
from oncall.timeoff.models import MOST_DAYS, MOST_HOURS, MOST_MINUTES
from oncall.timeoff.rules import Terms

if TYPE_CHECKING:
    from core.accounts.models import User
    from oncall.timeoff.models import TimeOff

A_DAY_HOURS = 8
TIMES = "%Y-%m-%dT%H:%M"


def moment(label: str) -> forms.DateTimeField:
    """A time by the reader's clock."""
    widget = forms.DateTimeInput(format=TIMES, attrs={"type": "datetime-local"})
    return MomentField(label=label, widget=widget)


class PlanForm(forms.Form):
    """From when until when it is taken, in the person's zone. It begins with the next working day."""

    start = moment("From")
    end = moment("Until")
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any = None, *, row: TimeOff) -> None:
        start, end = (row.start, row.end) if row.start and row.end else suggested(row)
        initial = {"start": start, "end": end, "version": row.version}
        super().__init__(data, initial=initial, auto_id=f"id_{row.pk}_%s")


class DeclineForm(forms.Form):
    """Why it is not wanted."""

    reason = forms.CharField(max_length=200, required=False, label="Why not")
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any = None, *, row: TimeOff) -> None:
        super().__init__(data, initial={"version": row.version}, auto_id=f"id_{row.pk}_decline_%s")


def suggested(row: TimeOff) -> tuple[datetime, datetime]:
    """The next working day from 9:00 on, and as many after it as it takes."""
    zone = accounts.zone(row.time_zone)
    day = max(timezone.now().astimezone(zone).date(), row.day) + timedelta(days=1)
    while day.weekday() > 4:
        day += timedelta(days=1)
    days = math.ceil(float(row.hours) / A_DAY_HOURS)
    rest = timedelta(hours=float(row.hours) - (days - 1) * A_DAY_HOURS)
    start = instant(day, rules.CLOCK, zone)
    end = instant(day + timedelta(days=days - 1), rules.CLOCK, zone) + rest
    return start, min(end, rules.last_moment(row.take_by, zone))


def whole(label: str, most: int, help_text: str = "", least: int = 0) -> forms.IntegerField:
    """A whole number."""
    return forms.IntegerField(label=label, help_text=help_text, min_value=least, max_value=most)


class TermsForm(forms.Form):
    """How much time off being on call earns. Only an admin may leave the team out."""

    team = forms.ModelChoiceField(Team.objects.none(), required=False, label="In the team")
    per_night = whole(
        "Hours for a hard night", MOST_HOURS, "More pages than the limit, or awake for too long."
    )
    woken_minutes = whole("Awake for more than so many minutes", MOST_MINUTES, "0: only the limit counts.")
    per_weekend = whole("Hours for a weekend on call", MOST_HOURS, "Part of a weekend earns a part.")
    per_incident = whole("Hours after a major incident", MOST_HOURS)
    severity = forms.ModelChoiceField(
        Severity.objects.none(),
        required=False,
        label="Major is from",
        empty_label="No incident is",
        help_text="This level and worse ones.",
    )
    days = whole("To be taken within so many days", MOST_DAYS, least=1)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        team, level = self.fields["team"], self.fields["severity"]
        assert isinstance(team, forms.ModelChoiceField)  # noqa: S101 - declared above
        assert isinstance(level, forms.ModelChoiceField)  # noqa: S101 - declared above
        team.queryset = policy.managed_teams(user).order_by("name", "id").distinct()
        is_admin = policy.can(user, policy.Verb.ADMIN)
        team.required, team.empty_label = not is_admin, "Every team without its own" if is_admin else None
        level.queryset = severities.levels()


def defaults() -> dict[str, Any]:
    """What holds where nobody said anything, for a form."""
    terms = Terms()
    return {
        "per_night": terms.per_night,
        "per_weekend": terms.per_weekend,
        "per_incident": terms.per_incident,
        "woken_minutes": terms.woken_minutes,
        "days": terms.days,
        "severity": severities.levels().filter(rank__lte=terms.worst_rank).last(),
    }
