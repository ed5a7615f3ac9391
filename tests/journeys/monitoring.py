"""A real Prometheus and a real Alertmanager from Debian's packages, watching a metric that the test serves."""

from __future__ import annotations

import subprocess
import threading
import urllib.request
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from core.stack import processes
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.running import Stack

RULES = """
groups:
  - name: checkout
    interval: 1s
    rules:
      - alert: CheckoutErrors
        expr: checkout_error_ratio > 0.05
        for: 0s
        labels: {severity: critical, service: payments-api}
        annotations:
          summary: Card payments fail at the checkout
          description: About {{ $value | humanizePercentage }} of card payments fail.
          runbook_url: https://runbooks.example.com/checkout-errors
"""

ALERTMANAGER = """
global: {resolve_timeout: 1m}
route: {receiver: watchbill, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}
receivers:
  - name: watchbill
    webhook_configs: [{url: '%(url)s', send_resolved: true}]
"""

PROMETHEUS = """
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: ['%(folder)s/rules.yml']
alerting: {alertmanagers: [{static_configs: [{targets: ['127.0.0.1:%(alertmanager)d']}]}]}
scrape_configs:
  - job_name: shop
    static_configs: [{targets: ['127.0.0.1:%(metrics)d']}]
"""


def source(stack: Stack) -> str:
    """Make a source for it in a running product; the address that its webhook has to post to."""
    key = stack.command(
        "shell",
        "-v0",
        "-c",
        "from core.accounts.models import User; from oncall.alerts import operations; "
        "print(operations.create_integration(kind='alertmanager', name='Journey', "
        "actor=User.objects.get(email='admin@example.com'))[1])",
    ).split()[-1]
    return f"{stack.url}/integrations/v1/alertmanager/{key}/"


class Metric:
    """The shop's metrics endpoint. `value` is what it says until it is changed."""

    def __init__(self) -> None:
        self.value = 0.004
        metric = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = f"checkout_error_ratio {metric.value}\n".encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Monitoring:
    """Prometheus scraping the metric each second, and Alertmanager posting to `url`."""

    def __init__(self, folder: Path, *, url: str) -> None:
        self.folder = folder
        self.url = url
        self.metric = Metric()
        self.ports = {"prometheus": processes.free_port(), "alertmanager": processes.free_port()}
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> Monitoring:
        """Start both and return when they answer."""
        names = {
            "url": self.url,
            "folder": str(self.folder),
            "metrics": self.metric.port,
            "alertmanager": self.ports["alertmanager"],
        }
        (self.folder / "rules.yml").write_text(RULES)
        (self.folder / "alertmanager.yml").write_text(ALERTMANAGER % names)
        (self.folder / "prometheus.yml").write_text(PROMETHEUS % names)
        self._run(
            "prometheus-alertmanager",
            f"--config.file={self.folder}/alertmanager.yml",
            f"--storage.path={self.folder}/alertmanager",
            f"--web.listen-address=127.0.0.1:{self.ports['alertmanager']}",
            "--cluster.listen-address=",
        )
        self._run(
            "prometheus",
            f"--config.file={self.folder}/prometheus.yml",
            f"--storage.tsdb.path={self.folder}/prometheus",
            f"--web.listen-address=127.0.0.1:{self.ports['prometheus']}",
        )
        for port in self.ports.values():
            self._await(f"http://127.0.0.1:{port}/-/ready")
        return self

    def stop(self) -> None:
        """End both and the metrics endpoint."""
        for process in reversed(self._processes):
            process.terminate()
        for process in self._processes:
            processes.ended_within(process, 10)
            processes.end_group(process)
            process.wait()
        self.metric.stop()

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def _run(self, name: str, *arguments: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes.append(processes.spawn([name, *arguments], stdout=log, stderr=log))

    def _await(self, url: str) -> None:
        def answers() -> bool:
            with suppress(OSError), urllib.request.urlopen(url, timeout=1):
                return True
            return False

        until(answers, seconds=30, what=lambda: f"{self.log('prometheus')[-2000:]}\n{url} answers")
