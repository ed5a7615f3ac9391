from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Assembly: settings, addresses, the sample company. The only package that may call every app."""

    name = "config"
