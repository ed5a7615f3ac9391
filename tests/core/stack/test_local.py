"""The start of the product on one machine, without starting it."""

import socket
from pathlib import Path
from urllib.parse import urlsplit

from core.stack import local


def test_mail_goes_where_the_mail_server_listens_even_after_its_port_was_taken(tmp_path: Path) -> None:
    chosen = local.Given(
        home=tmp_path,
        port=8000,
        base_url="http://127.0.0.1:8000",
        database_url="postgresql://db.example/watchbill",
        redis_url="redis://redis.example/0",
        email_url="",
        has_secret_key=True,
        production=False,
        web_workers=1,
    )
    run = local._Run(chosen)
    port = urlsplit(run.servers()["EMAIL_URL"]).port
    assert port is not None
    with socket.create_server(("127.0.0.1", port)):
        (mail,) = [program for program in run.first_programs() if program.name == "mail"]
    assert str(port) in mail.argv
