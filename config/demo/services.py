"""What the sample company runs, and what its customers do with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from incidents.catalog.models import LinkKind, Service, ServiceKind, ServiceLink, Tier

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.accounts.models import Team

SERVICES = (
    # slug, name, team, tier, what it does, what it depends on
    ("ledger-db", "Ledger DB", "database", Tier.CRITICAL, "The books: every payment is a row here.", ()),
    ("auth", "Auth", "platform", Tier.CRITICAL, "Sign-in for merchants and staff.", ("ledger-db",)),
    ("payments-api", "Payments API", "payments", Tier.CRITICAL, "Takes card and wallet payments.", ("ledger-db", "auth")),
    ("checkout", "Checkout", "payments", Tier.CRITICAL, "The page on which customers pay.", ("payments-api",)),
    ("webhooks", "Webhooks", "payments", Tier.IMPORTANT, "Tells merchants what happened to a payment.", ("payments-api",)),
    ("search", "Search", "platform", Tier.IMPORTANT, "Finds payments and merchants.", ("ledger-db",)),
    ("billing-worker", "Billing worker", "payments", Tier.STANDARD, "Writes and mails invoices.", ("ledger-db",)),
)  # fmt: skip

BUSINESS = (
    # slug, name, team, tier, what customers would say, what it depends on
    ("paying-by-card", "Paying by card", "payments", Tier.CRITICAL, "I cannot pay.", ("checkout",)),
    ("getting-an-invoice", "Getting an invoice", "payments", Tier.STANDARD, "My invoice has not come.", ("billing-worker",)),
)  # fmt: skip


def make(teams: Mapping[str, Team]) -> dict[str, Service]:
    """Make them, by slug; what is needed stands before what needs it."""
    made: dict[str, Service] = {}
    for slug, name, team, tier, words, needs in SERVICES:
        made[slug] = Service.objects.create(
            slug=slug, name=name, team=teams[team], tier=tier, description=words
        )
        made[slug].depends_on.set([made[other] for other in needs])
        runbook = ("High latency or errors", f"https://runbooks.example.com/{slug}")
        dashboard = ("Golden signals", f"https://dashboards.example.com/{slug}")
        ServiceLink.objects.bulk_create(
            ServiceLink(service=made[slug], kind=kind, label=label, url=url)
            for kind, (label, url) in ((LinkKind.RUNBOOK, runbook), (LinkKind.DASHBOARD, dashboard))
        )
    for slug, name, team, tier, words, needs in BUSINESS:
        made[slug] = Service.objects.create(
            slug=slug, name=name, team=teams[team], tier=tier, kind=ServiceKind.BUSINESS, customers_say=words
        )
        made[slug].depends_on.set([made[other] for other in needs])
    return made
