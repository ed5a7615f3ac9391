"""The real product, its Postgres stopped: whoever is on call is paged all the same, once, and it goes on from there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from core.stack.embedded import Postgres
from tests.running import Stack

if TYPE_CHECKING:
    from pathlib import Path

COMPANY = (
    "from core.accounts.models import User; from oncall.alerts import operations as alerts;"
    " from oncall.escalation import operations as e; from oncall.escalation.rules.plans import *;"
    " people = [User.objects.create_user(f'{n.lower()}@example.com', 'x', name=n, role='admin') for n in ('Ada', 'Bob')];"
    " levels = [LevelSpec(300, (TargetSpec(Kind.USER, u.pk, u.name),)) for u in people];"
    " e.create_policy(name='Payments', levels=levels, actor=people[0], is_default=True);"
    " print(alerts.create_integration(kind='generic', name='Checks', actor=people[0])[1])"
)
STATE = """
select starts_with(p.why, 'Paged by break-glass at '), p.status, u.name, e.level, extract(epoch from e.next_at - p.sent_at)::int
from oncall_page p join oncall_escalation e on e.id = p.escalation_id join accounts_user u on u.id = p.user_id
"""


def test_with_postgres_stopped_the_first_level_is_paged_from_the_snapshot(tmp_path: Path) -> None:
    own = Postgres(tmp_path / "database", settings={"fsync": "off", "full_page_writes": "off"})
    env = {"BREAK_GLASS": "true", "BREAK_GLASS_AFTER_SECONDS": "1", "SELF_WATCH": "false"}
    stack = Stack(tmp_path, workers=0, postgres=own, env=env)
    del stack.plan["beat"]
    try:
        stack.start(sample_company=False)
        key = stack.command("shell", "--no-imports", "-c", COMPANY).split()[-1]
        spool = tmp_path / "spool"
        snapshot = spool / "oncall.snapshot"
        written = snapshot.stat().st_mtime if snapshot.exists() else 0.0
        stack.until(
            lambda: (
                (spool / "keys.json").exists() and snapshot.exists() and snapshot.stat().st_mtime > written
            ),
            seconds=20,
            what="a snapshot of this company",
        )
        own.stop()
        alert = {"title": "Payments fail", "dedup_key": "p", "severity": "critical"}
        for _ in range(2):
            answer = httpx.post(f"{stack.url}/integrations/v1/generic/{key}/", json=alert, timeout=10)
            assert answer.status_code == 200
        (mail,) = stack.smtp.wait(1, seconds=30)
        assert (mail.recipients, mail.subject) == (["ada@example.com"], "Break-glass: Payments fail")
        own.start()
        stack.until(lambda: bool(stack.rows(STATE)), seconds=20, what="the escalation")
        assert stack.rows(STATE) == [(True, "sent", "Ada", 1, 300)]
        assert len(stack.smtp.mails) == 1
    finally:
        stack.stop()
