"""What the kit page shows: people, severities, clocks and a refused form, made of plain objects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone


@dataclass(frozen=True, slots=True)
class Person:
    """Someone to draw."""

    pk: int
    name: str
    initials: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Level:
    """A severity to draw."""

    rank: int
    label: str
    name: str


class ExampleForm(forms.Form):
    """One field of each kind."""

    title = forms.CharField(error_messages={"required": "Say what customers see, in a few words."})
    next_update = forms.TypedChoiceField(
        choices=[("15", "15 min"), ("90", "90 min")], label="Next update in", help_text="At most 15 min here."
    )
    note = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), required=False)
    audience = forms.ChoiceField(choices=[("team", "My team"), ("all", "Everyone")], widget=forms.RadioSelect)
    tell = forms.BooleanField(label="Tell subscribers", required=False, initial=True)

    def clean_next_update(self) -> str:
        """Refuse a rhythm slower than the level allows."""
        if self.cleaned_data["next_update"] == "90":
            raise forms.ValidationError("This level allows at most 15 min.")
        return str(self.cleaned_data["next_update"])


def context() -> dict[str, Any]:
    """Give the kit page its examples."""
    now = timezone.now()
    quiet: list[str | None] = ["operational"] * 90
    quiet[:10] = [None] * 10
    quiet[37], quiet[52], quiet[69] = "under_maintenance", "degraded_performance", "degraded_performance"
    quiet[86], quiet[89] = "major_outage", "partial_outage"
    return {
        "levels": [
            Level(1, "SEV1", "Critical"),
            Level(2, "SEV2", "Major"),
            Level(3, "SEV3", "Minor"),
            Level(4, "SEV4", "Low"),
        ],
        "people": [
            Person(pk, name, "".join(word[0] for word in name.split()))
            for pk, name in enumerate(
                (
                    "Tomás Rivera",
                    "Jonas Lindqvist",
                    "Samir Haddad",
                    "Priya Raman",
                    "Aiko Tanaka",
                    "Marta Okafor",
                )
            )
        ],
        "states": [
            "operational",
            "degraded_performance",
            "partial_outage",
            "major_outage",
            "under_maintenance",
            "not reported",
        ],
        "days": quiet,
        "just_now": now - timedelta(seconds=10),
        "recent": now - timedelta(minutes=8, seconds=30),
        "older": now - timedelta(days=12),
        "long_ago": now - timedelta(days=500),
        "started": now - timedelta(minutes=37, seconds=12),
        "ahead": now + timedelta(minutes=6, seconds=48),
        "soon": now + timedelta(minutes=1, seconds=40),
        "overdue": now - timedelta(minutes=3, seconds=5),
        "curve": [2, 2, 3, 2, 6, 18, 29, 31, 30, 31, 27, 18, 9],
        "form": ExampleForm({"next_update": "90", "tell": "on"}),
        "markdown": "Errors at **31%** since `v2.3.4`.\n\n- cards fail\n- wallet works\n\n> Rolling back.",
    }
