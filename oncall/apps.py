from __future__ import annotations

from django.apps import AppConfig


class OncallConfig(AppConfig):
    name = "oncall"

    def ready(self) -> None:
        """Fill the registries: navigation, the watch box, who may hear what."""
        from oncall.wiring import (  # noqa: PLC0415 - models are known now
            covers,
            engine,
            erasure,
            hub,
            messages,
            redaction,
            screens,
            visibility,
            watching,
        )

        for subject in (screens, visibility, engine, covers, messages, watching, hub, redaction, erasure):
            subject.register()
