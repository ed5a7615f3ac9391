"""Pictures, logs and PDFs of an incident: kept, shown, saved by who sees the incident, and removed for good (X-59)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.events import housekeeping
from core.events.models import Event
from incidents.attachments import operations
from incidents.attachments.models import Attachment, StoredFile
from incidents.attachments.parsers import parse
from incidents.lifecycle import operations as lifecycle
from incidents.lifecycle.operations.base import Ended
from incidents.models import Update
from incidents.privacy import operations as privacy
from incidents.ties import operations as ties
from tests import cast

if TYPE_CHECKING:
    from core.accounts.models import User
    from incidents.attachments.parsers import File
    from incidents.models import Incident

pytestmark = pytest.mark.django_db
API = "/api/v1/incidents"
WHY = "It shows the card of a customer"


@pytest.fixture
def incident(alice: User) -> Incident:
    return cast.incident(by=alice)


def log(name: str = "worker.log", content: bytes = b"out of memory\n") -> File:
    return parse(name, content, most=5_000_000)


def given(name: str = "worker.log", content: bytes = b"out of memory\n") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="text/html")


def test_files_stand_on_the_timeline_with_what_they_show(incident: Incident, alice: User, bob: User) -> None:
    key = uuid4()
    for _ in range(2):
        operations.attach(incident, files=[log(), log("b.log")], actor=bob, key=key)
    operations.attach(incident, files=[log("c.log")], text="Since the release", actor=alice)
    rows = list(Attachment.objects.order_by("pk"))
    assert [(row.name, row.by, row.size) for row in rows] == [
        ("worker.log", bob, 14), ("b.log", bob, 14), ("c.log", alice, 14),
    ]  # fmt: skip
    entries = list(incident.timeline.filter(kind="note").order_by("pk"))
    assert [(row.text, row.data["attachments"]) for row in entries] == [
        ("Attached worker.log, b.log", [rows[0].pk, rows[1].pk]),
        ("Since the release", [rows[2].pk]),
    ]
    said = Event.objects.filter(name="incident.file_attached").order_by("pk")
    assert [(event.payload["attachment_id"], event.payload["kind"]) for event in said] == [
        (row.pk, "text") for row in rows
    ]


def test_there_are_only_so_many_and_none_once_it_is_closed(
    incident: Incident, alice: User, settings: Any
) -> None:
    settings.ATTACHMENTS_PER_INCIDENT = 2
    settings.ATTACHMENT_MAX_MB = 1
    operations.attach(incident, files=[log()], actor=alice)
    with pytest.raises(operations.CannotAttach, match="holds 1 more file"):
        operations.attach(incident, files=[log(), log()], actor=alice)
    Attachment.objects.update(size=19_999_990)
    with pytest.raises(operations.CannotAttach, match="holds 10 bytes more"):
        operations.attach(incident, files=[log()], actor=alice)
    with pytest.raises(operations.CannotAttach, match="Choose a file"):
        operations.attach(incident, files=[], actor=alice)
    lifecycle.resolve(incident, actor=alice)
    operations.remove(Attachment.objects.get(), why="Too large", actor=alice)
    operations.attach(incident, files=[log()], actor=alice)  # what is found after the end still belongs here
    lifecycle.close(incident, actor=alice)
    with pytest.raises(Ended):
        operations.attach(incident, files=[log()], actor=alice)


def test_forms_without_script_attach_show_save_and_remove(
    client: Client, incident: Incident, bob: User
) -> None:
    client.force_login(bob)
    path = f"/incidents/{incident}/attachments/"
    empty = client.post(path, {"text": "Since 14:02"})
    assert empty.status_code == 422
    assert "Choose a file." in empty.content.decode()
    assert "Since 14:02" in empty.content.decode()
    wrong = client.post(path, {"files": [given(content=b"MZ\x00\x01"), given("ok.log")], "text": "Both"})
    assert wrong.status_code == 422
    assert "“worker.log” is no picture (PNG, JPEG, WebP, GIF), PDF or text" in wrong.content.decode()
    assert not Attachment.objects.exists()
    form = {"files": [given("graph.png", cast.picture()), given("<b>.log")], "key": str(uuid4())}
    assert client.post(path, form).status_code == 302
    picture, text = Attachment.objects.order_by("pk")
    for url in (path, f"/incidents/{incident}/-/attachments/", f"/incidents/{incident}/"):
        page = client.get(url).content.decode()
        assert "&lt;b&gt;.log" in page
        assert f'src="{path}{picture.pk}/preview/"' in page
    client.post(f"{path}{text.pk}/remove/", {"why": ""})
    assert Attachment.objects.kept().count() == 2
    client.post(f"{path}{text.pk}/remove/", {"why": WHY})
    page = client.get(path).content.decode()
    assert "Bob Example removed it" in page
    assert WHY in page
    assert client.get(f"{path}{text.pk}/").status_code == 404
    client.force_login(cast.vera())
    assert client.get(f"{path}{picture.pk}/").status_code == 200
    assert "<form" not in client.get(path).content.decode().split("<main")[-1].split("</main>")[0]
    assert client.post(path, form).status_code == 403
    assert client.post(f"{path}{picture.pk}/remove/", {"why": WHY}).status_code == 403


def test_it_is_saved_as_what_it_is_and_never_a_page_of_ours(
    client: Client, incident: Incident, alice: User
) -> None:
    row = cast.attachment(incident, by=alice, name="Übersicht <1>.html", content=b"<script>alert(1)</script>")
    shown = cast.attachment(incident, by=alice, name="graph.png", content=cast.picture())
    client.force_login(alice)
    answer = client.get(f"/incidents/{incident}/attachments/{row.pk}/")
    assert answer.content == b"<script>alert(1)</script>"
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Content-Disposition"] == ("attachment; filename*=utf-8''%C3%9Cbersicht%20%3C1%3E.html.txt")
    small = client.get(f"/incidents/{incident}/attachments/{shown.pk}/preview/")
    assert (small["Content-Type"], small.content[8:12]) == ("image/webp", b"WEBP")
    for one in (answer, small):
        assert one["X-Content-Type-Options"] == "nosniff"
        assert one["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
        assert one["Cross-Origin-Resource-Policy"] == "same-origin"
        assert one["Cache-Control"] == "private, no-store"
    assert client.get(f"/incidents/{incident}/attachments/{row.pk}/preview/").status_code == 404
    client.logout()
    assert client.get(f"/incidents/{incident}/attachments/{row.pk}/").status_code == 302


def test_who_sees_no_private_incident_finds_none_of_its_files(client: Client, alice: User) -> None:
    hidden, open_ = cast.incident(by=alice, private=True), cast.incident("Other", by=alice)
    row = cast.attachment(hidden, by=alice)
    client.force_login(cast.mallory())
    for path in ("", "preview/"):
        assert client.get(f"/incidents/{hidden}/attachments/{row.pk}/{path}").status_code == 404
        assert client.get(f"/incidents/{open_}/attachments/{row.pk}/{path}").status_code == 404
    assert client.post(f"/incidents/{hidden}/attachments/{row.pk}/remove/", {"why": WHY}).status_code == 404
    ada = cast.ada()
    program = cast.caller(ada)
    for path in ("", f"{row.pk}/", f"{row.pk}/content/"):
        assert program.get(f"{API}/{hidden}/attachments/{path}").status_code == 404
    admin = cast.sign_in(Client(), ada)
    assert "worker.log" not in admin.get("/admin/incidents/attachment/").content.decode()
    assert admin.get(f"/admin/incidents/attachment/{row.pk}/change/").status_code == 302
    lifecycle.set_private(hidden, private=False, actor=alice)
    assert "worker.log" in admin.get("/admin/incidents/attachment/").content.decode()
    assert admin.get(f"/admin/incidents/attachment/{row.pk}/change/").status_code == 200


def test_a_note_and_an_update_inside_show_their_files(client: Client, incident: Incident, bob: User) -> None:
    client.force_login(bob)
    said = {"kind": "note", "text": "Here it begins", "files": [given("a.log")]}
    assert client.post(f"/incidents/{incident}/notes/", said).status_code == 302
    wrong = client.post(f"/incidents/{incident}/notes/", {**said, "files": [given("a", b"\x00")]})
    assert wrong.status_code == 422
    assert "Here it begins" in wrong.content.decode()
    form = {
        "audience": "internal", "layout": "plain", "text": "Half of the payments fail", "status": "investigating",
        "key": str(uuid4()),
    }  # fmt: skip
    for _ in range(2):
        path = f"/incidents/{incident}/updates/"
        assert client.post(path, {**form, "files": [given("b.log")]}).status_code == 302
    assert Update.objects.count() == 1
    names = {row.pk: row.name for row in Attachment.objects.all()}
    shown = {
        row.text: [names[pk] for pk in row.data["attachments"]]
        for row in incident.timeline.filter(data__has_key="attachments")
    }
    assert shown == {"Here it begins": ["a.log"], "Half of the payments fail": ["b.log"]}
    assert client.get(f"/incidents/{incident}/-/timeline/").content.decode().count('class="file"') == 2


def test_customers_get_no_files(client: Client, incident: Incident, bob: User) -> None:
    client.force_login(bob)
    page = client.get(f"/incidents/{incident}/?write=public").content.decode()
    assert 'type="file"' not in page
    form = {
        "audience": "public",
        "text": "Some payments fail",
        "status": "investigating",
        "key": str(uuid4()),
    }
    assert client.post(f"/incidents/{incident}/updates/", {**form, "files": [given()]}).status_code == 302
    assert not Attachment.objects.exists()


def test_programs_attach_read_and_remove(incident: Incident, bob: User) -> None:
    program = cast.caller(bob)
    path = f"{API}/{incident}/attachments/"

    def send(**body: Any) -> Any:
        return program.post(path, body, format="multipart", HTTP_IDEMPOTENCY_KEY="once")

    made = [send(file=given(content=b"x" * 3_000_000), text="Of worker 3") for _ in range(2)]
    assert [(one.status_code, one.json()["name"]) for one in made] == [(201, "worker.log")] * 2
    row = Attachment.objects.get()
    assert incident.timeline.get(text="Of worker 3").data == {"attachments": [row.pk]}
    content = program.get(f"{path}{row.pk}/content/")
    assert (content.status_code, len(content.content)) == (200, 3_000_000)
    assert content["Content-Disposition"] == 'attachment; filename="worker.log"'
    wrong = program.post(path, {"file": given(content=b"\x00\x01")}, format="multipart")
    assert wrong.status_code == 400
    assert wrong.json()["errors"]["file"][0].startswith("“worker.log” is no picture")
    assert program.post(path, {}, format="multipart").json()["errors"] == {"file": ["No file was submitted."]}
    assert program.post(path, {"file": "x"}, format="json").status_code == 400
    removed = program.post(f"{path}{row.pk}/remove/", {"why": WHY}, format="json").json()
    assert (removed["removed_by"], removed["removed_because"]) == (str(bob.pk), WHY)
    assert program.get(f"{path}{row.pk}/content/").status_code == 404
    reader = cast.caller(bob, scopes=["read"])
    assert reader.get(path).json()["results"][0]["removed_at"] == removed["removed_at"]
    assert reader.post(path, {"file": given()}, format="multipart").status_code == 403


def test_a_browser_session_may_use_the_api_with_a_key(incident: Incident, bob: User) -> None:
    browser = cast.sign_in(Client(enforce_csrf_checks=True), bob)
    browser.get(f"/incidents/{incident}/")
    token = browser.cookies["csrf"].value
    for _ in range(2):
        made = browser.post(
            f"{API}/{incident}/attachments/",
            {"file": given()},
            headers={"X-CSRFToken": token, "Idempotency-Key": "once"},
        )
        assert made.status_code == 201
    assert Attachment.objects.count() == 1


def test_a_removed_file_is_its_own_tombstone(incident: Incident, alice: User, bob: User) -> None:
    row = cast.attachment(incident, by=alice)
    with pytest.raises(operations.CannotRemove, match="Whoever attached it"):
        operations.remove(row, why=WHY, actor=bob)
    with pytest.raises(operations.CannotRemove, match="why"):
        operations.remove(row, why=" ", actor=alice)
    mona = cast.mona()
    for _ in range(2):
        operations.remove(row, why=WHY, actor=mona)
    row.refresh_from_db()
    assert (row.file, row.why, str(row.removed_by)) == (None, WHY, "Mona Example")
    assert not StoredFile.objects.exists()
    entry = incident.timeline.get(kind="redaction")
    assert entry.text == f"Mona Example removed the file worker.log for good: {WHY}"
    assert Event.objects.filter(name="incident.file_removed").count() == 1


def test_a_split_takes_files_along_and_removing_one_reaches_its_copy(incident: Incident, alice: User) -> None:
    row = cast.attachment(incident, by=alice, text="What worker 3 says")
    entry = incident.timeline.get(text="What worker 3 says")
    new = ties.split(incident, title="Only Poland", reason="Two faults", entries=[entry.pk], actor=alice)
    copied = Attachment.objects.get(incident=new)
    assert (copied.file_id, copied.name) == (row.file_id, "worker.log")
    assert new.timeline.get(text="What worker 3 says").data["attachments"] == [copied.pk]
    assert StoredFile.objects.count() == 1
    operations.remove(row, why=WHY, actor=alice)
    copied.refresh_from_db()
    assert (copied.file_id, copied.why) == (None, WHY)
    assert new.timeline.filter(kind="redaction").count() == 1


def test_a_merged_incident_keeps_its_files(client: Client, incident: Incident, alice: User) -> None:
    row = cast.attachment(incident, by=alice)
    other = cast.incident("The same", by=alice)
    ties.merge(incident, into=other, reason="The same", actor=alice)
    client.force_login(alice)
    assert client.get(f"/incidents/{incident}/attachments/{row.pk}/").content == b"out of memory\n"


def test_a_redacted_text_goes_from_files_and_their_names(incident: Incident, alice: User) -> None:
    row = cast.attachment(incident, by=alice, name="of hunter2.log", content=b"a hunter2 b\n")
    other = cast.attachment(cast.incident("Other", by=alice), by=alice, content=b"hunter2")
    found = privacy.redact(incident, text="hunter2", reason=WHY, actor=alice)
    row.refresh_from_db()
    assert (row.name, bytes(row.file.content)) == ("of [redacted].log", b"a [redacted] b\n")  # type: ignore[union-attr]
    assert found.places["attachments"] == 2
    other.refresh_from_db()
    assert bytes(other.file.content) == b"hunter2"  # type: ignore[union-attr]


def test_bytes_that_belong_to_nothing_are_forgotten(incident: Incident, alice: User) -> None:
    row = cast.attachment(incident, by=alice)
    StoredFile.objects.create(content=b"left over")
    housekeeping.run()
    assert list(StoredFile.objects.all()) == [row.file]


def test_many_files_take_as_many_queries_as_one(
    client: Client, incident: Incident, alice: User, bob: User
) -> None:
    client.force_login(alice)
    counts = []
    for _ in range(2):
        cast.attachment(incident, by=alice)
        for path in ("attachments/", "-/attachments/", "-/timeline/", ""):
            client.get(f"/incidents/{incident}/{path}")
        found = []
        for path in ("attachments/", "-/attachments/", "-/timeline/", ""):
            with CaptureQueriesContext(
                connection,
            ) as queries:
                assert client.get(f"/incidents/{incident}/{path}").status_code == 200
            found.append(len(queries))
            assert not any("content" in one["sql"] for one in queries if "storedfile" in one["sql"])
        counts.append(found)
        for _ in range(5):
            cast.attachment(incident, by=bob)
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 30
