from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from core.channels import registry as channels
from core.channels.push import encryption
from oncall.alerts.models import Urgency
from oncall.paging import addresses, queries
from oncall.paging.models import ContactMethod

if TYPE_CHECKING:
    from core.accounts.models import User

DELAYS = [
    (0, "At once"),
    (60, "After 1 minute"),
    (120, "After 2 minutes"),
    (180, "After 3 minutes"),
    (300, "After 5 minutes"),
    (600, "After 10 minutes"),
    (900, "After 15 minutes"),
    (1800, "After 30 minutes"),
]


class MethodForm(forms.Form):
    """A way to reach somebody; whether the address is one, its channel says."""

    channel = forms.ChoiceField(label="How", initial="email")
    address = forms.CharField(
        max_length=500,
        label="Address",
        help_text="What to enter for each is said below.",
        error_messages={"required": "Enter an e-mail address, a phone number or a URL."},
    )
    label = forms.CharField(max_length=60, required=False, label="Name", help_text="As “Work phone”.")
    secret = forms.CharField(
        max_length=120,
        required=False,
        label="Secret or token",
        help_text="Only where it is said below.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = channels.offered()
        choices = [(channel.kind, channel.name) for channel in offered]
        self.fields["channel"].choices = choices  # type: ignore[attr-defined]
        self.asked = [(channel.name, channel.asks) for channel in offered]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        if {"channel", "address"} <= given.keys():
            try:
                given["address"] = channels.get(given["channel"]).check_address(given["address"])
            except ValueError as error:
                self.add_error("address", str(error))
        return given


class BrowserForm(forms.Form):
    """A browser's subscription to push notifications, as the browser gave it."""

    endpoint = forms.CharField(max_length=500, widget=forms.HiddenInput)
    p256dh = forms.CharField(max_length=100, widget=forms.HiddenInput)
    auth = forms.CharField(max_length=40, widget=forms.HiddenInput)
    label = forms.CharField(
        max_length=60, label="Name of this device", initial="This browser", help_text="As “My phone”."
    )

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        try:
            keys = encryption.keys(given.get("p256dh", ""), given.get("auth", ""))
            address = channels.get("push").check_address(given.get("endpoint", ""))
        except ValueError:
            raise forms.ValidationError(
                "This browser gave no subscription. Allow notifications and try again."
            ) from None
        return {"address": address, "secret": keys.to_json(), "label": given.get("label", "")}


class CodeForm(forms.Form):
    code = forms.CharField(
        max_length=20,
        label="Code",
        error_messages={"required": "Enter the code that was sent."},
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )


class MethodField(forms.ModelChoiceField[ContactMethod]):
    """A choice among a person's own methods, by the names they know them by."""

    def label_from_instance(self, obj: ContactMethod) -> str:
        """Give the channel and the method's own name."""
        return f"{queries.channel_name(obj.channel)}, {obj.label or addresses.shown(obj)}"


class RuleForm(forms.Form):
    """When to page somebody by which of their own methods."""

    urgency = forms.ChoiceField(choices=Urgency.choices, label="Urgency")
    method = MethodField(
        ContactMethod.objects.none(),
        empty_label="Choose a method",
        label="By",
        error_messages={"required": "Choose one of your verified methods."},
    )
    delay_seconds = forms.TypedChoiceField(choices=DELAYS, coerce=int, label="When")
    only_on_call = forms.BooleanField(required=False, label="Only while I am on call, beside the others")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["method"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - declared above
        field.queryset = queries.methods_of(user).filter(verified_at__isnull=False)
