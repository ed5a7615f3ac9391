"""Every address under /api/v1/. An app adds its routes in its `api_urls.py`; a test holds them against the schema."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
