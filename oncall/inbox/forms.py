from django import forms

SNOOZES = [(900, "15 minutes"), (3600, "1 hour"), (4 * 3600, "4 hours"), (24 * 3600, "1 day")]


class SnoozeForm(forms.Form):
    seconds = forms.TypedChoiceField(
        choices=SNOOZES, coerce=int, widget=forms.Select(attrs={"class": "select select-sm"})
    )


class DeclareForm(forms.Form):
    title = forms.CharField(max_length=200, required=False)


class AttachForm(forms.Form):
    number = forms.IntegerField(min_value=1)
