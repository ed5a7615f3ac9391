import pytest

from incidents.lifecycle.rules import Status
from statuspage.notices import rules


def test_every_state_of_an_incident_has_a_public_stage() -> None:
    assert set(rules.STAGES) == set(Status)
    assert rules.stage("mitigating") == "identified"


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([], "none"),
        (["operational", "under_maintenance"], "none"),
        (["degraded_performance", "operational"], "minor"),
        (["degraded_performance", "partial_outage"], "major"),
        (["major_outage", "partial_outage"], "critical"),
    ],
)
def test_impact_follows_the_worst_component(states: list[str], expected: str) -> None:
    assert rules.impact(states) == expected


@pytest.mark.parametrize(
    ("names", "state", "expected"),
    [
        ([], "operational", "We are looking into a problem"),
        (["Checkout"], "partial_outage", "Partial outage of Checkout"),
        (
            ["Card payments", "Checkout", "Search"],
            "degraded_performance",
            "Degraded performance of Card payments, Checkout and Search",
        ),
        (["Checkout"], "operational", "Problem with Checkout"),
    ],
)
def test_a_title_is_made_of_public_names_only(names: list[str], state: str, expected: str) -> None:
    assert rules.title(names, state) == expected
