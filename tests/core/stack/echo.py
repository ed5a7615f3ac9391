"""The product's own front door with an echo behind it: `uvicorn tests.core.stack.echo:application`."""

from typing import Any

from a2wsgi import WSGIMiddleware

from config import asgi


def _wsgi(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    with open(environ["HTTP_X_WITNESS"], "a") as witness:  # noqa: PTH123  as plain as can be
        witness.write(f"{environ['REQUEST_METHOD']} {len(body)}\n")
    start_response(
        "200 OK", [("Content-Type", "application/octet-stream"), ("Content-Length", str(len(body)))]
    )
    return [body]


_plain: Any = _wsgi
asgi._pages = WSGIMiddleware(_plain, workers=2)
application = asgi.application
