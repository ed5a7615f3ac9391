from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from oncall.alerts.models import Verdict
from oncall.inbox.rules import LABELS, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.accounts.models import User


class SnoozeForm(forms.Form):
    span = forms.TypedChoiceField(
        choices=[(span.value, label) for span, label in LABELS.items()], coerce=Span
    )


class VerdictForm(forms.Form):
    verdict = forms.TypedChoiceField(choices=Verdict.choices, coerce=Verdict)


class DeclareForm(forms.Form):
    title = forms.CharField(max_length=200, required=False)


class FixForm(forms.Form):
    what = forms.CharField(max_length=200, required=False)
    owner = forms.TypedChoiceField(coerce=int, required=False, empty_value=None)

    def __init__(self, *args: Any, people: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {person.pk: person for person in people}
        self.fields["owner"].choices = [("", ""), *self.people.items()]  # type: ignore[attr-defined]

    def clean_owner(self) -> User | None:
        """Give the person themselves."""
        return self.people.get(self.cleaned_data["owner"])


class AttachForm(forms.Form):
    number = forms.IntegerField(min_value=1)
