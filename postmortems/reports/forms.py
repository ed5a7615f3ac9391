from django import forms

from core.accounts.models import User
from postmortems.reports import rules
from postmortems.reports.models import Factor, TimelineItem


class SectionsForm(forms.Form):
    """All written sections at once; `version` is what the writer saw."""

    version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        for section in rules.Section:
            self.fields[section.value] = forms.CharField(
                label=rules.TITLES[section],
                help_text=rules.HINTS[section],
                required=False,
                max_length=50_000,
                widget=forms.Textarea(attrs={"rows": 5}),
            )

    def texts(self) -> dict[rules.Section, str]:
        return {section: self.cleaned_data[section.value] for section in rules.Section}


class FactorForm(forms.ModelForm[Factor]):
    class Meta:
        model = Factor
        fields = ["text", "kind"]
        labels = {"text": "What made this possible?"}


class TimelineItemForm(forms.ModelForm[TimelineItem]):
    class Meta:
        model = TimelineItem
        fields = ["text", "included"]


class AuthorForm(forms.Form):
    author = forms.ModelChoiceField(queryset=User.objects.none(), required=False, empty_label="Nobody yet")

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["author"].queryset = User.objects.active().order_by("name")  # type: ignore[attr-defined]
