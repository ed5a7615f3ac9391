"""The screens and the API of sources: made, shown, tried out, given new keys, turned off."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from core.accounts.models import Role
from core.api.models import Answer
from core.events.models import Event
from oncall import pipeline
from oncall.alerts import operations
from oncall.models import Alert, Integration, Signal
from tests import cast

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import DjangoAssertNumQueries

    from core.accounts.models import User

pytestmark = pytest.mark.django_db
POSTS = ("edit", "test", "key", "activate", "deactivate")


@pytest.fixture
def mona(client: Client) -> Client:
    return cast.sign_in(client, cast.mona())


def stranger() -> User:
    """A manager of another team: a manager, but not of this."""
    return cast.person("Olga", role=Role.MANAGER, team=cast.team("Elsewhere"))


class TestMaking:
    def test_a_manager_makes_a_source_and_sees_its_key_once(self, mona: Client) -> None:
        answer = mona.post("/integrations/new/", {"kind": "alertmanager", "name": "Prometheus, eu-west"})

        made = Integration.objects.get()
        key = re.findall(r'id="key">([0-9a-f]{32})<', answer.content.decode())[0]
        assert answer.status_code == 201
        assert f"/integrations/v1/alertmanager/{key}/" in answer.content.decode()
        assert (made.name, made.kind, made.key_prefix) == ("Prometheus, eu-west", "alertmanager", key[:8])
        assert made.key_hash != key
        assert key not in mona.get(f"/integrations/{made.pk}/").content.decode()
        assert Event.objects.get(name="integration.changed").payload == {
            "integration_id": made.pk,
            "what": "created",
        }

    @pytest.mark.parametrize(
        "given", [{}, {"kind": "teletext", "name": "A"}, {"kind": "generic", "name": " "}]
    )
    def test_a_form_that_is_not_filled_in_comes_back(self, mona: Client, given: dict[str, str]) -> None:
        answer = mona.post("/integrations/new/", given)

        assert answer.status_code == 422
        assert b"Not added." in answer.content
        assert not Integration.objects.exists()

    def test_two_sources_never_share_a_name(self, mona: Client) -> None:
        cast.source("generic", name="CI")

        assert mona.post("/integrations/new/", {"kind": "generic", "name": "ci"}).status_code == 422

    def test_the_service_must_be_of_a_team_of_theirs(self, client: Client) -> None:
        service = cast.service()
        cast.sign_in(client, stranger())

        given = {"kind": "generic", "name": "A", "service": service.pk}
        assert client.post("/integrations/new/", given).status_code == 422
        assert not Integration.objects.exists()

    def test_others_are_refused_and_leave_no_trace(self, client: Client) -> None:
        for user in (cast.bob(), cast.vera()):
            cast.sign_in(client, user)
            assert client.get("/integrations/new/").status_code == 403
            assert client.post("/integrations/new/", {"kind": "generic", "name": "A"}).status_code == 403
        assert not Integration.objects.exists()


class TestScreens:
    def test_the_list_says_what_to_do_first(self, mona: Client) -> None:
        assert b"Add the first source" in mona.get("/integrations/").content

    def test_the_list_costs_the_same_for_many(
        self, mona: Client, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        for n in range(12):
            cast.source("generic", name=f"Source {n}", of=cast.service())

        with django_assert_max_num_queries(12):
            assert b"Source 11" in mona.get("/integrations/").content

    def test_a_source_shows_its_signals_with_states_and_errors(self, mona: Client) -> None:
        integration, _ = cast.source("generic")
        for body in (b'{"title": "Disk full"}', b"{broken", b'{"title": "A", "status": "purple"}'):
            Signal.objects.create(integration=integration, kind="generic", body=body)
        pipeline.process_due()
        Signal.objects.create(integration=integration, kind="generic", body=b"<script>alert(1)</script>")

        page = mona.get(f"/integrations/{integration.pk}/").content.decode()

        for text in (
            "Not understood",
            "The body is not JSON.",
            "Waiting",
            "Processed",
            "A signal came with a status",
        ):
            assert text in page
        assert "<script>alert(1)" not in page
        assert "&lt;script&gt;alert(1)" in page

    def test_a_viewer_reads_no_bodies_and_no_key(self, client: Client) -> None:
        integration, _ = cast.source("generic")
        Signal.objects.create(integration=integration, kind="generic", body=b'{"title": "secret-canary"}')
        cast.sign_in(client, cast.vera())

        page = client.get(f"/integrations/{integration.pk}/").content.decode()

        assert "secret-canary" not in page
        assert integration.key_prefix not in page
        assert "Replace the key" not in page

    def test_the_signals_come_alone_for_live_updates(
        self, mona: Client, django_assert_max_num_queries: DjangoAssertNumQueries
    ) -> None:
        integration, _ = cast.source("generic")
        for n in range(30):
            Signal.objects.create(integration=integration, kind="generic", body=b"%d" % n)

        with django_assert_max_num_queries(8):
            page = mona.get(f"/integrations/{integration.pk}/-/signals/").content.decode()

        assert page.count('<li id="signal-') == 20
        assert "<html" not in page

    def test_what_is_not_there_is_not_found(self, mona: Client) -> None:
        assert mona.get("/integrations/999/").status_code == 404
        for verb in POSTS:
            assert mona.post(f"/integrations/999/{verb}/").status_code == 404


class TestVerbs:
    def test_a_test_event_reaches_the_person_on_call(self, client: Client) -> None:
        integration, _ = cast.source("generic")
        cast.sign_in(client, cast.bob())

        answer = client.post(f"/integrations/{integration.pk}/test/")
        pipeline.process_due()

        assert answer.status_code == 302
        assert (Alert.objects.get().title, Alert.objects.get().is_test) == ("Test event from Generic", True)

    def test_a_source_that_is_turned_off_takes_no_test(self, client: Client) -> None:
        integration, _ = cast.source("generic")
        operations.deactivate(integration, actor=cast.mona())
        cast.sign_in(client, cast.bob())

        client.post(f"/integrations/{integration.pk}/test/")

        assert not Signal.objects.exists()

    def test_a_new_key_is_shown_once_and_ends_the_old_one(self, mona: Client) -> None:
        integration, old = cast.source("pagerduty")

        page = mona.post(f"/integrations/{integration.pk}/key/").content.decode()

        key = re.findall(r'id="key">([0-9a-f]{32})<', page)[0]
        integration.refresh_from_db()
        assert key != old
        assert integration.key_prefix == key[:8]

    def test_name_and_service_change_and_bad_input_comes_back(self, mona: Client) -> None:
        integration, _ = cast.source("generic")
        service = cast.service()
        address = f"/integrations/{integration.pk}/edit/"

        assert mona.post(address, {"name": "CI", "service": service.pk}).status_code == 302
        assert mona.post(address, {"name": ""}).status_code == 422

        integration.refresh_from_db()
        assert (integration.name, integration.service) == ("CI", service)

    def test_it_is_turned_off_and_on(self, mona: Client) -> None:
        integration, _ = cast.source("generic")

        for verb, is_active in (("deactivate", False), ("activate", True)):
            assert mona.post(f"/integrations/{integration.pk}/{verb}/").status_code == 302
            integration.refresh_from_db()
            assert integration.is_active is is_active

    @pytest.mark.parametrize("verb", POSTS)
    def test_reading_is_no_way_to_change_anything(self, mona: Client, verb: str) -> None:
        integration, _ = cast.source("generic")

        assert mona.get(f"/integrations/{integration.pk}/{verb}/").status_code == 405

    @pytest.mark.parametrize("verb", POSTS)
    def test_a_manager_of_another_team_and_a_viewer_are_refused_and_leave_no_trace(
        self, client: Client, verb: str
    ) -> None:
        integration, _ = cast.source("generic", of=cast.service())
        before = Integration.objects.values().get()

        for user in (cast.vera(), *([] if verb == "test" else [stranger(), cast.bob()])):
            cast.sign_in(client, user)
            assert (
                client.post(f"/integrations/{integration.pk}/{verb}/", {"name": "Mine now"}).status_code
                == 403
            )

        assert Integration.objects.values().get() == before
        assert not Signal.objects.exists()


class TestApi:
    def call(self, client: Client, method: str, path: str, content: Any = None, **headers: str) -> Any:
        body = json.dumps(content) if content is not None else None
        return getattr(client, method)(
            f"/api/v1/integrations/{path}", body, content_type="application/json", headers=headers
        )

    def test_a_source_is_made_with_its_key_in_this_answer_alone(self, mona: Client) -> None:
        service = cast.service("Payments API")

        answer = self.call(mona, "post", "", {"kind": "generic", "name": "CI", "service": "payments-api"})

        made = answer.json()
        assert answer.status_code == 201
        assert made["url"] == f"http://127.0.0.1:8000/integrations/v1/generic/{made['key']}/"
        read = self.call(mona, "get", f"{made['id']}/").json()
        assert read == {**made, "key": None, "url": "http://127.0.0.1:8000/integrations/v1/generic/-/"}
        assert Integration.objects.get().service == service

    def test_a_repeated_request_makes_no_second_source_and_tells_no_key_again(self, mona: Client) -> None:
        content = {"kind": "generic", "name": "CI"}
        first = self.call(mona, "post", "", content, Idempotency_Key="k1")
        second = self.call(mona, "post", "", content, Idempotency_Key="k1")

        assert (first.status_code, second.status_code) == (201, 201)
        assert second.json() == {**first.json(), "key": None, "url": None}
        assert Integration.objects.count() == 1
        assert first.json()["key"] not in Answer.objects.get().body

    def test_it_is_renamed_turned_off_given_a_new_key_and_tried_out(self, mona: Client) -> None:
        integration, old = cast.source("pagerduty")
        path = f"{integration.pk}/"

        assert self.call(mona, "post", f"{path}test/").status_code == 200
        renamed = self.call(mona, "patch", path, {"name": "PD", "is_active": False})
        assert (renamed.json()["name"], renamed.json()["is_active"]) == ("PD", False)
        assert self.call(mona, "post", f"{path}test/").status_code == 409
        rotated = self.call(mona, "post", f"{path}rotate/").json()
        assert re.fullmatch("[0-9a-f]{32}", rotated["key"])
        assert rotated["key"] != old
        assert rotated["url"] == "http://127.0.0.1:8000/v2/enqueue"

    def test_responders_and_strangers_change_nothing(self, client: Client) -> None:
        integration, _ = cast.source("generic", of=cast.service())
        for user in (cast.bob(), stranger()):
            client.force_login(user)
            assert self.call(client, "patch", f"{integration.pk}/", {"name": "x"}).status_code == 403
            assert self.call(client, "post", f"{integration.pk}/rotate/").status_code == 403
            assert (
                self.call(
                    client, "post", "", {"kind": "generic", "name": "n", "service": "payments-api"}
                ).status_code
                == 403
            )
        assert Integration.objects.count() == 1

    def test_an_ingest_key_opens_nothing_else(self, client: Client) -> None:
        integration, key = cast.source("generic")

        for path in ("integrations/", "alerts/", f"integrations/{integration.pk}/", "users/me/"):
            answer = client.get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {key}"})
            assert answer.status_code == 401


class TestAdmin:
    def test_sources_are_turned_off_and_renamed_by_operations(self, client: Client) -> None:
        integration, _ = cast.source("generic")
        cast.sign_in(client, cast.person("Root", role=Role.ADMIN))

        chosen = {"action": "deactivate", "_selected_action": [integration.pk]}
        assert client.post("/admin/oncall/integration/", chosen).status_code == 302
        change = f"/admin/oncall/integration/{integration.pk}/change/"
        assert client.post(change, {"name": "Renamed", "service": ""}).status_code == 302

        integration.refresh_from_db()
        assert (integration.is_active, integration.name) == (False, "Renamed")
        told = Event.objects.filter(name="integration.changed").order_by("id")
        assert [event.payload["what"] for event in told] == ["created", "deactivated", "changed"]
        assert client.get("/admin/oncall/integration/add/").status_code == 403
