from django.apps import AppConfig


class StackConfig(AppConfig):
    """The processes and servers Watchbill runs on: `up`, `doctor`, health and metrics."""

    name = "core.stack"
    label = "stack"
