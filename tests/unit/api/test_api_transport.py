"""The HTTP client: TLS verification, limits on decompression, and no logging of URLs."""

import gzip
import logging
import ssl
import subprocess
import sys
import tracemalloc

import httpx
import pytest
from httpcore._synchronization import current_async_library

from walkme_tui.api.transport import BodyTooLarge, Deadlines, make_client, send, trust_context

MEBIBYTE = 1024 * 1024


async def test_a_gzip_bomb_in_one_chunk_is_decompressed_up_to_the_limit_only() -> None:
    bomb = gzip.compress(b" " * (60 * MEBIBYTE))

    def explode(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(bomb))

    client = make_client(
        "http://desk.test",
        ca_bundle=None,
        max_in_flight=1,
        deadlines=Deadlines(),
        transport=httpx.MockTransport(explode),
    )
    tracemalloc.start()
    try:
        with pytest.raises(BodyTooLarge):
            await send(client, "GET", "/", headers={}, content=b"", limit_bytes=MEBIBYTE, total_seconds=5)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        await client.aclose()
    assert peak < 8 * MEBIBYTE


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_certificates_and_host_names_are_always_verified(scheme: str) -> None:
    context = trust_context(scheme, None)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_http_libraries_log_no_urls() -> None:
    for name in ("httpx", "httpcore", "httpcore.http11", "httpcore.connection"):
        assert not logging.getLogger(name).isEnabledFor(logging.INFO)


def test_the_command_line_module_of_httpx_is_not_loaded() -> None:
    loaded = (
        "import sys, walkme_tui.api.rest.client; print(*{'click', 'rich', 'pygments', 'truststore'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_a_request_searches_no_folders_for_packages_that_are_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Searches:
        def find_spec(self, name: str, *_: object) -> None:
            searched.append(name)

    searched: list[str] = []
    monkeypatch.setattr(sys, "meta_path", [Searches(), *sys.meta_path])
    assert current_async_library() == "asyncio"
    assert searched == []
