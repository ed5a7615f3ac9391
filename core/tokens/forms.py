from django import forms

from core.tokens.models import Scope

LIFETIMES = [("30", "30 days"), ("90", "90 days"), ("365", "1 year"), ("", "Until it is revoked")]


class NewToken(forms.Form):
    """What a token is for, what it may do, and for how long."""

    name = forms.CharField(
        max_length=80, label="What for", widget=forms.TextInput(attrs={"placeholder": "Deploy script"})
    )
    scopes = forms.MultipleChoiceField(
        choices=Scope.choices,
        initial=[Scope.READ],
        widget=forms.CheckboxSelectMultiple,
        label="It may",
        help_text="Never more than you may do yourself.",
    )
    days = forms.TypedChoiceField(
        choices=LIFETIMES, coerce=int, empty_value=None, required=False, initial="90", label="It works for"
    )
