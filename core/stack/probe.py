"""Ask a running web process whether it is ready: for `up` and for the image's health check."""

import os
import sys
from http.client import HTTPConnection, HTTPException


def answers(port: int, path: str = "/health/ready", *, seconds: float = 2.0) -> bool:
    """Whether 127.0.0.1:`port` answers `path` with 200 within `seconds`."""
    connection = HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if answers(int(os.environ.get("WATCHBILL_PORT", "8000"))) else 1)
