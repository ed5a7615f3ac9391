from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms

from core.accounts import queries as people
from oncall.imports.parsers.answers import LARGEST

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile
    from django.http import QueryDict


class UploadForm(forms.Form):
    """A file with what another tool's API answered."""

    file = forms.FileField(
        label="File",
        help_text="What the API of PagerDuty, Opsgenie or Grafana OnCall answered, as JSON. Nothing is changed yet.",
        widget=forms.ClearableFileInput(attrs={"accept": ".json,application/json"}),
        error_messages={"required": "Choose a file.", "empty": "The file is empty."},
    )

    def clean_file(self) -> str:
        """Give the text of the file."""
        file: UploadedFile[bytes] = self.cleaned_data["file"]
        if (file.size or 0) > LARGEST:
            raise forms.ValidationError(
                f"The file has more than {LARGEST // 1_000_000} MB. Import it in parts."
            )
        try:
            return str(file.read(), "utf-8-sig")
        except UnicodeDecodeError:
            raise forms.ValidationError("The file is not text in UTF-8.") from None


def people_named(data: QueryDict) -> tuple[dict[str, str], list[str]]:
    """Read who people of the other tool are here, by e-mail address; and the addresses that nobody here has."""
    named = {
        name.removeprefix("who-"): str(value).strip()
        for name, value in data.items()
        if name.startswith("who-")
    }
    known = {user.email.lower() for user in people.people()}
    wrong = sorted({value for value in named.values() if value and value.lower() not in known})
    return {key: value for key, value in named.items() if value.lower() in known}, wrong
