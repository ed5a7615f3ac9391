"""What those read who do not repair: stakeholders, support and executives, each what is meant for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from core.outbox.models import Message
from incidents.audiences import operations as audiences
from incidents.audiences.models import AudienceList, Page
from incidents.audiences.operations import Who
from incidents.lifecycle import operations as lifecycle
from incidents.ties import operations as ties
from incidents.updates import operations as updates
from incidents.updates.operations import telling
from tests import cast

if TYPE_CHECKING:
    from django.test import Client

    from core.accounts.models import User
    from incidents.models import Incident

pytestmark = pytest.mark.django_db
FIELDS = {
    "impact": "3 in 10 cards fail",
    "doing": "The release is rolled back",
    "next_steps": "Then failed payments are tried again",
    "business": "Refunds are an hour late",
    "detail": "pool exhausted on payments-db",
}


@pytest.fixture
def incident(alice: User) -> Incident:
    made = cast.incident(by=alice, services=[cast.service()])
    lifecycle.set_picture(made, impact="3 in 10 cards fail", hypothesis="A leak in the pool", actor=alice)
    return made


def tell(incident: Incident, actor: User, *lists: str, **given: Any) -> None:
    said = {"audience": "internal", "layout": "impact", "fields": FIELDS, "lists": list(lists), **given}
    updates.publish(incident, **said, actor=actor)


def put_on(slug: str, who: Who) -> None:
    audiences.put_on(AudienceList.objects.get(slug=slug), who=who, actor=None)


def read(client: Client, incident: Incident, page: str) -> str:
    answer = client.get(f"/incidents/{incident}/{page}/")
    assert answer.status_code == 200, page
    return answer.content.decode()


def test_stakeholders_read_impact_work_and_time_and_no_debugging(
    client: Client, incident: Incident, alice: User
) -> None:
    tell(incident, alice, "stakeholders")
    tell(incident, alice, "responders", layout="plain", fields={}, text="Heap dump is on web-3")
    lifecycle.write_down(incident, kind="note", text="strace shows futex", actor=alice)
    cast.estimate(incident)
    client.force_login(cast.vera())
    for page in ("for-stakeholders", "-/for-stakeholders"):
        seen = read(client, incident, page)
        for wanted in (
            "3 in 10 cards fail", "The release is rolled back", "Then failed payments are tried again",
            "Refunds are an hour late", "The cause is being looked for.", "Works again by about", "Next word by",
        ):  # fmt: skip
            assert wanted in seen, wanted
        for inside in ("pool exhausted", "A leak in the pool", "Heap dump", "futex"):
            assert inside not in seen, inside
    assert "Ask <b>Alice Example</b> (incident commander)" in read(client, incident, "for-stakeholders")


def test_each_page_is_for_those_on_a_list_that_reads_it(
    client: Client, incident: Incident, bob: User
) -> None:
    vera = cast.vera()
    client.force_login(vera)
    paths = ("for-stakeholders", "for-support", "-/for-support", "executive-summary")

    def codes() -> list[int]:
        return [client.get(f"/incidents/{incident}/{path}/").status_code for path in paths]

    assert codes() == [200, 403, 403, 403]
    put_on("support", Who(user=vera))
    assert codes() == [200, 200, 200, 403]
    put_on("executives", Who(email="VERA@example.com"))
    assert codes() == [200, 200, 200, 200]
    audiences.change(AudienceList.objects.get(slug="support"), is_active=False, actor=None)
    assert codes() == [200, 403, 403, 200]
    client.force_login(bob)
    assert codes() == [200, 200, 200, 200]
    client.force_login(vera)
    assert client.post(f"/incidents/{incident}/for-support/", {"text": "x", "count": 1}).status_code == 403


def test_a_team_on_a_list_reads_its_page(client: Client, incident: Incident) -> None:
    desk = cast.person("Dora", role="viewer", team=cast.team("Desk"))
    put_on("support", Who(team=cast.team("Desk")))
    client.force_login(desk)
    assert client.get(f"/incidents/{incident}/for-support/").status_code == 200


def test_support_reads_the_word_to_customers_agreed_wording_and_reports(
    client: Client, incident: Incident, alice: User, bob: User
) -> None:
    client.force_login(bob)
    assert "Customers have not been told anything yet." in read(client, incident, "for-support")
    updates.publish(incident, audience="public", text="Some cards are declined.", actor=alice)
    cast.customer_report(incident)
    tell(incident, alice, "support")
    seen = read(client, incident, "for-support")
    for wanted in ("Some cards are declined.", "Use these words", "agreed wording", "<small>12</small>"):
        assert wanted in seen, wanted
    assert "pool exhausted" not in seen


def test_of_a_private_incident_members_are_told_to_say_nothing_and_others_find_nothing(
    client: Client, alice: User
) -> None:
    hidden = cast.incident("Keys leaked", by=alice, private=True)
    vera = cast.vera()
    for slug in ("support", "stakeholders", "executives"):
        put_on(slug, Who(user=vera))
    client.force_login(vera)
    for path in (
        "for-stakeholders",
        "-/for-stakeholders",
        "for-support",
        "-/for-support",
        "executive-summary",
    ):
        assert client.get(f"/incidents/{hidden}/{path}/").status_code == 404
    for path in ("stakeholders", "support", "executive-summary"):
        assert cast.caller(vera).get(f"/api/v1/incidents/{hidden}/{path}/").status_code == 404
    client.force_login(alice)
    assert "Say nothing of it to customers." in read(client, hidden, "for-support")


def test_the_executive_summary_writes_itself_and_is_taken_along_as_markdown(
    client: Client, incident: Incident, alice: User
) -> None:
    client.force_login(alice)
    tell(incident, alice, "stakeholders", "executives")
    lifecycle.write_down(incident, kind="decision", text="Roll back", actor=alice)
    cast.customer_report(incident)
    text = client.get(f"/incidents/{incident}/executive-summary/?format=markdown")
    assert text["Content-Type"] == "text/markdown; charset=utf-8"
    open_ = text.content.decode()
    assert open_.startswith(
        f"# {incident}: executive summary\n\n## In short\n\n- Checkout fails for some cards (SEV2 "
    )
    for wanted in (
        "Affected: Payments API.", "12 customers reported it by themselves.", "Refunds are an hour late",
        "The release is rolled back", "Customers were not told publicly.", "Roll back", "The next update comes by",
    ):  # fmt: skip
        assert wanted in open_, wanted
    lifecycle.resolve(incident, reason="The release is gone", actor=alice)
    over = read(client, incident, "executive-summary")
    assert "How it ended" in over
    assert "The release is gone" in over
    assert "What is being done" not in over


def test_a_link_in_a_message_leads_to_what_is_written_for_its_list(incident: Incident, alice: User) -> None:
    sid, rita, ed = cast.person("Sid"), cast.person("Rita"), cast.person("Ed")
    for slug, person in (("stakeholders", sid), ("support", rita), ("executives", ed)):
        put_on(slug, Who(user=person))
    put_on("stakeholders", Who(user=cast.bob()))
    lifecycle.invite(incident, user=cast.person("Carl"), actor=alice)
    lifecycle.join(incident, user=type(alice).objects.get(name="Bob Example"))
    tell(incident, alice, "responders", "stakeholders", "support", "executives")
    links = {
        message.address.split("@")[0]: telling.render(message).url.split(f"{incident}/")[1]
        for message in Message.objects.filter(client=telling.TOLD)
    }
    assert links == {
        "sid": "for-stakeholders/",
        "rita": "for-support/",
        "ed": "executive-summary/",
        "bob": "",  # on a list of stakeholders as well, but they take part
        "carl": "",
    }


def test_who_waits_for_a_duplicate_reads_where_it_goes_on(
    client: Client, incident: Incident, alice: User
) -> None:
    put_on("support", Who(user=cast.vera()))
    kept = cast.incident("The region is down", by=alice)
    ties.merge(incident, into=kept, reason="The same", actor=alice)
    client.force_login(type(alice).objects.get(name="Vera Example"))
    for page in ("for-stakeholders", "for-support"):
        for path in (page, f"-/{page}"):
            seen = read(client, incident, path)
            assert "It is the same as another incident. What comes next is said there." in seen, path
            assert "It is over" not in seen, path
            assert f'href="/incidents/{kept}/{page}/"' in seen, path
    lifecycle.set_private(kept, private=True, actor=alice)
    for page in ("for-stakeholders", "for-support"):
        seen = read(client, incident, page)
        assert "It is the same as another incident." in seen, page
        assert "region is down" not in seen, page
        assert f"/{kept}/" not in seen, page


def test_programs_read_the_same(incident: Incident, alice: User) -> None:
    tell(incident, alice, "stakeholders", "support")
    updates.publish(incident, audience="public", text="Some cards are declined.", actor=alice)
    program = cast.caller(alice)
    path = f"/api/v1/incidents/{incident}"
    seen = program.get(f"{path}/stakeholders/").json()
    assert (seen["impact"], seen["doing"], seen["ask"]) == (
        "3 in 10 cards fail", "The release is rolled back", "Alice Example",
    )  # fmt: skip
    assert "pool" not in str(seen)
    support = program.get(f"{path}/support/").json()
    assert [word["text"] for word in support["said_to_customers"]] == ["Some cards are declined."]
    summary = program.get(f"{path}/executive-summary/").json()
    assert [section["title"] for section in summary["sections"]][:2] == ["In short", "What customers feel"]
    assert cast.caller(cast.vera()).get(f"{path}/support/").status_code == 403


def test_the_pages_read_the_same_number_of_rows_with_many_updates(
    client: Client, incident: Incident, alice: User, django_assert_max_num_queries: Any
) -> None:
    for n in range(12):
        tell(incident, alice, "stakeholders", "support", layout="plain", fields={}, text=f"Word {n}")
        cast.customer_report(incident, text=f"Report {n}")
    client.force_login(alice)
    for path in ("for-stakeholders", "for-support", "executive-summary"):
        with django_assert_max_num_queries(30):
            client.get(f"/incidents/{incident}/{path}/")


def test_a_list_says_where_its_people_read_on(client: Client) -> None:
    cast.severity()
    pages = dict(AudienceList.objects.values_list("slug", "page"))
    assert (pages["stakeholders"], pages["support"], pages["executives"], pages["responders"]) == (
        Page.STAKEHOLDERS, Page.SUPPORT, Page.SUMMARY, Page.ROOM,
    )  # fmt: skip
    client.force_login(cast.ada())
    form = {"name": "Sales", "hears": "internal", "page": "stakeholders", "is_active": "on"}
    assert client.post("/audiences/new/", form).status_code == 302
    assert AudienceList.objects.get(name="Sales").page == Page.STAKEHOLDERS
    changed = cast.caller(type(cast.vera()).objects.get(name="Ada Example")).patch(
        "/api/v1/audiences/sales/", {"page": "support"}, format="json"
    )
    assert changed.json()["page"] == "support"
