from zoneinfo import available_timezones

from django import forms

from statuspage.components.models import Component, ComponentState, StatusPage


class PageForm(forms.ModelForm[StatusPage]):
    time_zone = forms.ChoiceField(choices=lambda: [(zone, zone) for zone in sorted(available_timezones())])

    class Meta:
        model = StatusPage
        fields = ["name", "slug", "time_zone", "support_url", "is_public"]
        labels = {"slug": "Address", "support_url": "Support page", "is_public": "Anybody may read it"}
        help_texts = {"slug": "The page is at /status/<address>/."}


class PageSettingsForm(PageForm):
    """The settings of a page that is there: its address stays."""

    class Meta(PageForm.Meta):
        fields = ["name", "time_zone", "support_url", "is_public"]


class ComponentForm(forms.ModelForm[Component]):
    class Meta:
        model = Component
        fields = ["name", "description", "service"]
        labels = {"name": "Name that customers know", "service": "Service behind it"}


class StateForm(forms.Form):
    state = forms.ChoiceField(choices=ComponentState.choices)
