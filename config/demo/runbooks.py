"""A runbook of the sample company, in two versions, and one that nobody has looked at for long."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from incidents.runbooks import operations
from incidents.runbooks.models import Runbook

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.accounts.models import Team, User
    from incidents.catalog.models import Service

SLOW = """## Trigger
p99 above 2 s for 5 minutes. Above 5 s, or with more than a tenth of all requests, it is a SEV2.

## Impact
Checkouts hang; about a third of customers give up after 10 s.

## Diagnosis
1. Was there a deploy in the last 15 minutes?
   ```
   kubectl -n payments rollout history deploy/payments-api
   ```
   Expect: no revision younger than 15 minutes. Otherwise go to option C.
2. Does the cache answer?
   `redis-cli -h cache.payments ping`
   Expect: PONG
3. Are queries waiting?
   ```
   psql payments -c "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
   ```
   Expect: fewer than 10
   Automated: shown on the dashboard Golden signals

## Mitigation
### Option A: Clear the cache
Success: p99 below 500 ms after 2 to 3 minutes

1. Clear the keys of quotes
   `redis-cli -h cache.payments --scan --pattern 'quote:*' | xargs redis-cli -h cache.payments unlink`
   Expect: a number of keys

### Option B: Scale from 3 to 6
Success: CPU below 60%

1. Scale
   `kubectl -n payments scale deploy/payments-api --replicas=6`
   Expect: scaled

### Option C: Roll back
Success: errors and p99 as before the deploy

1. Roll back
   `kubectl -n payments rollout undo deploy/payments-api`
   Expect: rolled back

## Verification
- p99 below 500 ms for 5 minutes in a row
- Errors below 1%
- Support hears nothing new

## Rollback
1. Scale back to 3
   `kubectl -n payments scale deploy/payments-api --replicas=3`
   Expect: scaled

## Escalation
After 15 minutes:
- Severity: SEV2
- Page: schedule database
- Update the status page
"""
QUEUE = """## Trigger
Invoices leave more than an hour late.

## Steps
1. Log in to the worker
   `ssh worker-01`
2. Start it again
   `systemctl restart billing-worker`
"""
INDEX = """## Trigger
Search shows results that are older than an hour.

## Diagnosis
1. Is the indexer running?
   `kubectl -n search get pods -l app=indexer`
   Expect: one pod, Running

## Mitigation
1. Stop the nightly indexer, so that it competes with nobody
   `kubectl -n search scale deploy/indexer --replicas=0`
   Expect: scaled

## Verification
- The lag is below 5 minutes

## Rollback
1. Start it again
   `kubectl -n search scale deploy/indexer --replicas=1`
   Expect: scaled
"""


def write(people: Mapping[str, User], teams: Mapping[str, Team], services: Mapping[str, Service]) -> None:
    """Write them, by those who know the services."""
    admin = people["admin"]
    slow = operations.add(
        name="Payments API is slow",
        text=SLOW.replace("'Lock'", "'Client'"),
        team=teams["payments"],
        owner=people["priya"],
        services=[services["payments-api"]],
        alerts=[{"alertname": "HighLatency"}],
        actor=admin,
    )
    operations.change(slow, changes={"text": SLOW}, note="Count what waits for locks", actor=admin)
    operations.confirm(slow, how="tested", actor=people["priya"])
    operations.add(
        name="Search is stale",
        text=INDEX,
        team=services["search"].team,
        services=[services["search"]],
        actor=admin,
    )
    old = operations.add(
        name="Invoices are late",
        text=QUEUE,
        team=services["billing-worker"].team,
        services=[services["billing-worker"]],
        actor=admin,
    )
    ago = timezone.now() - timedelta(days=200)
    Runbook.objects.filter(pk=old.pk).update(created_at=ago, updated_at=ago)
