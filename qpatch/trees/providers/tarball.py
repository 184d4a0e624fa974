# SPDX-License-Identifier: GPL-2.0-or-later
"""Provider: a release tarball, a local file or downloaded over HTTPS, checked before it is read."""

from __future__ import annotations

import http.client
import re
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

from qpatch.errors import EnvironmentFault
from qpatch.trees.dsc import check_sha256
from qpatch.trees.importer import SourcePackage, import_package

if TYPE_CHECKING:
    from qpatch.trees.job import FetchJob
    from qpatch.trees.progress import Progress
    from qpatch.trees.releases import TarballSource

_BLOCK = 1 << 18
_TIMEOUT_SECONDS = 60
_LENGTH = re.compile(r"[0-9]{1,15}")


def fetch(job: FetchJob, name: str, source: TarballSource) -> str:
    """Import the tarball of `source` as `name` and return the commit.

    Raises EnvironmentFault `download-failed`, `archive-missing` and `checksum-mismatch`, and the errors of importing.
    """
    if source.url.startswith("/"):
        if not Path(source.url).is_file():
            raise EnvironmentFault("archive-missing", f"there is no file {source.url}")
        return _import_checked(job, name, source, Path(source.url))
    job.store.cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="download-", dir=job.store.cache) as directory:
        archive = Path(directory) / Path(urlsplit(source.url).path).name
        _download(source.url, archive, job.progress)
        return _import_checked(job, name, source, archive)


def _import_checked(job: FetchJob, name: str, source: TarballSource, archive: Path) -> str:
    check_sha256(archive, source.sha256)
    return import_package(job.store, name, SourcePackage(archive, f"Import {source.url}"), job.progress)


def _download(url: str, target: Path, progress: Progress) -> None:
    # The model of releases admits nothing but https:// here, and a redirect may not leave it.
    opener = urllib.request.build_opener(_HttpsOnly)
    try:
        with opener.open(url, timeout=_TIMEOUT_SECONDS) as answer, target.open("wb") as file:
            length = answer.headers.get("Content-Length", "")
            progress.begin(f"downloading {target.name}", int(length) if _LENGTH.fullmatch(length) else None)
            _copy(answer, file, progress)
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError, ValueError) as error:
        raise EnvironmentFault("download-failed", f"{url}: {error}") from error


def _copy(source: IO[bytes], target: IO[bytes], progress: Progress) -> None:
    while block := source.read(_BLOCK):
        target.write(block)
        progress.advance(len(block))


class _HttpsOnly(urllib.request.HTTPRedirectHandler):
    """Follows a redirect only where it leads to HTTPS again."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """See the base class."""
        if not newurl.startswith("https://"):
            raise urllib.error.URLError(f"redirected to {newurl}, which is not HTTPS")
        return super().redirect_request(req, fp, code, msg, headers, newurl)
