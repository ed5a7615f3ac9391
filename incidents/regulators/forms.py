from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from incidents.board.forms import when, words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from incidents.regulators.models import Regime


class BreachForm(forms.Form):
    """Since when somebody has known, what of, and who has to hear of it."""

    aware_at = when(
        label="Known since",
        help_text="When somebody first knew, not when it happened. The clocks count from here. Empty: now.",
    )
    what = words(label="What is known?", help_text="Whose data, how much, how it got out. It may change.")
    regimes = forms.MultipleChoiceField(
        label="Who has to hear of it?",
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": "Choose at least one. In doubt, choose it: it can be laid down with a reason."
        },
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, regimes: Sequence[Regime], running: Sequence[Regime] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.running = running
        self.known = {row.slug: row for row in regimes}
        self.fields["regimes"].choices = [(row.slug, row.name) for row in regimes]  # type: ignore[attr-defined]
        self.initial.setdefault("regimes", [row.slug for row in regimes if row.is_active])

    def clean_aware_at(self) -> datetime | None:
        """Give the time; the minute that was shown is the very instant that is known, seconds and all."""
        at: datetime | None = self.cleaned_data["aware_at"]
        known: datetime | None = self.initial.get("aware_at")
        return known if known and at == known.replace(second=0, microsecond=0) else at

    def clean_regimes(self) -> list[str]:
        """Give who has to hear of it; a clock that runs is not stopped by a tick that is gone."""
        chosen: list[str] = self.cleaned_data["regimes"]
        gone = [row.name for row in self.running if row.slug not in chosen]
        if gone:
            raise forms.ValidationError(
                f"The clock runs for {', '.join(gone)}. Tick it again, or press “Need not” there and say why."
            )
        return chosen

    def said(self) -> dict[str, Any]:
        """Give what was entered as the operations take it."""
        data = self.cleaned_data
        chosen = [self.known[slug] for slug in data["regimes"]]
        return {**{name: data[name] for name in ("aware_at", "what", "version")}, "regimes": chosen}


class ReportForm(forms.Form):
    """Under which reference the authority has the report."""

    reference = forms.CharField(
        max_length=200, error_messages={"required": "Write the reference under which the authority has it."}
    )


class WhyForm(forms.Form):
    """Why nothing is reported."""

    why = forms.CharField(max_length=2000, error_messages={"required": "Say why nothing has to be reported."})
