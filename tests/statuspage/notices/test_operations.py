from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from core.events import bus
from incidents.lifecycle import operations as lifecycle
from incidents.ties import operations as ties
from incidents.updates import operations as updates
from statuspage.components import operations as components
from statuspage.models import Component, ComponentSpan, Notice, NoticeUpdate, StatusPage
from statuspage.notices import operations
from tests import cast

if TYPE_CHECKING:
    from django.test import Client

pytestmark = pytest.mark.django_db
SECRET = "ledger-db-17 pool exhausted"


def page() -> StatusPage:
    made = components.create_page(actor=None, name="Alder Pay", slug="alder-pay")
    components.add_component(made, actor=None, name="Card payments", service=cast.service())
    components.add_component(made, actor=None, name="Search")
    return made


def told(
    text: str = "We are looking into it.", *, status: str = "investigating", **given: Any
) -> Notice | None:
    from incidents.models import Incident  # noqa: PLC0415

    alice = cast.alice() if not Incident.objects.exists() else Incident.objects.get().declared_by
    incident = Incident.objects.first() or cast.incident(SECRET, by=alice, services=[cast.service()], **given)
    if status == "resolved":
        lifecycle.resolve(incident, actor=alice)
    updates.publish(incident, audience="public", text=text, status=status, actor=alice)
    while bus.deliver_due():
        pass
    return Notice.objects.first()


def test_a_public_update_reaches_the_page_of_the_incidents_services_and_keeps_its_title_inside() -> None:
    page()
    notice = told()
    assert notice is not None
    assert SECRET not in notice.title
    assert [part.name for part in notice.components.all()] == ["Card payments"]
    assert [update.body for update in notice.updates.all()] == ["We are looking into it."]


def test_the_same_update_twice_is_one() -> None:
    page()
    told()
    from incidents.models import Update  # noqa: PLC0415

    operations.publish_update(Update.objects.get().pk)
    assert NoticeUpdate.objects.count() == 1


def test_an_internal_update_reaches_nobody_outside() -> None:
    page()
    alice = cast.alice()
    updates.publish(
        cast.incident(by=alice, services=[cast.service()]), audience="internal", text="x", actor=alice
    )
    while bus.deliver_due():
        pass
    assert not Notice.objects.exists()


def test_states_follow_what_the_author_said_and_leave_a_stretch_in_the_history() -> None:
    page()
    alice = cast.alice()
    incident = cast.incident(by=alice, services=[cast.service()])
    card = Component.objects.get(name="Card payments")
    for status, state in (
        ("investigating", "partial_outage"),
        ("monitoring", "degraded_performance"),
        ("resolved", "operational"),
    ):
        if status == "resolved":
            lifecycle.resolve(incident, actor=alice)
        updates.publish(
            incident,
            audience="public",
            text=f"Now {status}.",
            status=status,
            components={card.public_id: state},
            actor=alice,
        )
        while bus.deliver_due():
            pass
        card.refresh_from_db()
        assert card.state == state
    notice = Notice.objects.get()
    assert (notice.status, notice.resolved_at is not None) == ("resolved", True)
    assert [(span.state, span.end is not None) for span in ComponentSpan.objects.order_by("id")] == [
        ("partial_outage", True),
        ("degraded_performance", True),
    ]


def test_resolving_without_naming_components_makes_them_operational() -> None:
    page()
    told()
    card = Component.objects.get(name="Card payments")
    components.set_state(card, state="major_outage", actor=None)
    told("It works again.", status="resolved")
    card.refresh_from_db()
    assert card.state == "operational"


def test_whoever_merges_is_told_of_an_open_notice_and_how_it_ends(client: Client) -> None:
    page()
    notice = told()
    assert notice is not None
    incident = notice.incident
    assert incident is not None
    alice = incident.declared_by
    assert alice is not None
    kept = cast.incident("The region is down", by=alice)
    client.force_login(alice)
    seen = client.get(f"/incidents/{incident}/merge/").content.decode()
    assert f'/status/alder-pay/incidents/{notice.public_id}/">{notice.title}</a>, which stays open.' in seen
    assert f'href="/incidents/{incident}/?write=public#write"' in seen
    ties.merge(incident, into=kept, reason="The same", actor=alice)
    updates.publish(incident, audience="public", text="We write on in another one.", actor=alice)
    while bus.deliver_due():
        pass
    notice.refresh_from_db()
    assert notice.status == "resolved"
    assert "stays open" not in client.get(f"/incidents/{incident}/merge/").content.decode()
