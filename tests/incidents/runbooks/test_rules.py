"""What a runbook says is read from its Markdown."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from incidents.runbooks import rules
from incidents.runbooks.rules import Section

LATENCY = """Read this first.

## Trigger
p99 above 2 s for 5 min

## Diagnosis Steps
1. Was there a **deploy** in the last 15 minutes?

   ```
   kubectl rollout history deploy/api
   kubectl rollout status deploy/api
   ```
   Expected: nothing younger than 15 minutes
2. Does Redis answer?
   `redis-cli ping`
   Expect: PONG
   Automated: check-redis
3. CPU
   - above 80% scale

## Mitigation Options
### Option A: Clear the cache
Success criteria: p99 below 500 ms

It takes 2 to 3 minutes.

1. Flush
### Option B: Slow queries
- **Success**: fewer than 10 active
- Kill what is older than 5 s
### Option C: Scale from 3 to 6
Success: CPU below 60%
### Option D: Roll back
Success: as before the deploy

## Recovery Verification
- p99 below 500 ms for 5 minutes in a row
- Errors below 1%

## Rollback steps
1. Scale back to 3

## Escalation Path
If not resolved within 15 minutes:
1. Escalate to SEV-2
2. Page: schedule database
3. Page: schedule infrastructure
4. Update the status page

## Who wrote this
Nobody.
"""


def test_the_structure_of_a_runbook_is_read_from_its_headings() -> None:
    found = rules.read(LATENCY)
    assert [part.section for part in found.parts] == [
        *(Section.OTHER, Section.TRIGGER, Section.DIAGNOSIS, Section.MITIGATION),
        *(Section.VERIFICATION, Section.ROLLBACK, Section.ESCALATION, Section.OTHER),
    ]
    assert found.parts[0].text == "Read this first."
    deploy, redis, cpu = found.steps[:3]
    assert deploy.text == "Was there a **deploy** in the last 15 minutes?"
    assert deploy.commands == ("kubectl rollout history deploy/api\nkubectl rollout status deploy/api",)
    assert deploy.expect == "nothing younger than 15 minutes"
    assert (redis.commands, redis.expect, redis.automated) == (("redis-cli ping",), "PONG", "check-redis")
    assert cpu.text == "CPU\n- above 80% scale"
    assert [step.text for step in found.steps if step.section is Section.VERIFICATION] == [
        "p99 below 500 ms for 5 minutes in a row",
        "Errors below 1%",
    ]
    assert [step.text for step in found.steps if step.section is Section.ROLLBACK] == ["Scale back to 3"]


def test_four_options_have_their_success_criteria() -> None:
    assert [(option.title, option.success) for option in rules.read(LATENCY).options] == [
        ("Option A: Clear the cache", "p99 below 500 ms"),
        ("Option B: Slow queries", "fewer than 10 active"),
        ("Option C: Scale from 3 to 6", "CPU below 60%"),
        ("Option D: Roll back", "as before the deploy"),
    ]


def test_the_way_up_has_a_limit_a_level_and_whom_to_page() -> None:
    way = rules.read(LATENCY).escalation
    assert (way.limit, way.severity, way.tells_customers) == (timedelta(minutes=15), "SEV-2", True)
    assert way.pages == [("schedule", "database"), ("schedule", "infrastructure")]
    hours = rules.read("## Escalation\nAfter 2 hours\n- Severity: sev1").escalation
    assert (hours.limit, hours.severity, hours.pages) == (timedelta(hours=2), "sev1", [])


def test_what_a_good_runbook_has_and_this_one_has_not_is_said() -> None:
    assert rules.lacking(rules.read(LATENCY)) == []
    assert rules.lacking(rules.read("Call Bob.")) == [
        *("no steps to tick", "no trigger", "no verification", "no rollback"),
    ]
    vague = "## Mitigation\n### Restart\n1. Do it\n   ```\n   restart\n   ```\n## Escalation\nAsk Bob"
    assert rules.lacking(rules.read(vague))[3:] == [
        "1 command without the expected result",
        "no success criteria for Restart",
        "an escalation path without a time limit",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "## ",
        "- ",
        "```",
        "## Steps\n1.",
        "### x\n## Steps\n### y",
        "#" * 400,
        "> " * 300,
        "* " * 300,
    ],
)
def test_whatever_the_text_is_it_is_read(text: str) -> None:
    assert rules.read(text).escalation.limit is None


def test_a_heading_in_a_block_of_code_begins_nothing() -> None:
    found = rules.read("## Steps\n```\n## not a section\n```\n1. Look")
    assert [(part.title, [step.text for step in part.steps]) for part in found.parts] == [("Steps", ["Look"])]


def test_a_document_says_what_it_said_after_it_was_written_and_read() -> None:
    head = rules.Head(
        name="API latency",
        severity="SEV3",
        services=["ledger", "payments-api"],
        alerts=[{"alertname": "HighLatency"}, {"alertname": "Slow", "team": "api"}],
        team="payments",
        owner="bob@example.com",
        updated_on=date(2026, 11, 1),
        tested_on=date(2026, 5, 1),
    )
    document = rules.write_document(head, LATENCY)
    assert document.startswith(
        "# API latency\n\n- Severity: SEV3\n- Services: ledger, payments-api\n"
        "- Alerts: HighLatency; Slow, team=api\n- Team: payments\n- Owner: bob@example.com\n"
        "- Last updated: 2026-11-01\n- Last tested: 2026-05-01\n\nRead this first."
    )
    assert rules.read_document(document) == (head, LATENCY.strip())
    assert rules.read_document(document.replace("\n", "\r\n")) == (head, LATENCY.strip())
    assert rules.read_document("")[0].name == ""


def test_an_alert_is_meant_by_its_name_or_by_all_labels_of_one_line() -> None:
    wanted = rules.read_matchers("HighLatency\nteam=api, alertname=Slow; ;")
    assert wanted == [{"alertname": "HighLatency"}, {"team": "api", "alertname": "Slow"}]
    assert rules.matches(wanted, title="x", labels={"alertname": "HighLatency"})
    assert rules.matches(wanted, title="HighLatency", labels={})
    assert rules.matches(wanted, title="x", labels={"alertname": "Slow", "team": "api", "host": 1})
    assert not rules.matches(wanted, title="x", labels={"alertname": "Slow", "team": "web"})
    assert not rules.matches(wanted, title="HighLatency", labels={"alertname": "Other"})
    assert not rules.matches([{}], title="x", labels={})


def test_two_versions_are_compared_line_by_line() -> None:
    old, new = "a\nb\nc\nd\ne\nf\ng\nh\ni", "a\nB\nc\nd\ne\nf\ng\nh\nI"
    assert rules.difference(old, new) == [
        *(("@", ""), (" ", "a"), ("-", "b"), ("+", "B"), (" ", "c"), (" ", "d"), (" ", "e")),
        *((" ", "f"), (" ", "g"), (" ", "h"), ("-", "i"), ("+", "I")),
    ]
    assert rules.difference(old, old) == []
