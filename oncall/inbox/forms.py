from django import forms

from oncall.alerts.models import Verdict
from oncall.inbox.rules import LABELS, Span


class SnoozeForm(forms.Form):
    span = forms.TypedChoiceField(
        choices=[(span.value, label) for span, label in LABELS.items()], coerce=Span
    )


class VerdictForm(forms.Form):
    verdict = forms.TypedChoiceField(choices=Verdict.choices, coerce=Verdict)


class DeclareForm(forms.Form):
    title = forms.CharField(max_length=200, required=False)


class AttachForm(forms.Form):
    number = forms.IntegerField(min_value=1)
