from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.http import Http404

from core.accounts import queries as accounts
from core.accounts.models import User
from oncall.alerts.models import Alert, Urgency
from oncall.ledger.queries import Wanted
from oncall.paging.models import PageStatus

if TYPE_CHECKING:
    from django.http import QueryDict

PERIODS = [("1", "24 hours"), ("7", "7 days"), ("30", "30 days"), ("90", "90 days"), ("365", "A year")]


class LedgerFilter(forms.Form):
    """Which pages of whom, or about which alert. What makes no sense counts as not given."""

    user = forms.ModelChoiceField(User.objects.none(), required=False, label="Whose", empty_label="Everybody")
    alert = forms.ModelChoiceField(Alert.objects.none(), required=False, widget=forms.HiddenInput)
    days = forms.ChoiceField(choices=PERIODS, required=False, label="Of the last", initial="30")
    status = forms.ChoiceField(
        choices=[("", "However they ended"), *PageStatus.choices], required=False, label="How they ended"
    )
    urgency = forms.ChoiceField(
        choices=[("", "Any urgency"), *Urgency.choices], required=False, label="Urgency"
    )

    def __init__(self, data: QueryDict, *, viewer: User) -> None:
        given = data.copy()
        self.is_about_alert = bool(given.get("alert"))
        given.setdefault("days", "365" if self.is_about_alert else "30")
        if not self.is_about_alert:
            given.setdefault("user", str(viewer.pk))
        super().__init__(given)
        self.viewer = viewer
        # Who was asked about an alert is for everybody who may see it; all of somebody's nights are not.
        people = User.objects.visible_to(viewer) if self.is_about_alert else accounts.overseen(viewer)
        self.fields["user"].queryset = people.order_by("name", "id")  # type: ignore[attr-defined]
        self.fields["alert"].queryset = Alert.objects.visible_to(viewer)  # type: ignore[attr-defined]

    def wanted(self) -> Wanted:
        """Give what to look for; 404 for an alert that is absent or not for the viewer."""
        self.is_valid()
        found = self.cleaned_data
        if self.is_about_alert and not found.get("alert"):
            raise Http404
        return Wanted(
            user=found.get("user") or (None if self.is_about_alert else self.viewer),
            alert=found.get("alert"),
            status=found.get("status") or "",
            urgency=found.get("urgency") or "",
            days=int(found.get("days") or 30),
        )
