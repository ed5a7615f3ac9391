"""How many random examples a property gets. `make test` tries 600; --hypothesis-profile=proof, or another, tries so many."""

from hypothesis import HealthCheck, settings

EXAMPLES = {"test": 600, "proof": 10_000, "mutants": 100}

for name, examples in EXAMPLES.items():
    # A busy machine is no reason to fail. Whether a mutant survives must not depend on chance.
    settings.register_profile(
        name,
        max_examples=examples,
        deadline=None,
        derandomize=name == "mutants",
        suppress_health_check=[HealthCheck.too_slow],
    )
settings.load_profile("test")
