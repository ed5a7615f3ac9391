from __future__ import annotations

from typing import Any

from django import forms

from incidents.severities.models import Question, Severity


class SeverityForm(forms.ModelForm[Severity]):
    """A level as an admin writes it; its place in the scale is changed in the list."""

    class Meta:
        model = Severity
        exclude = ("rank",)  # noqa: DJ006 - everything but the place in the scale

    def clean_aliases(self) -> list[str]:
        """Give the other words without blanks and repetitions."""
        return _words(self.cleaned_data["aliases"])

    def clean_audiences(self) -> list[str]:
        """Give the audiences without blanks and repetitions."""
        return _words(self.cleaned_data["audiences"])

    def clean_required_roles(self) -> list[str]:
        """Give the roles without blanks and repetitions."""
        return _words(self.cleaned_data["required_roles"])


def _words(given: list[str]) -> list[str]:
    return list(dict.fromkeys(word.strip() for word in given if word.strip()))


class QuestionForm(forms.ModelForm[Question]):
    """A question whose answers lead somewhere, and only forward."""

    class Meta:
        model = Question
        fields = ("position", "text", "if_yes", "then_if_yes", "if_no", "then_if_no")

    def clean(self) -> dict[str, Any]:
        """Refuse an answer that leads to two places, or back."""
        data = super().clean() or self.cleaned_data
        for answer in ("yes", "no"):
            level, then = data.get(f"if_{answer}"), data.get(f"then_if_{answer}")
            if level is not None and then is not None:
                self.add_error(
                    f"then_if_{answer}", "An answer leads to a level or to a question, not to both."
                )
            if then is not None and then <= data.get("position", 0):
                self.add_error(f"then_if_{answer}", "Questions lead forward.")
        return data
