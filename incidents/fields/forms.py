from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from incidents.fields.models import IncidentField, Kind, Moment
from incidents.fields.rules import MOST_TAGS, choices, parted, tags, words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.accounts.models import User
    from incidents.fields.rules import Value

PREFIX = "field-"


def asked(field: IncidentField) -> str:
    """Say when it has to be filled in, and at which levels; "" where it may stay empty."""
    if not field.required_at:
        return ""
    levels = ", ".join(row.label for row in field.severities.all())
    return f"Asked for {field.get_required_at_display().lower()}{f', at {levels}' if levels else ''}."


def build(field: IncidentField, people: Sequence[User], *, held: Value, names: dict[int, str]) -> forms.Field:
    """Give what one enters a field with; what can stand in it is said when it is saved.

    What is held can be chosen, else whoever saves another field would take it back.
    """
    when = asked(field)
    hint = f"{field.hint.rstrip('.')}. {when}" if field.hint and when else field.hint or when
    common: dict[str, Any] = {"label": field.name, "help_text": hint, "required": False}
    options = [(each, each) for each in choices(field.spec, held)]
    if field.kind == Kind.CHOICE:
        return forms.ChoiceField(choices=[("", "nothing chosen"), *options], **common)
    if field.kind == Kind.MANY:
        return forms.MultipleChoiceField(choices=options, widget=forms.CheckboxSelectMultiple, **common)
    if field.kind == Kind.DATE:
        return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **common)
    if field.kind == Kind.USER:
        known = {str(person.pk): str(person) for person in people}
        if isinstance(held, int):
            known.setdefault(str(held), words(held, names))
        return forms.ChoiceField(choices=[("", "nobody"), *known.items()], **common)
    widget = {
        Kind.NUMBER: forms.TextInput(attrs={"inputmode": "decimal"}),
        Kind.LINK: forms.TextInput(attrs={"inputmode": "url", "placeholder": "https://"}),
    }.get(Kind(field.kind), forms.TextInput())
    return forms.CharField(max_length=2000, widget=widget, **common)


class TagsField(forms.CharField):
    """Tags, parted by commas, each written the one way."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            label="Tags",
            required=False,
            max_length=1000,
            help_text=f"Parted by commas, at most {MOST_TAGS}. “Data base” and “#data-base” are the same tag.",
            widget=forms.TextInput(attrs={"list": "tags-known", "autocomplete": "off"}),
            **kwargs,
        )

    def to_python(self, value: Any) -> Any:
        """Give them as a list."""
        found = tags(parted(super().to_python(value) or ""))
        if len(found) > MOST_TAGS:
            raise forms.ValidationError(f"At most {MOST_TAGS} tags: those by which it will be looked for.")
        return found

    def prepare_value(self, value: Any) -> Any:
        """Write them as one types them."""
        return ", ".join(value) if isinstance(value, list) else value


class WithFields(forms.Form):
    """A form with the fields that a company made itself."""

    def __init__(
        self,
        *args: Any,
        own: Sequence[IncidentField] = (),
        people: Sequence[User] = (),
        held: Mapping[str, Value] | None = None,
        names: dict[int, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.always = {
            f"{PREFIX}{row.slug}"
            for row in own
            if row.required_at == Moment.DECLARE and not row.severities.all()
        }
        for row in own:
            self.fields[f"{PREFIX}{row.slug}"] = build(
                row, people, held=(held or {}).get(row.slug), names=names or {}
            )

    def own(self) -> list[forms.BoundField]:
        """Give those fields to be drawn; one that is asked for at every level is not called optional.

        What lacks is said by the operation, so that a form that only looks ahead complains of nothing.
        """
        found = [bound for bound in self if bound.name.startswith(PREFIX)]
        for bound in found:
            bound.field.required = bound.name in self.always
        return found

    def values(self) -> dict[str, Any]:
        """Give what was entered, by the slug of the field."""
        return {
            name.removeprefix(PREFIX): value
            for name, value in self.cleaned_data.items()
            if name.startswith(PREFIX)
        }

    def misfilled(self, wrong: Mapping[str, str]) -> None:
        """Say at each field what is wrong with it."""
        for slug, said in wrong.items():
            name = f"{PREFIX}{slug}"
            self.add_error(name if name in self.fields else None, said)


class DetailsForm(WithFields):
    """The tags of an incident and what stands in its fields. The version keeps two people from overwriting each other."""

    tags = TagsField()
    version = forms.IntegerField(widget=forms.HiddenInput)
