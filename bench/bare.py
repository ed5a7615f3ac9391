"""The yardstick: bare Django, no middleware, one durable raw INSERT per request, behind the same server as the product."""

import json
import os

import django
from a2wsgi import WSGIMiddleware
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from config import env

settings.configure(
    SECRET_KEY="bench",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    LOGGING_CONFIG=None,
    DATABASES={
        "default": {
            **env.database(os.environ["DATABASE_URL"]),
            "OPTIONS": {"pool": {"min_size": 1, "max_size": 8}},
        }
    },
)
django.setup()


@csrf_exempt
def insert(request: HttpRequest) -> JsonResponse:
    """Read the JSON, write one row, answer after its commit."""
    raw = request.body.decode()
    json.loads(raw)
    with connection.cursor() as cursor:
        cursor.execute("insert into bench_row (body) values (%s) returning id", [raw])
        row = cursor.fetchone()
    return JsonResponse({"status": "success", "id": row[0]}, status=202)


def ready(request: HttpRequest) -> JsonResponse:
    """Say that it is up."""
    return JsonResponse({})


urlpatterns = [path("insert", insert), path("ready", ready)]
application = WSGIMiddleware(WSGIHandler(), workers=8)  # type: ignore[arg-type]
