from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import timezone
from django.utils.dateformat import format as write

from core.accounts.models import User
from oncall.schedules.rules.layers import ShiftKey
from oncall.swaps.models import SwapRule

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from django.db.models import QuerySet

    from oncall.swaps.rules import Whole


def name_of(key: ShiftKey) -> str:
    """Write a shift's name as the value of a box to tick."""
    return f"{key.lineage}/{key.turn}/{key.window.isoformat() if key.window else ''}"


def key_of(name: str) -> ShiftKey:
    """Read that again."""
    lineage, turn, window = name.split("/")
    return ShiftKey(int(lineage), int(turn), date.fromisoformat(window) if window else None)


class AskForm(forms.Form):
    """Which whole shifts somebody is to take, who is asked, and why."""

    shifts = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple,
        help_text="Whole shifts. A part of one is covered by an override.",
    )
    returns = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple, required=False, label="In exchange for"
    )
    wanted = forms.ModelChoiceField(
        User.objects.none(), required=False, label="Ask", empty_label="Everybody who may take it"
    )
    reason = forms.CharField(
        max_length=200, required=False, help_text="Everybody who is signed in can read it."
    )

    def __init__(
        self,
        *args: Any,
        wholes: Sequence[Whole],
        takers: QuerySet[User],
        zone: ZoneInfo,
        exchange: tuple[User, Sequence[Whole]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["shifts"].choices = [(name_of(each.key), _span(each, zone)) for each in wholes]  # type: ignore[attr-defined]
        self.fields["wanted"].queryset = takers  # type: ignore[attr-defined]
        if exchange is None:
            del self.fields["returns"]
            return
        partner, theirs = exchange
        self.fields["returns"].choices = [(name_of(each.key), _span(each, zone)) for each in theirs]  # type: ignore[attr-defined]
        self.fields["returns"].required = True
        self.fields["returns"].help_text = f"Shifts of {partner}."
        self.fields["wanted"] = forms.ModelChoiceField(
            takers.filter(pk=partner.pk), label="Ask", empty_label=None
        )

    def clean_shifts(self) -> list[ShiftKey]:
        """Give the names of the shifts."""
        return [key_of(name) for name in self.cleaned_data["shifts"]]

    def clean_returns(self) -> list[ShiftKey]:
        """Give the names of those in exchange."""
        return [key_of(name) for name in self.cleaned_data["returns"]]


class RuleForm(forms.ModelForm[SwapRule]):
    """Who may take a shift, and whether it needs approval; `seen` is the rule that its author has seen."""

    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = SwapRule
        fields = ("takers", "needs_approval")
        labels = {"takers": "Who may take a shift", "needs_approval": "A manager has to approve it"}


class TakeForm(forms.Form):
    """For whom a manager takes it."""

    user = forms.ModelChoiceField(User.objects.none(), label="Give it to", empty_label=None)

    def __init__(self, *args: Any, takers: QuerySet[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"].queryset = takers  # type: ignore[attr-defined]


def _span(whole: Whole, zone: ZoneInfo) -> str:
    start, end = (timezone.localtime(moment, zone) for moment in (whole.start, whole.end))
    return f"{write(start, 'D j M H:i')} to {write(end, 'D j M H:i')}, {whole.layer}"
