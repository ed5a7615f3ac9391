from django import forms

from core.accounts.models import Role


class RoleForm(forms.Form):
    """What a person may do."""

    role = forms.ChoiceField(
        choices=Role.choices,
        help_text="Viewers read, responders act, managers configure the things of their teams, admins everything.",
    )
