from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import forms

from core.accounts.models import Team
from core.ui.moments import MomentField
from oncall.schedules import queries
from oncall.schedules.forms.zones import ZONES, ZoneField
from oncall.schedules.models import Schedule

if TYPE_CHECKING:
    from collections.abc import Iterable


class AboutForm(forms.ModelForm[Schedule]):
    """What a schedule is called and whose it is."""

    team = forms.ModelChoiceField(queryset=Team.objects.none(), required=False)
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Schedule
        fields = ["name", "slug", "team", "description"]
        labels = {"slug": "Address"}
        help_texts = {"slug": "The calendar is at /on-call/<address>/."}
        error_messages = {
            "name": {"unique": "Another schedule has this name."},
            "slug": {"unique": "Another schedule has this address."},
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = Team.objects.order_by("name")  # type: ignore[attr-defined]

    def clean_slug(self) -> str:
        """Refuse the address of another page, and of a schedule that was deleted."""
        slug: str = self.cleaned_data["slug"]
        if slug in queries.RESERVED:
            raise forms.ValidationError("Another page is at this address.")
        if queries.deleted().filter(slug=slug).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError("A deleted schedule has this address. Restore it, or choose another.")
        return slug

    def clean_name(self) -> str:
        """Refuse the name of a schedule that was deleted."""
        name: str = self.cleaned_data["name"]
        if queries.deleted().filter(name=name).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError("A deleted schedule has this name. Restore it, or choose another.")
        return name


class ScheduleForm(AboutForm):
    time_zone = forms.ChoiceField(
        choices=[(zone, zone) for zone in ZONES], label="Time zone of its hand-offs"
    )

    class Meta(AboutForm.Meta):
        fields = ["name", "slug", "team", "time_zone", "description"]


class DeleteForm(forms.Form):
    """Which version its author has seen."""

    version = forms.IntegerField()


class WhenForm(forms.Form):
    """From when on an edit counts, and in which zone; `version` and `latest` are what its author has seen."""

    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    latest = forms.IntegerField(required=False, widget=forms.HiddenInput)
    of = forms.IntegerField(required=False, widget=forms.HiddenInput)
    gaps_seen = forms.CharField(required=False, max_length=20_000, widget=forms.HiddenInput)
    gaps = forms.BooleanField(required=False, label="Nobody will be on call at these times, and I know it")
    effective_at = MomentField(
        required=False,
        label="Counts from",
        help_text="Empty: from the moment you save.",
        widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}),
    )
    time_zone = ZoneField(label="Time zone of the schedule", required=False)

    asks_gaps = False

    def has_shown(self, gaps: Iterable[tuple[datetime, datetime]]) -> None:
        """Remember which gaps its reader sees, so that saving them is not asked about again."""
        seen = ",".join(f"{start.isoformat()}/{end.isoformat()}" for start, end in gaps)
        self.data = {**self.data.dict(), "gaps_seen": seen}  # type: ignore[attr-defined]

    def clean_gaps_seen(self) -> list[tuple[datetime, datetime]]:
        """Read the times that a preview showed; what is none was not seen."""
        found = []
        for each in self.cleaned_data["gaps_seen"].split(","):
            try:
                start, end = (datetime.fromisoformat(part) for part in each.split("/"))
            except ValueError:
                continue
            if start.tzinfo and end.tzinfo:
                found.append((start, end))
        return found

    def given(self) -> dict[str, Any]:
        """The moment and the zone for a save; None where nothing was entered."""
        return {name: self.cleaned_data[name] or None for name in ("effective_at", "time_zone")}
