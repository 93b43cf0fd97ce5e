"""The program in a process of its own reads an account over TLS: asyncio was imported without ``ssl`` there."""

import asyncio
import os
import ssl
import subprocess
import sys
from pathlib import Path

import trustme

from tests.support.tcp import Received, http_answer, scripted_server

PERSON = '{"id": "0b8e1c4a-0000-4000-8000-000000000001", "email": "zoe@example.com", "firstName": "Zoe"}'


async def test_a_command_reads_the_account_over_tls(tmp_path: Path) -> None:
    async def script(request: Received, writer: asyncio.StreamWriter) -> None:
        answers = {
            "POST": '{"access_token": "t"}',
            "GET": f'{{"users": [{PERSON}], "groups": [], "total": 1}}',
        }
        writer.write(http_answer(answers[request.method]))

    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "company.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    async with scripted_server(script, tls=context) as server:
        (tmp_path / "config.toml").write_text(
            f'[profiles.acme]\nca_bundle = "company.pem"\n[profiles.acme.rest]\nbase_url = "{server.url}"\n'
            'client_id = "x"\nsecret_env = "SECRET"\n'
        )
        folders = {f"WALKME_TUI_{kind}_DIR": str(tmp_path) for kind in ("CONFIG", "CACHE", "DATA", "STATE")}
        found = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "walkme_tui", "export", "--profile", "acme", "--csv"],
            env={**os.environ, **folders, "SECRET": "s"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert "zoe@example.com" in found.stdout, found.stderr
