"""What on-call fills the registries of the core and of the hub with, one module per subject; `oncall.apps` calls each."""
