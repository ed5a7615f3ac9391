"""Where an alert goes and why, as tables; and that no pattern can hold up the pipeline."""

from __future__ import annotations

import time
from typing import Any

import pytest

from oncall.matching import rules as matching
from oncall.matching.rules import BadPattern, Condition
from oncall.routing import rules
from oncall.routing.rules import Map, Rule, Subject

PAYMENTS, LEDGER = 10, 11
PRIMARY, SPECIAL, DEFAULT = 20, 21, 22


def subject(**given: Any) -> Subject:
    return Subject(
        **{
            "integration_id": 1,
            "service_id": None,
            "source": "Prometheus",
            "urgency": "high",
            "labels": {"team": "payments", "severity": "critical"},
            **given,
        }
    )


def world(*rule: Rule, **given: Any) -> Map:
    return Map(
        **{
            "rules": rule,
            "services": {"payments-api": PAYMENTS, "ledger": LEDGER},
            "service_names": {PAYMENTS: "Payments API", LEDGER: "Ledger"},
            "policies": {PAYMENTS: PRIMARY},
            "default_policy_id": DEFAULT,
            **given,
        }
    )


def rule(*conditions: Condition, **given: Any) -> Rule:
    return Rule(**{"id": 1, "name": "Payments", "conditions": conditions, "service_id": PAYMENTS, **given})


TEAM = Condition("team", "equals", "payments")


class TestDecision:
    @pytest.mark.parametrize(
        ("given", "around", "expected"),
        [
            pytest.param(
                {},
                world(rule(TEAM)),
                (PAYMENTS, PRIMARY, "high", "route “Payments” matched team=payments"),
                id="a route that holds gives its service, and the service its policy",
            ),
            pytest.param(
                {},
                world(rule(TEAM, policy_id=SPECIAL, urgency="low")),
                (PAYMENTS, SPECIAL, "low", "route “Payments” matched team=payments"),
                id="a route's own policy and urgency win",
            ),
            pytest.param(
                {},
                world(rule(service_id=None, policy_id=SPECIAL, name="All")),
                (None, SPECIAL, "high", "route “All” matched everything"),
                id="a catch-all holds for everything",
            ),
            pytest.param(
                {},
                world(
                    rule(Condition("team", "equals", "other")), rule(TEAM, name="Second", service_id=LEDGER)
                ),
                (
                    LEDGER,
                    DEFAULT,
                    "high",
                    "route “Second” matched team=payments, and Ledger has no policy: default policy",
                ),
                id="the first route that holds decides, and a service without a policy goes to the default one",
            ),
            pytest.param(
                {"service_id": PAYMENTS, "labels": {"service": "ledger"}},
                world(),
                (
                    PAYMENTS,
                    PRIMARY,
                    "high",
                    "no route matched: the source “Prometheus” belongs to its service",
                ),
                id="a source with a service speaks for it alone",
            ),
            pytest.param(
                {"labels": {"service": "Payments_API"}},
                world(),
                (PAYMENTS, PRIMARY, "high", "no route matched: the label service names the service"),
                id="a label names the service by slug or name",
            ),
            pytest.param(
                {"labels": {"component": "ledger"}},
                world(),
                (
                    LEDGER,
                    DEFAULT,
                    "high",
                    "no route matched: the label component names the service, and Ledger has no policy: default policy",
                ),
                id="PagerDuty's component does too",
            ),
            pytest.param(
                {},
                world(),
                (None, DEFAULT, "high", "no route matched: default policy"),
                id="what nothing claims goes to the default policy",
            ),
            pytest.param(
                {},
                world(default_policy_id=None),
                (
                    None,
                    None,
                    "high",
                    "no route matched: there is no default policy either, so every admin is asked",
                ),
                id="without any policy the admins are asked",
            ),
            pytest.param(
                {},
                world(rule(TEAM, service_id=None, urgency="low")),
                (None, DEFAULT, "low", "route “Payments” sets the urgency alone: default policy"),
                id="a route may give the urgency alone",
            ),
            pytest.param(
                {},
                world(rule(TEAM, integration_id=2)),
                (None, DEFAULT, "high", "no route matched: default policy"),
                id="a route of another source does not hold",
            ),
        ],
    )
    def test_where_an_alert_goes(self, given: dict[str, Any], around: Map, expected: tuple[Any, ...]) -> None:
        decision = rules.decide(subject(**given), around)

        assert (decision.service_id, decision.policy_id, decision.urgency, decision.why) == expected

    def test_the_reason_fits_its_column(self) -> None:
        long = rule(*(Condition("team", "not_equals", "x" * 200) for _ in range(5)))

        assert len(rules.decide(subject(), world(long)).why) == 300


@pytest.mark.parametrize(
    ("upper", "lower", "hidden"),
    [
        (rule(), rule(TEAM), True),
        (rule(), rule(integration_id=1), True),
        (rule(integration_id=1), rule(TEAM, integration_id=1), True),
        (rule(integration_id=1), rule(integration_id=2), False),
        (rule(integration_id=1), rule(), False),
        (rule(TEAM), rule(TEAM), False),
    ],
)
def test_a_route_is_hidden_by_one_that_takes_everything_it_could_get(
    *, upper: Rule, lower: Rule, hidden: bool
) -> None:
    assert rules.hides(upper, lower) is hidden


class TestConditions:
    @pytest.mark.parametrize(
        ("condition", "holds"),
        [
            (Condition("team", "equals", "payments"), True),
            (Condition("team", "equals", "Payments"), False),
            (Condition("team", "not_equals", "core"), True),
            (Condition("team", "not_equals", "payments"), False),
            (Condition("absent", "not_equals", "x"), True),
            (Condition("absent", "equals", ""), False),
            (Condition("team", "contains", "pay"), True),
            (Condition("absent", "contains", "pay"), False),
            (Condition("team", "matches", "pay.*"), True),
            (Condition("team", "matches", "pay"), False),
            (Condition("team", "matches", "payments|core"), True),
            (Condition("team", "exists"), True),
            (Condition("absent", "exists"), False),
            (Condition("title", "contains", "full"), True),
            (Condition("source", "equals", "Prometheus"), True),
            (Condition("runbook", "exists"), True),
        ],
    )
    def test_what_holds(self, condition: Condition, *, holds: bool) -> None:
        alert = subject(title="Disk full", annotations={"runbook": "https://r.example"})

        assert rules.holds(rule(condition), alert) is holds

    @pytest.mark.parametrize(
        "pattern",
        [
            "(a+)+",
            "(a*)*b",
            "(a|a)*b",
            "(.*)(.*)(.*)(.*)x",
            ".*a.*b.*c.*d",
            "a?" * 30 + "a" * 30,
            "(a|a)" * 30,
            r"(a)\1",
            "(?=a)",
            "(?P<n>a)",
            "(?i)a",
            "a{1,50}" * 4,
            "(",
            "*",
            "x" * 201,
        ],
    )
    def test_patterns_that_are_wrong_or_could_take_too_long_are_refused(self, pattern: str) -> None:
        with pytest.raises(BadPattern):
            matching.compiled(pattern)

    @pytest.mark.parametrize(
        "pattern", [".*.*.*x", "a?" * 20 + "a" * 20, "(a|b|)(a|b|)(a|b|)(a|b|).*.*x", "[a-z]*[a-z]*[a-z]*!"]
    )
    def test_the_worst_that_is_allowed_is_quick(self, pattern: str) -> None:
        began = time.monotonic()
        matching.is_true(Condition("l", "matches", pattern), "a" * 100_000)

        assert time.monotonic() - began < 2

    @pytest.mark.parametrize(
        ("entered", "message"),
        [
            ("x", "Give a list of at most 20 conditions."),
            ([{}], "Each condition needs a label."),
            ([{"label": " "}], "Each condition needs a label."),
            (
                [{"label": "a", "op": "like", "value": "b"}],
                "“like” is no operator; use one of equals, not_equals, contains, matches, exists.",
            ),
            ([{"label": "a", "op": "contains"}], "The condition on a needs a value."),
            ([{"label": "a", "op": "equals", "value": 3}], "The condition on a needs a value."),
            ([{"label": "a", "op": "equals", "value": "b"}] * 21, "Give a list of at most 20 conditions."),
        ],
    )
    def test_conditions_are_checked_when_they_are_entered(self, entered: object, message: str) -> None:
        with pytest.raises(ValueError, match="^" + message.replace(".", r"\.") + "$"):
            matching.check(entered)

    def test_good_conditions_are_kept(self) -> None:
        assert matching.check([{"label": " team ", "value": "core"}, {"label": "x", "op": "exists"}]) == [
            Condition("team", "equals", "core"),
            Condition("x", "exists", ""),
        ]
