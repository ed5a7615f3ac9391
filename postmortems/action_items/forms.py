from django import forms

from core.accounts.models import User
from postmortems.action_items import rules
from postmortems.action_items.models import ActionItem, ActionStatus


class ActionItemForm(forms.ModelForm[ActionItem]):
    """One owner and one date make it a promise (R264)."""

    due_on = forms.DateField(label="Due", widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
    owner = forms.ModelChoiceField(queryset=User.objects.none(), label="Owner", empty_label="Choose a person")

    class Meta:
        model = ActionItem
        fields = ["title", "kind", "owner", "due_on", "priority"]
        labels = {"title": "What will be different?"}
        help_texts = {"title": "“Alert when pool use passes 80%”, not “improve monitoring”."}

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["owner"].queryset = User.objects.active().order_by("name")  # type: ignore[attr-defined]

    def clean_title(self) -> str:
        title: str = self.cleaned_data["title"]
        if rules.is_vague(title):
            raise forms.ValidationError(
                "Say what will be different and how you will know, in a number where there is one."
            )
        return title


class MoveForm(forms.Form):
    to = forms.ChoiceField(choices=ActionStatus.choices)
    reason = forms.CharField(required=False, max_length=300)
    next = forms.CharField(required=False)
