"""Every screen of the product by name, in the sample company, for the sweep and for the pictures of the documentation."""

from __future__ import annotations

import json
import re
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

    from tests.peers import Mail
    from tests.running import Stack

SIZES = {"desktop": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
THEMES = ("light", "dark")


@dataclass(frozen=True, slots=True)
class Place:
    """One screen: its name, its address, and whether somebody signed in looks at it."""

    name: str
    path: str
    signed_in: bool = True


def alarm(stack: Stack) -> str:
    """Send a real alert into the sample company; the address of the page on the phone of whoever is asked."""
    return page_link(
        send(
            stack,
            {
                "title": "Checkout API error rate above 5%",
                "description": "About 3 in 10 card payments fail in production, eu-central.",
                "severity": "critical",
                "labels": {"service": "payments-api", "region": "eu-central"},
                "dedup_key": "checkout-errors",
            },
        )
    )


def send(stack: Stack, event: dict[str, Any]) -> Mail:
    """Send a real alert into the sample company; the mail of whoever is asked."""
    curl = json.loads((stack.folder / "logins.json").read_text())["curl"]
    url = next(word for word in curl.split() if word.startswith("http"))
    request = urllib.request.Request(
        url, data=json.dumps(event).encode(), headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert answer.status in (200, 202), answer.status

    def about(mails: list[Mail]) -> list[Mail]:
        return [mail for mail in mails if event["title"] in mail.subject]

    return about(stack.smtp.inbox.wait(until=lambda mails: bool(about(mails)), seconds=15))[-1]


def digest(stack: Stack) -> str:
    """The address of a digest with one page, of an alert of its own."""
    send(
        stack,
        {"title": "Refunds are queueing up", "severity": "warning", "labels": {"service": "payments-api"}},
    )
    words = (
        "from tests import cast; from oncall.models import Page; from oncall.paging import tokens;"
        " page = Page.objects.filter(user__isnull=False, escalation__isnull=False).latest('id');"
        " print(f'/p/-/{tokens.make_digest(cast.digest(page))}/')"
    )
    return stack.command("shell", "--no-imports", "-c", words).strip()


def told_together(stack: Stack) -> str:
    """The address of what told a channel of an alert together with others."""
    words = (
        "from tests import cast; from oncall.models import Alert, Escalation;"
        " alert = Alert.objects.filter(escalations__isnull=False).earliest('id');"
        " print(f'/alerts/-/together/{cast.told_together(alert).pk}/')"
    )
    return stack.command("shell", "--no-imports", "-c", words).strip()


def handed_over(stack: Stack) -> str:
    """The number of a hand-off with a note and a task."""
    words = (
        "from core.accounts.models import User; from django.utils import timezone;"
        " from oncall.handoffs import operations; from oncall.models import Schedule;"
        " admin = User.objects.get(email='admin@example.com'); platform = Schedule.objects.get(slug='platform');"
        " operations.write(platform, text='The disk of db-2 fills up: watch it.', seen=None, actor=admin);"
        " operations.add_task(platform, kind='alert', text='Page for db-2 later', actor=admin);"
        " print(operations.hand_over(platform, at=timezone.now(), outgoing=[], incoming=[admin.pk]).pk)"
    )
    return stack.command("shell", "--no-imports", "-c", words).strip()


def handing_over(stack: Stack) -> str:
    """The address of command that is offered."""
    words = (
        "from tests import cast; from core.accounts.models import User; from incidents.models import Incident;"
        " incident = Incident.objects.active().get(title__startswith='Invoice');"
        " row = cast.hand_over(incident, to=User.objects.get(email='admin@example.com'));"
        " print(f'/incidents/{incident}/hand-overs/{row.pk}/')"
    )
    return stack.command("shell", "--no-imports", "-c", words).strip()


def attached(stack: Stack) -> str:
    """The address of the files of an incident: a picture, a log, and one that was removed."""
    words = (
        "from tests import cast; from core.accounts.models import User; from incidents.models import Incident;"
        " from incidents.attachments import operations;"
        " incident = Incident.objects.active().get(title__startswith='Invoice');"
        " admin = User.objects.get(email='admin@example.com');"
        " cast.attachment(incident, by=admin, name='errors since the release.png', content=cast.picture(900, 500));"
        " cast.attachment(incident, by=admin, name='invoice-worker-3.log', text='What the third worker says');"
        " gone = cast.attachment(incident, by=admin, name='customer.log');"
        " operations.remove(gone, why='It names a customer', actor=admin);"
        " print(f'/incidents/{incident}/attachments/')"
    )
    return stack.command("shell", "--no-imports", "-c", words).strip()


def left(stack: Stack) -> str:
    """The address of the page that erases somebody who has left."""
    words = (
        "from tests import cast; from core.accounts.models import User; from core.people.directory import operations;"
        " person = cast.person('Robin'); admin = User.objects.get(email='admin@example.com');"
        " operations.deactivate(person, actor=admin); print(f'/people/{person.pk}/erase/')"
    )
    return stack.command("shell", "--no-imports", "-c", words).strip()


def imported(stack: Stack) -> str:
    """The address of the plan of an import."""
    words = "from tests import cast; print(f'/on-call/-/import/{cast.schedule_import().pk}/')"
    return stack.command("shell", "--no-imports", "-c", words).strip()


def swap(stack: Stack) -> list[str]:
    """The addresses of a request for somebody to take a shift: its page, and what one who is asked gets by mail."""
    words = (
        "from tests import cast; from oncall.models import Schedule; from oncall.swaps import queries, tokens;"
        " swap = cast.swap(Schedule.objects.get(slug='platform'));"
        " print(f'/on-call/-/swaps/{swap.pk}/ /cover/{tokens.make(swap, queries.asked_people(swap)[0])}/')"
    )
    return stack.command("shell", "--no-imports", "-c", words).split()


def page_link(mail: Mail) -> str:
    """The address in a page's e-mail that opens it on a phone."""
    found = re.search(r"https?://\S+/p/\S+", mail.text)
    assert found is not None, mail.text
    return found.group()


def places(stack: Stack, phone: str) -> list[Place]:
    """All screens of this running product."""

    def first(sql: str) -> object:
        return stack.rows(sql)[0][0]

    number = first("select number from incidents_incident where title like 'Search results%%'")
    ended = first("select number from incidents_incident where title like 'Login%%'")
    alert = first("select id from oncall_alert where dedup_key = 'checkout-errors'")
    item = first("select id from postmortems_actionitem order by id limit 1")
    notice = first("select public_id from statuspage_notice order by id limit 1")
    source = first("select id from oncall_integration order by id limit 1")
    person = first("select id from accounts_user where role = 'responder' and is_active order by id limit 1")
    route = first("select id from oncall_route order by id limit 1")
    asked, cover = swap(stack)
    samir, aiko = (
        first(f"select id from accounts_user where email = '{name}@example.com'")
        for name in ("samir", "aiko")
    )
    return [
        Place("sign-in", "/accounts/login/", signed_in=False),
        Place("password-reset", "/accounts/password/reset/", signed_in=False),
        Place("home", "/"),
        Place("incidents", "/incidents/"),
        Place("wall-board", "/incidents/wall/"),
        Place("incident", f"/incidents/INC-{number}/"),
        Place("incident-resolved", f"/incidents/INC-{ended}/"),
        Place("resolve", f"/incidents/INC-{number}/edit/resolve/"),
        Place("mitigations", f"/incidents/INC-{number}/mitigations/"),
        Place("mitigations-of-a-service", "/services/payments-api/mitigations/"),
        Place("runbooks", "/runbooks/"),
        Place("runbook", "/runbooks/payments-api-is-slow/"),
        Place("runbook-editor", "/runbooks/payments-api-is-slow/edit/"),
        Place("runbook-version", "/runbooks/payments-api-is-slow/versions/2/"),
        Place("runbooks-missing", "/runbooks/?show=missing"),
        Place("runbooks-in-a-room", f"/incidents/INC-{number}/runbooks/"),
        Place("runbook-import", "/runbooks/-/import/"),
        Place("perhaps-forgotten", "/incidents/forgotten/"),
        Place("declare", "/incidents/declare/"),
        Place("commanders", "/commanders/"),
        Place("hand-over", handing_over(stack)),
        Place("changed-in-production", f"/incidents/INC-{number}/production/"),
        Place("what-happened", f"/incidents/INC-{ended}/account/"),
        Place("still-to-tell", f"/incidents/INC-{number}/owed/"),
        Place("tags-and-fields", f"/incidents/INC-{number}/details/"),
        Place("erase", left(stack)),
        Place("erase-address", "/people/erase-address/"),
        Place("files", attached(stack)),
        Place("other-incidents", f"/incidents/INC-{number}/ties/"),
        Place("merge", f"/incidents/INC-{number}/merge/"),
        Place("split", f"/incidents/INC-{number}/split/"),
        Place("alerts", "/alerts/"),
        Place("alert", f"/alerts/{alert}/"),
        Place("page-on-a-phone", phone.replace(stack.url, ""), signed_in=False),
        Place("pages-sent-together", digest(stack), signed_in=False),
        Place("alerts-told-together", told_together(stack)),
        Place("page-somebody", "/pages/new/"),
        Place("on-call", "/on-call/"),
        Place("readiness", "/on-call/readiness/"),
        Place("on-call-calendar", "/on-call/platform/?view=2weeks"),
        Place("on-call-month", "/on-call/platform/?view=month"),
        Place("on-call-list", "/on-call/platform/?view=list"),
        Place("on-call-shift", "/on-call/platform/-/shift/"),
        Place("my-shifts", "/on-call/-/mine/"),
        Place("on-call-new", "/on-call/new/?preset=follow-the-sun"),
        Place("on-call-editor", "/on-call/platform/edit/"),
        Place("on-call-about", "/on-call/platform/about/"),
        Place("on-call-versions", "/on-call/platform/versions/"),
        Place("on-call-version", "/on-call/platform/versions/1/"),
        Place("schedule-swaps", "/on-call/platform/swaps/"),
        Place("swap-exchange", f"/on-call/platform/swaps/?person={samir}&with={aiko}"),
        Place("shadows", "/on-call/platform/shadows/"),
        Place("swap", asked),
        Place("cover", cover, signed_in=False),
        Place("next-hand-off", "/on-call/platform/handoff/"),
        Place("hand-off", f"/on-call/platform/handoff/{handed_over(stack)}/"),
        Place("weekly-summary", "/me/weekly-summary/"),
        Place("team-weekly", "/on-call/-/weekly/payments/"),
        Place("look-ahead", "/on-call/-/ahead/"),
        Place("schedule-look-ahead", "/on-call/platform/ahead/"),
        Place("import-schedules", "/on-call/-/import/"),
        Place("import-plan", imported(stack)),
        Place("escalation", "/escalation/"),
        Place("escalation-policy", "/escalation/payments/"),
        Place("channels", "/channels/"),
        Place("channel-new", "/channels/new/"),
        Place(
            "escalation-simulator",
            "/escalation/-/simulator/?policy=payments&at=2026-11-21T02:41&urgency=high",
        ),
        Place("services", "/services/"),
        Place("service", "/services/payments-api/"),
        Place("service-readiness", "/services/payments-api/readiness/"),
        Place("import-services", "/services/-/import/"),
        Place("integrations", "/integrations/"),
        Place("integration", f"/integrations/{source}/"),
        Place("routes", "/routes/"),
        Place("missing-runbooks", "/integrations/without-runbook/"),
        Place("route-editor", f"/routes/{route}/edit/"),
        Place("postmortems", "/postmortems/"),
        Place("postmortem", f"/postmortems/INC-{ended}/"),
        Place("postmortem-editor", f"/postmortems/INC-{ended}/edit/"),
        Place("action-items", "/action-items/"),
        Place("action-item", f"/action-items/{item}/"),
        Place("status-pages", "/status-pages/"),
        Place("status-page-components", "/status-pages/alder-pay/"),
        Place("status-page", "/status/alder-pay/", signed_in=False),
        Place("status-history", "/status/alder-pay/history/", signed_in=False),
        Place("status-incident", f"/status/alder-pay/incidents/{notice}/", signed_in=False),
        Place("profile", "/me/"),
        Place("notifications", "/me/notifications/"),
        Place("quiet-hours", "/me/quiet-hours/"),
        Place("absences", "/me/absences/"),
        Place("swaps", "/on-call/-/swaps/"),
        Place("calendar-addresses", "/me/calendars/"),
        Place("my-load", "/me/load/"),
        Place("team-load", "/teams/payments/load/"),
        Place("team-weeks", "/teams/payments/load/weeks/"),
        Place("reliance", "/on-call/-/reliance/"),
        Place("pay-rates", "/on-call/-/pay-rates/"),
        Place("my-time-off", "/me/load/time-off/"),
        Place("team-time-off", "/teams/payments/load/time-off/"),
        Place("time-off-terms", "/on-call/-/time-off/"),
        Place("people", "/people/"),
        Place("leaving", f"/people/{person}/leaving/"),
        Place("teams", "/teams/"),
        Place("audit", "/audit/"),
        Place("my-pages", "/pages/"),
        Place("alert-ledger", f"/pages/?alert={alert}"),
        Place("paging-health", "/settings/paging-health/"),
        Place("api-docs", "/api/v1/docs/"),
        Place("more", "/more/"),
        Place("kit", "/kit/"),
        Place("admin", "/admin/"),
        Place("admin-severities", "/admin/incidents/severity/"),
        Place("admin-contact-methods", "/admin/oncall/contactmethod/"),
    ]


def context(
    browser: Browser, stack: Stack, *, size: str, theme: str, who: str | None = "admin@example.com"
) -> BrowserContext:
    """A browser of that size and theme, signed in as a person of the sample company unless `who` is None."""
    made = browser.new_context(
        base_url=stack.url,
        viewport=SIZES[size],  # type: ignore[arg-type]
        color_scheme=theme,  # type: ignore[arg-type]
        has_touch=size == "phone",
        reduced_motion="reduce",
    )
    if who is not None:
        sign_in(made, stack, who)
    return made


def sign_in(made: BrowserContext, stack: Stack, who: str) -> None:
    """Sign in as people do: by the form."""
    password = next(login["password"] for login in stack.logins if login["email"] == who)
    page = made.new_page()
    page.goto("/accounts/login/")
    page.get_by_label("E-mail").fill(who)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")
    page.close()
