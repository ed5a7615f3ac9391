from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms
from django.conf import settings

from core.errors import Refused
from incidents.attachments.parsers import File, parse
from incidents.attachments.rules import AT_ONCE


class Files(forms.ClearableFileInput):
    """Several files at once; they can be dropped on it."""

    allow_multiple_selected = True
    template_name = "django/forms/widgets/file.html"


class FilesField(forms.FileField):
    """Files that are told by their content; each one that is refused is named with why."""

    widget = Files

    def clean(self, data: Any, initial: Any = None) -> list[File]:
        """Give the files as they are kept."""
        given = data if isinstance(data, list | tuple) else [data] if data else []
        if not given and self.required:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        if len(given) > AT_ONCE:
            raise forms.ValidationError(f"Attach at most {AT_ONCE} files at once.")
        found, wrong = [], []
        most = settings.ATTACHMENT_MAX_MB * 1_000_000
        for one in given:
            try:
                found.append(parse(one.name or "file", one.read(), most=most))
            except Refused as refused:
                wrong.append(str(refused))
        if wrong:
            raise forms.ValidationError(wrong)
        return found


def files_field(*, required: bool = False, label: str = "Files") -> FilesField:
    """Pictures, PDFs and texts to attach."""
    return FilesField(
        label=label,
        required=required,
        help_text=f"Pictures, PDFs, logs and other texts, up to {settings.ATTACHMENT_MAX_MB} MB each.",
        error_messages={"required": "Choose a file."},
    )


class AttachForm(forms.Form):
    """Files, and what they show."""

    text = forms.CharField(
        label="What do they show?",
        max_length=5000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="For the timeline.",
    )
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["files"] = files_field(required=True)
        if not self.is_bound:
            self.initial.setdefault("key", uuid4())


class RemoveForm(forms.Form):
    """Why a file has to go."""

    why = forms.CharField(
        label="Why?",
        max_length=300,
        error_messages={"required": "Say in a few words why: it stands where the file was."},
    )
