from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.html import format_html

from incidents.board.forms import when, words
from incidents.lifecycle.operations import Acceptance
from incidents.lifecycle.rules import NAMES, STAGES, TIMES, Status
from incidents.updates.rules import in_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.utils.safestring import SafeString

    from core.accounts.models import User
    from incidents.catalog.models import Service
    from incidents.lifecycle.models import RoleDefinition
    from incidents.lifecycle.registry import Target
    from incidents.severities.models import Severity

Choices = list[tuple[Any, Any]]


def choose(form: forms.Form, name: str, choices: Choices) -> None:
    """Give a field its choices."""
    form.fields[name].choices = choices  # type: ignore[attr-defined]


def _explained(name: object, text: str) -> SafeString:
    return format_html('{} <small class="sub">{}</small>', name, text)


def needed(label: str, lacking: str, *, most: int = 2000) -> forms.CharField:
    """A few sentences that may not be left out; `lacking` asks for them."""
    area = forms.Textarea(attrs={"rows": 2})
    return forms.CharField(label=label, max_length=most, widget=area, error_messages={"required": lacking})


class EstimateForm(forms.Form):
    """By when it may work again; empty takes it back."""

    restored_at = when(
        label="Works again by about", help_text="In your time zone. Empty: nobody can say, or not any more."
    )
    public = forms.BooleanField(required=False, label="Customers read it on the status page")
    why = forms.CharField(
        label="On which grounds?",
        max_length=300,
        required=False,
        help_text="For the timeline. Customers do not read it.",
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, for_customers: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not for_customers:
            del self.fields["public"]


class StatusForm(forms.Form):
    """The next stage, and since when; the end has a form of its own."""

    status = forms.ChoiceField(label="Stage", widget=forms.RadioSelect)
    reason = words(label="What changed?", help_text="One sentence for the timeline.")
    at = when(label="Since when?", help_text="Empty: now.")

    def __init__(self, *args: Any, now: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(
            self,
            "status",
            [
                (stage.value, stage.value.capitalize())
                for stage in STAGES
                if stage not in {now, Status.RESOLVED}
            ],
        )


class SeverityForm(forms.Form):
    """Another level, with the reason."""

    severity = forms.ChoiceField(label="Severity", widget=forms.RadioSelect)
    reason = needed("Why?", "Say why, for those who come later.")

    def __init__(self, *args: Any, levels: Sequence[Severity], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.levels = {level.slug: level for level in levels}
        choose(
            self,
            "severity",
            [(slug, _explained(level, level.definition)) for slug, level in self.levels.items()],
        )

    def clean_severity(self) -> Severity:
        """Give the level itself."""
        return self.levels[self.cleaned_data["severity"]]


class ReasonForm(forms.Form):
    """A sentence for the timeline, which may be left out."""

    reason = words(label="What should the timeline say?")


class NeededReasonForm(forms.Form):
    """A sentence for the timeline, which may not be left out."""

    reason = needed("Why?", "Say why.")


class EndForm(forms.Form):
    """The end of an incident; where something goes on without it, whoever ends it says that they know."""

    def __init__(self, *args: Any, asked: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if asked:
            lacking = "Tick it to end this one all the same, or end those first."
            self.fields["anyway"] = forms.BooleanField(
                label=f"{'; '.join(asked)}: they go on without it", error_messages={"required": lacking}
            )


class FalseAlarmForm(EndForm):
    """Why it was none."""

    reason = needed(
        "What looked like an incident, and why was it none?", "Say in a few words why it was none."
    )


class AcceptRiskForm(EndForm):
    """Which risk is lived with, how it is watched, and who decided."""

    risk = needed("Which risk is accepted?", "Say what may happen, and to whom.", most=5000)
    monitoring = needed("How is it watched?", "Say how it would be noticed that it gets worse.", most=5000)
    decided_by = forms.TypedChoiceField(label="Who made the call?", coerce=int)

    def __init__(self, *args: Any, people: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {person.pk: person for person in people}
        choose(
            self,
            "decided_by",
            [("", "Choose somebody"), *((pk, str(person)) for pk, person in self.people.items())],
        )

    def clean_decided_by(self) -> User:
        """Give the person themselves."""
        return self.people[self.cleaned_data["decided_by"]]

    def accepted(self) -> Acceptance:
        """Give what was said of the risk."""
        return Acceptance(**{name: self.cleaned_data[name] for name in ("risk", "monitoring", "decided_by")})


class PictureForm(forms.Form):
    """One part of the current picture. The version keeps two people from overwriting each other."""

    text = words(rows=4, label="Text")
    version = forms.IntegerField(widget=forms.HiddenInput)


class PersonForm(forms.Form):
    """Somebody who may respond."""

    user = forms.TypedChoiceField(label="Who?", coerce=int)

    def __init__(self, *args: Any, people: Sequence[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = {person.pk: person for person in people}
        choose(
            self,
            "user",
            [("", "Choose somebody"), *((pk, str(person)) for pk, person in self.people.items())],
        )

    def clean_user(self) -> User:
        """Give the person themselves."""
        return self.people[self.cleaned_data["user"]]


class RoleForm(PersonForm):
    """Who takes which role."""

    role_slug = forms.ChoiceField(label="Role", widget=forms.RadioSelect)
    field_order = ("role_slug", "user")

    def __init__(self, *args: Any, roles: Sequence[RoleDefinition], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(
            self,
            "role_slug",
            [(role.slug, _explained(role.name, f"{role.duties} {role.must_not}")) for role in roles],
        )


class HandOverForm(PersonForm):
    """The next commander, and what they need to know."""

    briefing = forms.CharField(
        label="What do they need to know?",
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 9}),
        error_messages={"required": "Say in a few words what the next commander needs to know."},
    )


class TakeOverForm(forms.Form):
    """Why command is taken from somebody who does not answer."""

    reason = needed("Why without a hand-over?", "Say why, as “Alice does not answer since 14:32”.")


class PageForm(forms.Form):
    """Whom to page, and what to say to them."""

    target = forms.ChoiceField(label="Whom?")
    message = forms.CharField(
        label="What do you need from them?",
        max_length=1000,
        required=False,
        widget=forms.TextInput(),
        help_text="It is the first thing they read. Without it they get the incident's title.",
    )

    def __init__(self, *args: Any, targets: Mapping[str, Sequence[Target]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.targets = {f"{kind}:{row.id}": row for kind, rows in targets.items() for row in rows}
        names = {
            "policy": "Escalation policies",
            "schedule": "On-call schedules",
            "team": "Teams",
            "user": "People",
        }
        groups = [
            (names.get(kind, kind), [(f"{kind}:{row.id}", row.name) for row in targets[kind]])
            for kind in sorted(targets, key=list(names).index)
            if targets[kind]
        ]
        choose(self, "target", [("", "Choose whom to page"), *groups])

    def clean_target(self) -> Target:
        """Give the target itself."""
        return self.targets[self.cleaned_data["target"]]


class ServicesForm(forms.Form):
    """The affected services."""

    services = forms.TypedMultipleChoiceField(
        coerce=int, required=False, widget=forms.CheckboxSelectMultiple, label="Affected services"
    )

    def __init__(self, *args: Any, services: Sequence[Service], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = {service.pk: service for service in services}
        choose(self, "services", [(pk, service.name) for pk, service in self.known.items()])

    def clean_services(self) -> list[Service]:
        """Give the services themselves."""
        return [self.known[pk] for pk in self.cleaned_data["services"]]


class TimesForm(forms.Form):
    """Every time of the incident, in the reader's zone."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in TIMES:
            field = when(label=NAMES[name])
            field.widget.format = "%Y-%m-%dT%H:%M:%S"
            field.widget.attrs["step"] = "1"
            self.fields[name] = field
        self.fields["version"] = forms.IntegerField(widget=forms.HiddenInput)

    def changes(self) -> dict[str, Any]:
        """Give the times that were changed, to the second as they are shown."""
        return {name: self.cleaned_data[name] for name in self.changed_data if name in TIMES}


class FactsForm(forms.Form):
    """Title and the answers from the beginning."""

    title = forms.CharField(max_length=200, label="Title", help_text="What customers experience.")
    summary = words(label="Summary")
    blast_radius = words(label="How far it reaches")
    recent_changes = words(label="Recent changes")
    who_else = words(label="Who else must know")
    version = forms.IntegerField(widget=forms.HiddenInput)


class RhythmForm(forms.Form):
    """A rhythm agreed for this incident."""

    seconds = forms.TypedChoiceField(coerce=int, empty_value=None, required=False, label="An update every")

    def __init__(self, *args: Any, usual: int | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        normal = (
            f"as the severity has it: {in_words(usual)}" if usual else "as the severity has it: no rhythm"
        )
        spans = (300, 600, 900, 1200, 1800, 2700, 3600, 7200, 14400, 86400)
        choose(self, "seconds", [("", normal), *((span, in_words(span)) for span in spans)])


class PrivacyForm(forms.Form):
    """Being sure is one tick."""

    sure = forms.BooleanField(label="Yes", error_messages={"required": "Tick the box to go on."})
