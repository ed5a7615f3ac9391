"""After an outage what came meanwhile is read before anybody is asked about what may be over by it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.utils import timezone

from oncall.alerts.models import Signal
from oncall.escalation import operations
from oncall.escalation.operations import advancing
from oncall.escalation.rules.waking import Waking
from tests import cast
from tests.oncall.escalation.clock import asked, drain, pass_time

if TYPE_CHECKING:
    from core.accounts.models import User
    from oncall.escalation.models import Escalation


@pytest.mark.parametrize(
    ("looks", "is_recent"),
    [
        ([100], True),
        ([100, 105, 114, 123, 129], True),
        ([100, 105, 114, 123, 130], False),
        ([100, 109, 118, 127, 136, 146], False),
        ([100, 109, 118, 127, 136, 147], True),  # away for more than ten seconds
    ],
)
def test_a_worker_has_woken_lately_for_half_a_minute(looks: list[float], *, is_recent: bool) -> None:
    waking = Waking()
    assert [waking.is_recent(at) for at in looks][-1] == is_recent


@pytest.fixture
def overdue(alice: User, bob: User) -> Escalation:
    """An escalation whose second level was due an hour ago."""
    running = cast.escalation(cast.alert(), cast.policy((600, [alice]), (600, [bob])))
    drain()
    pass_time(running, minutes=70)
    return running


def _unread(**changes: object) -> Signal:
    source = cast.source("generic", name="Other")[0]
    return Signal.objects.create(integration=source, kind="generic", body=b"{}", **changes)


@pytest.fixture(autouse=True)
def _woken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(advancing, "_waking", Waking())


@pytest.mark.django_db
class TestOverdue:
    def test_what_came_meanwhile_is_read_before_anybody_is_asked(self, overdue: Escalation) -> None:
        signal = _unread()
        assert operations.advance_due() == 0
        assert [who for who, *_ in asked(overdue)] == ["Alice"]
        signal.state = "processed"
        signal.save(update_fields=["state"])
        assert operations.advance_due() == 1
        assert [who for who, *_ in asked(overdue)] == ["Alice", "Bob"]

    def test_what_was_put_off_is_not_waited_for(self, overdue: Escalation) -> None:
        _unread(due_at=timezone.now() + timedelta(minutes=1))
        assert operations.advance_due() == 1

    def test_nobody_waits_for_long(self, overdue: Escalation, monkeypatch: pytest.MonkeyPatch) -> None:
        _unread()
        monkeypatch.setattr(advancing, "_waking", Waking(looked_at=float("inf")))
        assert operations.advance_due() == 1

    def test_a_level_that_is_due_now_waits_for_nothing(self, alice: User) -> None:
        running = cast.escalation(cast.alert(), cast.policy((600, [alice])))
        _unread()
        assert operations.advance_due() == 1
        assert [who for who, *_ in asked(running)] == ["Alice"]
