from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from core.accounts import policy
from core.accounts.models import Team
from oncall.load.rules import spans

if TYPE_CHECKING:
    from django.http import QueryDict

    from core.accounts.models import User

WEEKS = 8


class PeriodForm(forms.Form):
    """From which date to which, both included. Without any: the last eight weeks, or what is usual."""

    def __init__(self, data: QueryDict, usual: tuple[date, date] | None = None) -> None:
        given = data.copy()
        self.usual = usual or default()
        first, last = self.usual
        given["from"], given["to"] = given.get("from") or str(first), given.get("to") or str(last)
        super().__init__(given)
        for name, label in (("from", "From"), ("to", "To")):
            self.fields[name] = forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}))

    def clean(self) -> dict[str, Any]:
        """Refuse a period that ends first or is longer than a year."""
        data: dict[str, Any] = super().clean() or {}
        if "from" in data and "to" in data:
            try:
                spans.period(data["from"], data["to"])
            except spans.Unfit as error:
                raise ValidationError({"to": str(error)}) from error
        return data

    def period(self) -> tuple[date, date]:
        """What was asked for, or the default where it makes no sense."""
        return (self.cleaned_data["from"], self.cleaned_data["to"]) if self.is_valid() else self.usual


def default() -> tuple[date, date]:
    """The last eight weeks up to today, by the reader's calendar."""
    today = timezone.localdate()
    return today - timedelta(weeks=WEEKS) + spans.DAY, today


def ahead(months: int = 3) -> tuple[date, date]:
    """This month and those after it, so many in all."""
    first = timezone.localdate().replace(day=1)
    end = first
    for _ in range(months):
        end = (end + timedelta(days=31)).replace(day=1)
    return first, end - spans.DAY


def choices_ahead() -> list[tuple[str, date, date]]:
    """The periods that are offered by name where what is planned counts."""
    first, _ = ahead()
    before = (first - spans.DAY).replace(day=1)
    return [
        ("3 months", *ahead()),
        ("6 months", *ahead(6)),
        ("Last month", before, first - spans.DAY),
        ("A year back", first - timedelta(days=365), first - spans.DAY),
    ]


def choices() -> list[tuple[str, date, date]]:
    """The periods that are offered by name."""
    today = timezone.localdate()
    month = today.replace(day=1)
    before = month - spans.DAY
    return [
        ("8 weeks", *default()),
        ("This month", month, today),
        ("Last month", before.replace(day=1), before),
        ("A year", today - timedelta(days=364), today),
    ]


def amount(label: str, help_text: str = "") -> forms.DecimalField:
    """An amount of money."""
    return forms.DecimalField(
        label=label, help_text=help_text, min_value=0, max_digits=9, decimal_places=2, initial=0
    )


class RatesForm(forms.Form):
    """What is paid from a date on. Only an admin may leave the team out."""

    team = forms.ModelChoiceField(Team.objects.none(), required=False, label="In the schedules of")
    since = forms.DateField(
        label="From",
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text="Days before keep what they were paid by.",
    )
    currency = forms.RegexField(
        "^[A-Za-z]{3}$", label="Currency", help_text="Three letters, as EUR.", strip=True
    )
    per_week = amount("Per week", "Part of a week is paid in part.")
    per_weekend = amount("Per weekend", "Saturday and Sunday, each a half.")
    per_holiday = amount("Per public holiday")
    per_hour = amount("Per hour")
    per_night = amount("Per night woken")
    adds = forms.BooleanField(
        required=False,
        initial=True,
        label="Week, weekend and holiday add up",
        help_text="Else a day is paid by the best of them alone.",
    )
    pays_secondary = forms.BooleanField(
        required=False, initial=True, label="A schedule that stands behind another is paid as well"
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        team = self.fields["team"]
        assert isinstance(team, forms.ModelChoiceField)  # noqa: S101 - declared above
        team.queryset = policy.managed_teams(user).order_by("name", "id").distinct()
        is_admin = policy.can(user, policy.Verb.ADMIN)
        team.required, team.empty_label = not is_admin, "Every team without its own" if is_admin else None

    def clean_since(self) -> date:
        """Refuse dates that no period reaches."""
        since: date = self.cleaned_data["since"]
        if not spans.FIRST <= since <= spans.LAST:
            raise ValidationError(f"Give a date from {spans.FIRST} to {spans.LAST}.")
        return since

    def clean_currency(self) -> str:
        """Write it in capitals."""
        return str(self.cleaned_data["currency"]).upper()
