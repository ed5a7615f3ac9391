"""What somebody sees who starts Watchbill for the first time and signs in as the sample's admin."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction
from django.test import Client

from config.demo import company as demo
from core.outbox.models import Message
from core.timers.models import Timer
from incidents.approvals import operations as approvals
from incidents.models import Approval, Incident, OwedWord, ReportDuty
from incidents.owed import operations as owed
from incidents.regulators import operations as regulators
from incidents.updates import operations as updates
from statuspage.models import Notice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import DjangoDbBlocker

    from config.demo.company import Company

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def company(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Company]:
    """The sample company, made once for all tests of this module and taken back at its end."""
    with django_db_blocker.unblock():
        block = transaction.atomic()
        block.__enter__()
        try:
            with connection.cursor() as cursor:
                cursor.execute("set local idle_in_transaction_session_timeout = 0")
            yield demo.build()
        finally:
            transaction.set_rollback(True)
            block.__exit__(None, None, None)


def test_one_incident_is_private_and_the_admin_is_one_of_its_members(company: Company) -> None:
    found = Incident.objects.get(private=True)
    assert str(found) == "INC-6"
    members = found.participants.order_by("user__name").values_list("user__name", flat=True)
    assert list(members) == ["Ada Whitfield", "Elif Demir", "Jonas Lindqvist", "Lena Vogel"]
    seen = {
        name: Incident.objects.visible_to(company.people[name]).filter(pk=found.pk).exists()
        for name in ("admin", "lena", "marta", "viewer")
    }
    assert seen == {"admin": True, "lena": True, "marta": False, "viewer": False}
    duty = ReportDuty.objects.get(incident=found)
    assert duty.due_at - found.declared_at == timedelta(hours=72)


def test_an_update_waits_for_a_yes_that_the_admin_may_give(company: Company) -> None:
    waiting = Approval.objects.get()
    assert (waiting.state, str(waiting.asked_by)) == ("waiting", "Noah Fischer")
    assert waiting.lapses_at - waiting.asked_at > timedelta(days=6)
    browser = Client()
    browser.force_login(company.people["admin"])
    answer = browser.get(f"/incidents/{waiting.incident}/approvals/{waiting.pk}/")
    assert "Approve" in answer.content.decode()
    approvals.approve(waiting, actor=company.people["admin"])
    assert waiting.incident.updates.get(audience="public").status == "identified"


def test_of_what_ended_today_customers_are_still_owed_an_account(company: Company) -> None:
    rows = OwedWord.objects.order_by("kind").values_list("incident__title", "kind", "state")
    assert list(rows) == [
        ("Webhook deliveries retried twice", "account", "open"),
        ("Webhook deliveries retried twice", "customers", "done"),
        ("Webhook deliveries retried twice", "public", "done"),
    ]
    account = OwedWord.objects.get(kind="account")
    assert account.due_at - account.since == timedelta(days=1)
    assert account.reminded_at is None
    notice = Notice.objects.get(incident=account.incident)
    assert notice.resolved_at is not None
    assert round((notice.resolved_at - notice.created_at).total_seconds() / 60) == 41


def test_nobody_is_mailed_for_it(company: Company) -> None:
    clients = (updates.TOLD, approvals.CLIENT, owed.CLIENT, regulators.CLIENT)
    assert not Message.objects.filter(client__in=clients).exists()
    assert not Timer.objects.filter(kind__in=(owed.LOOK, regulators.DUE), done_at=None).exists()
    assert company.people
