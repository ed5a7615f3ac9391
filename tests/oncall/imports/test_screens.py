"""The import by hand, by a program and by a command."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from core.accounts.models import Role
from oncall.imports import operations
from oncall.imports.models import ScheduleImport
from oncall.models import Schedule
from tests import cast
from tests.oncall.imports import exports
from tests.oncall.imports.carrying_out import who
from tests.oncall.imports.rendering import at

if TYPE_CHECKING:
    from pathlib import Path

    from django.test import Client

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("october")]


@pytest.fixture
def manager(client: Client) -> Client:
    return cast.sign_in(client, cast.person("Manager", role=Role.MANAGER))


def upload(client: Client, text: str | bytes) -> Any:
    content = text if isinstance(text, bytes) else text.encode()
    return client.post("/on-call/-/import/", {"file": SimpleUploadedFile("export.json", content)})


@pytest.mark.usefixtures("people")
def test_a_manager_uploads_a_file_says_who_is_who_and_imports_it(manager: Client) -> None:
    assert 'href="/on-call/-/import/"' in manager.get("/on-call/").content.decode()
    answer = upload(manager, exports.pagerduty())
    here = answer["location"]
    page = manager.get(here).content.decode()
    assert "Who is that here?" in page
    assert "360 minutes differ" in page
    assert not Schedule.objects.exists()

    answer = manager.post(f"{here}people/", {"who-vera": "nobody@example.com"})
    assert answer.status_code == 422
    assert "Nobody here has the address nobody@example.com" in answer.content.decode()

    assert manager.post(f"{here}people/", {"who-vera": "ada@example.com"})["location"] == here
    assert "0 minutes differ" in manager.get(here).content.decode()
    assert manager.post(f"{here}confirm/")["location"] == here
    assert who(at(11, 1, 5)) == {"ada"}
    assert "/on-call/primary-on-call/" in manager.get(here).content.decode()
    assert "Imported" in manager.get("/on-call/-/import/").content.decode()
    assert manager.post(f"{here}confirm/").status_code == 409


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty."),
        (b"\xff\xfe", "The file is not text in UTF-8."),
        (b"[1]", "What answer 1 answered has to be an object."),
        (b" " * 5_000_001, "The file has more than 5 MB."),
    ],
)
def test_a_file_that_cannot_be_read_says_so_at_the_field(
    manager: Client, content: bytes, sentence: str
) -> None:
    answer = upload(manager, content)

    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    assert not ScheduleImport.objects.exists()


def test_whoever_does_not_configure_sees_no_import_and_makes_none(client: Client) -> None:
    started = operations.plan(exports.opsgenie(), actor=None)
    client.force_login(cast.bob())

    assert client.get("/on-call/-/import/").status_code == 403
    assert upload(client, exports.opsgenie()).status_code == 403
    assert client.get(f"/on-call/-/import/{started.pk}/").status_code == 403
    assert client.post(f"/on-call/-/import/{started.pk}/confirm/").status_code == 403
    assert client.post(f"/on-call/-/import/{started.pk}/people/").status_code == 403
    assert client.get(f"/api/v1/schedule-imports/{started.pk}/").status_code == 403
    assert client.get("/api/v1/schedule-imports/").status_code == 403
    assert ScheduleImport.objects.count() == 1
    assert not Schedule.objects.exists()


@pytest.mark.usefixtures("people")
def test_a_program_plans_and_confirms_an_import() -> None:
    api = cast.caller(cast.person("Manager", role=Role.MANAGER))
    given = {"export": json.loads(exports.pagerduty()), "people": {"vera": "ada@example.com"}}

    planned = api.post("/api/v1/schedule-imports/", given, format="json")
    assert planned.status_code == 201, planned.content
    (plan,) = planned.json()["schedules"]
    assert (plan["action"], plan["comparison"]["different"]) == ("create", 0)
    assert not Schedule.objects.exists()

    key = planned.json()["id"]
    assert api.post(f"/api/v1/schedule-imports/{key}/confirm/").json()["confirmed_at"]
    assert api.post(f"/api/v1/schedule-imports/{key}/confirm/").status_code == 409
    assert who(at(11, 1, 5)) == {"ada"}
    assert api.post("/api/v1/schedule-imports/", {"export": {"data": []}}, format="json").status_code == 409


@pytest.mark.usefixtures("people")
def test_the_command_shows_the_plan_and_imports_it_when_told_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, named = tmp_path / "export.json", tmp_path / "people.json"
    file.write_text(exports.pagerduty())
    named.write_text('{"vera": "ada@example.com"}')

    call_command("import_schedules", str(file))
    shown = capsys.readouterr().out
    assert "Vera Example <vera@example.com>: Nobody here has this address" in shown
    assert "360 of 129600 minutes differ" in shown
    assert "Nothing was changed." in shown
    assert not Schedule.objects.exists()

    call_command("import_schedules", str(file), "--people", str(named), "--confirm")
    assert "0 of 129600 minutes differ" in capsys.readouterr().out
    assert who(at(11, 1, 5)) == {"ada"}

    named.write_text('["vera"]')
    with pytest.raises(CommandError, match="has to be an object from the tool's id"):
        call_command("import_schedules", str(file), "--people", str(named))

    file.write_text("{")
    with pytest.raises(CommandError, match="is not JSON"):
        call_command("import_schedules", str(file))
