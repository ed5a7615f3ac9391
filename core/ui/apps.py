from django.apps import AppConfig


class UiConfig(AppConfig):
    """The design system: the shell, the components, and the headers that keep a page safe."""

    name = "core.ui"
    label = "ui"
