from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]
    """allauth's hooks: nobody signs up by themselves; people come by invitation."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
