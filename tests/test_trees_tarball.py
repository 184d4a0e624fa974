# SPDX-License-Identifier: GPL-2.0-or-later
"""Release tarballs downloaded from a server on this machine: whole, cut short, late, redirected."""

from __future__ import annotations

import http.server
import threading
from typing import TYPE_CHECKING

import pytest
from test_trees_fetch import Listener
from trees_support import QEMU_FILES, git, sha256, tarball

from qpatch.errors import EnvironmentFault
from qpatch.trees.job import FetchJob
from qpatch.trees.providers import tarball as provider
from qpatch.trees.releases import Configuration, TarballSource
from qpatch.trees.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INSECURE = "http://127.0.0.1:9/elsewhere"


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves one archive under several paths, each with something of its own the matter."""

    protocol_version = "HTTP/1.1"
    archive = b""
    hurry = threading.Event()

    def do_GET(self) -> None:
        getattr(self, f"serve_{self.path.rpartition('/')[2].partition('.')[0]}")()
        self.close_connection = True

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # the base class calls it so
        """Say nothing."""

    def head(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def serve_boastful(self) -> None:
        self.head(200, Content_Length="as much as you like")
        self.wfile.write(self.archive)

    def serve_whole(self) -> None:
        self.head(200, Content_Length=str(len(self.archive)))
        self.wfile.write(self.archive)

    def serve_chunked(self) -> None:
        self.head(200, Transfer_Encoding="chunked")
        for start in range(0, len(self.archive), 100):
            block = self.archive[start : start + 100]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(block), block))
        self.wfile.write(b"0\r\n\r\n")

    def serve_short(self) -> None:
        self.head(200, Content_Length=str(len(self.archive)))
        self.wfile.write(self.archive[:-10])

    def serve_broken(self) -> None:
        self.head(200, Transfer_Encoding="chunked")
        self.wfile.write(b"%x\r\nonly this" % len(self.archive))

    def serve_garbage(self) -> None:
        self.wfile.write(b"this is not HTTP\r\n\r\n")

    def serve_none(self) -> None:
        self.head(404, Content_Length="0")

    def serve_slow(self) -> None:
        self.head(200, Content_Length=str(len(self.archive)))
        self.hurry.wait(30)

    def serve_redirected(self) -> None:
        self.head(302, Location=INSECURE, Content_Length="0")

    def serve_secure(self) -> None:
        self.head(302, Location="https://127.0.0.1:9/secure.tar.xz", Content_Length="0")


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve an archive on this machine; yield the address."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    archive = tarball(tmp_path / "q.tar.xz", QEMU_FILES)
    handler = type("Serving", (Handler,), {"archive": archive.read_bytes(), "hurry": threading.Event()})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as serving:
        thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{serving.server_address[1]}"
        handler.hurry.set()  # type: ignore[attr-defined]  # as given above
        serving.shutdown()
        thread.join()


@pytest.fixture
def listener() -> Listener:
    return Listener()


def fetch(tmp_path: Path, listener: Listener, url: str) -> str:
    """Fetch the archive from `url`; releases.yaml admits only HTTPS, and what is tested here is the rest."""
    source = TarballSource.model_construct(url=url, sha256=sha256(tmp_path / "q.tar.xz"))
    job = FetchJob(Store(tmp_path / "cache"), Configuration(), listener, tmp_path / "etc")
    return provider.fetch(job, "r-1", source)


@pytest.mark.parametrize("name", ["whole", "chunked", "boastful"])
def test_an_archive_is_downloaded_and_imported(tmp_path: Path, server: str, listener: Listener, name: str) -> None:
    url = f"{server}/releases/{name}.tar.xz?mirror=1"
    commit = fetch(tmp_path, listener, url)
    store = tmp_path / "cache" / "trees.git"
    assert git(store, "show", f"{commit}:VERSION") == "10.2.2"
    assert git(store, "show", "-s", "--format=%s", "r-1") == f"Import {url}"
    assert listener.steps == [f"downloading {name}.tar.xz", f"reading {name}.tar.xz", "finishing"]
    assert listener.amount == 2 * (tmp_path / "q.tar.xz").stat().st_size  # downloaded, then read
    assert not list((tmp_path / "cache").glob("download-*"))


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("short", "checksum-mismatch", "short.tar.xz: sha256 is"),
        ("broken", "download-failed", "IncompleteRead"),
        ("garbage", "download-failed", "this is not HTTP"),
        ("none", "download-failed", "404"),
        ("slow", "download-failed", "timed out"),
        ("redirected", "download-failed", f"redirected to {INSECURE}, which is not HTTPS"),
        ("secure", "download-failed", "refused"),
    ],
)
def test_a_download_that_fails(
    tmp_path: Path,
    server: str,
    listener: Listener,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    code: str,
    words: str,
) -> None:
    monkeypatch.setattr(provider, "_TIMEOUT_SECONDS", 0.5 if name == "slow" else 30)
    with pytest.raises(EnvironmentFault) as caught:
        fetch(tmp_path, listener, f"{server}/{name}.tar.xz")
    assert (caught.value.code, words in caught.value.message) == (code, True), caught.value.message
    assert list((tmp_path / "cache").iterdir()) == []
