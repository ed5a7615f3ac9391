from statuspage.components.models import Component, ComponentSpan, StatusPage
from statuspage.notices.models import Notice, NoticeUpdate

__all__ = ["Component", "ComponentSpan", "Notice", "NoticeUpdate", "StatusPage"]
