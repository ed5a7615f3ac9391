from __future__ import annotations

from typing import Any

from django import forms

from oncall.destinations.models import Destination


class TopicForm(forms.Form):
    """The channel whose topic is to say who is on call."""

    channel = forms.ModelChoiceField(queryset=Destination.objects.none(), label="Channel")

    def __init__(self, *args: Any, offered: list[Destination], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Destination.objects.filter(pk__in=[each.pk for each in offered]).order_by("name")
        self.fields["channel"].queryset = rows  # type: ignore[attr-defined]


class GroupForm(forms.Form):
    """The user group that is to hold who is on call."""

    group = forms.CharField(
        max_length=21,
        label="ID of the user group",
        help_text="It begins with S and stands in the group's address in Slack. Everybody else is taken out of the group.",
        widget=forms.TextInput(attrs={"placeholder": "S012AB3CD", "autocomplete": "off"}),
    )
