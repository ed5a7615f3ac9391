from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django import forms
from django.utils.html import format_html

from incidents.ties.rules import BY_HAND, REASON_LONGEST, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.accounts.models import User
    from incidents.catalog.models import Service
    from incidents.lifecycle.models import Incident, TimelineEntry
    from incidents.severities.models import Severity
    from incidents.ties.registry import AlertLine

    Find = Callable[[str], Incident | None]

EXPLAINED = {
    Kind.RELATED: ("Related to", "one helps to understand the other"),
    Kind.CAUSED_BY: ("Caused by", "it began because of the other"),
    Kind.DUPLICATE: ("Duplicate of", "the same; both stay as they are. To go on in one of them, merge"),
    Kind.PART: ("Part of", "the other is the whole, and who commands it commands overall"),
}


def choose(form: forms.Form, name: str, choices: Sequence[tuple[Any, Any]]) -> None:
    """Give a field its choices."""
    form.fields[name].choices = choices  # type: ignore[attr-defined]


def why(label: str = "Why?") -> forms.CharField:
    """A sentence for those who come later."""
    return forms.CharField(
        label=label,
        max_length=REASON_LONGEST,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": "Say in a few words why, for those who come later."},
    )


class OtherForm(forms.Form):
    """Another incident, by its number, and why."""

    other = forms.CharField(
        label="Which incident?",
        max_length=20,
        help_text="Its number, as INC-12.",
        widget=forms.TextInput(attrs={"list": "incidents-known", "autocomplete": "off"}),
        error_messages={"required": "Name the other incident by its number, as INC-12."},
    )
    reason = why()

    def __init__(self, *args: Any, find: Find, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.find = find

    def clean_other(self) -> Incident:
        """Give the incident; absent and hidden are the same."""
        found = self.find(self.cleaned_data["other"].strip())
        if found is None:
            raise forms.ValidationError("There is no such incident. Write its number, as INC-12.")
        return found


class TieForm(OtherForm):
    """How this incident hangs together with another."""

    kind = forms.ChoiceField(
        label="This incident is",
        widget=forms.RadioSelect,
        choices=[
            (kind.value, format_html('{} <small class="sub">{}</small>', *EXPLAINED[kind]))
            for kind in BY_HAND
        ],
        initial=Kind.RELATED.value,
    )
    field_order = ("kind", "other", "reason")


class MergeForm(OtherForm):
    """Into which incident, why, and whether its people come along."""

    people = forms.BooleanField(
        label="Whoever takes part here takes part there",
        required=False,
        initial=True,
        help_text="In a private incident they may read everything from then on.",
    )
    field_order = ("other", "reason", "people")


class UnmergeForm(forms.Form):
    """Why it was not the same after all."""

    reason = why("Why was it not the same after all?")


class SplitForm(forms.Form):
    """What the new incident is about, and what it takes along."""

    title = forms.CharField(
        label="What is going wrong for people?",
        max_length=200,
        error_messages={"required": "Say what is going wrong for people, in a few words."},
    )
    as_part = forms.BooleanField(
        label="It stays part of this incident, with a commander of its own",
        required=False,
        help_text="Whoever commands here commands all of it. Without the tick the two go separate ways.",
    )
    reason = why("Why is it something else?")
    severity = forms.ChoiceField(label="Severity")
    services = forms.TypedMultipleChoiceField(
        label="Services", coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    alerts = forms.TypedMultipleChoiceField(
        label="Alerts that go there", coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    entries = forms.TypedMultipleChoiceField(
        label="Entries of the timeline that it begins with",
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="They are copied with their times and stay here as well.",
    )
    commander = forms.TypedChoiceField(label="Offer command to", coerce=int, required=False, empty_value=None)
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        levels: Sequence[Severity],
        services: Sequence[Service],
        alerts: Sequence[AlertLine],
        entries: Sequence[TimelineEntry],
        people: Sequence[User],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.levels = {level.slug: level for level in levels}
        self.known = {service.pk: service for service in services}
        self.people = {person.pk: person for person in people}
        choose(self, "severity", [(slug, str(level)) for slug, level in self.levels.items()])
        choose(self, "services", [(pk, service.name) for pk, service in self.known.items()])
        choose(
            self, "alerts", [(row.pk, f"{row.title}{', resolved' if row.is_over else ''}") for row in alerts]
        )
        choose(self, "entries", [(row.pk, f"{row.get_kind_display()}: {row.text[:160]}") for row in entries])
        choose(
            self,
            "commander",
            [("", "nobody, I command it"), *((pk, str(person)) for pk, person in self.people.items())],
        )
        if not self.is_bound:
            self.initial.setdefault("key", uuid4())

    def said(self) -> dict[str, Any]:
        """Give what `split` is called with."""
        data = dict(self.cleaned_data)
        data.pop("commander")
        data["severity"] = self.levels[data["severity"]]
        data["services"] = [self.known[pk] for pk in data["services"]]
        return data

    def offered(self) -> User | None:
        """Give to whom command of it is offered."""
        return self.people.get(self.cleaned_data["commander"])
