from __future__ import annotations

from typing import Any

from django import forms

from oncall.schedules import queries
from oncall.schedules.forms.places import PlaceForm, place_of
from oncall.schedules.forms.windows import WindowsForm, shown_windows
from oncall.schedules.models import Schedule
from oncall.schedules.operations import Terms

FLAGS = ("is_informal", "closed_on_holidays", "passes_over_absent")


class TermsForm(PlaceForm, WindowsForm):
    """What a version says beside its rotations: behind whom it stands, and when somebody is meant to be on call."""

    prefix = "terms"
    stands_behind = forms.ModelChoiceField(
        queryset=Schedule.objects.none(),
        required=False,
        label="Stands behind",
        empty_label="no other schedule",
        help_text="Whoever is on call there is not on call here; the next in the rotation is.",
    )
    offset = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=200,
        label="With its rotations, so many turns ahead",
        help_text="Empty: with rotations of its own.",
    )
    is_informal = forms.BooleanField(
        required=False, label="Nobody takes turns: everybody of a rotation is on call together"
    )

    closed_on_holidays = forms.BooleanField(
        required=False, label="Nobody is meant to be on call on these public holidays"
    )
    passes_over_absent = forms.BooleanField(
        required=False,
        label="Who is away is passed over",
        help_text="The next in the rotation has it for that time; where nobody else is left, whoever is away keeps it.",
    )

    def __init__(self, *args: Any, schedule: Schedule | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = queries.schedules()
        if schedule:
            others = others.exclude(pk=schedule.pk)
        self.fields["stands_behind"].queryset = others  # type: ignore[attr-defined]
        self.add_windows()

    @property
    def is_said(self) -> bool:
        """Whether it says anything, or something wrong."""
        return self.has_windows or any(
            self[name].value() or self[name].errors
            for name in ("stands_behind", "offset", "country", "region", *FLAGS)
        )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("offset") is not None and not data.get("stands_behind"):
            self.add_error("stands_behind", "Choose the schedule whose rotations these are.")
        if data.get("closed_on_holidays") and not data.get("country"):
            self.add_error("country", "Choose whose public holidays these are.")
        data["coverage"] = self.entered_windows(data)
        return data

    def terms(self) -> Terms:
        data = self.cleaned_data
        given = {name: data[name] for name in ("coverage", "stands_behind", "offset", *FLAGS)}
        return Terms(**given, holidays=place_of(data))


def shown_terms(terms: Terms) -> dict[str, Any]:
    """What the form shows of what was saved."""
    return {
        "stands_behind": terms.stands_behind.pk if terms.stands_behind else None,
        "offset": terms.offset,
        **{name: getattr(terms, name) for name in FLAGS},
        "country": terms.holidays.partition("-")[0],
        "region": terms.holidays.partition("-")[2],
        **shown_windows(terms.coverage),
    }
