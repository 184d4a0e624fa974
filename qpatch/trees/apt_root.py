# SPDX-License-Identifier: GPL-2.0-or-later
"""A private apt root: Debian's signed indexes, without root's rights and beside the system's apt.

Each suite has a root of its own, so that one which fails does not affect others; `qpatch.trees.apt_packages` reads it.
The machine's apt configuration is obeyed (proxies, credentials, expiry rules), except
that its hooks do not run and its sources, preferences and state are neither used nor touched.
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, ClassVar

from qpatch.errors import EnvironmentFault
from qpatch.trees.places import reports_full_disk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from qpatch.trees.apt_sources import Mirror
    from qpatch.trees.progress import Progress

# apt.conf(5): #clear removes lists, which the options of the command line can only extend.
_CONFIGURATION = """\
{includes}
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg;
Dir "{root}";
Dir::State "{root}/state";
Dir::State::status "{root}/status";
Dir::Cache "{root}/cache";
Dir::Etc::sourcelist "{root}/debian.sources";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::main "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
Dir::Etc::trusted "{etc}/trusted.gpg";
Dir::Etc::trustedparts "{etc}/trusted.gpg.d";
Dir::Etc::netrc "{etc}/auth.conf";
Dir::Etc::netrcparts "{etc}/auth.conf.d";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
APT::Get::AllowUnauthenticated "false";
APT::Update::Error-Mode "any";
Acquire::Retries "2";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "";
{sandbox}
{architecture}
"""
_ARCHITECTURE = '#clear APT::Architectures;\nAPT::Architecture "{0}";\nAPT::Architectures "{0}";'
# Targets: only the index itself, neither translations nor what other programs add (such as lists of contents).
_STANZA = "Types: {kind}\nURIs: {uri}\nSuites: {suites}\nComponents: main\nTargets: {index}\n"
_STATUS = re.compile(rb"dlstatus:\d+:(?P<percent>\d{1,3})[.:]")


class AptFailed(EnvironmentFault):
    """apt exited with an error; `output` is what it said."""

    def __init__(self, output: str) -> None:
        lines = [line for line in output.splitlines() if line.startswith(("E:", "W:"))]
        super().__init__("disk-full" if reports_full_disk(output) else "apt-failed", "\n".join(lines) or output.strip())
        self.output = output


@dataclass(frozen=True)
class AptRoot:
    """The private root for `suites` of one mirror, in `directory`; `etc` is the machine's /etc/apt.

    `architecture` is Debian's name of the one whose packages are listed, '' for the machine's own. A subclass
    says which type of source it has (sources.list(5)) and which index that is.
    """

    kind: ClassVar[str]
    index: ClassVar[str]

    directory: Path
    suites: tuple[str, ...]
    mirror: Mirror
    etc: Path
    architecture: str = ""

    @property
    def title(self) -> str:
        """The suites, for messages."""
        return " + ".join(self.suites)

    def update(self) -> None:
        """Fetch and verify the index of each suite.

        Raises AptFailed where it cannot be had or its signature is wrong, and EnvironmentFault
        `not-debian` where the mirror's suites are not Debian's.
        """
        self.prepare()
        self._run("apt-get", "-q", "update")
        lists = self.directory / "state" / "lists"
        releases = [file.read_text(encoding="utf-8", errors="replace") for file in lists.glob("*Release")]
        if not any(re.search(r"^Origin: Debian( Backports)?$", text, re.MULTILINE) for text in releases):
            raise EnvironmentFault("not-debian", f"{self.mirror.uri} ({self.title}) is not Debian's archive")

    def prepare(self) -> None:
        """Write the root's directories, its one source and its configuration."""
        for name in ("state/lists/partial", "cache/archives/partial"):
            (self.directory / name).mkdir(parents=True, exist_ok=True)
        (self.directory / "status").touch()
        stanza = _STANZA.format(kind=self.kind, uri=self.mirror.uri, suites=" ".join(self.suites), index=self.index)
        if self.mirror.signed_by:
            # An inline key brings its own newline: it begins on the line after the field's name.
            stanza += f"Signed-By: {self.mirror.signed_by}\n".replace(": \n", ":\n", 1)
        (self.directory / "debian.sources").write_text(stanza, encoding="utf-8")
        (self.directory / "apt.conf").write_text(self._configuration(), encoding="utf-8")

    def _configuration(self) -> str:
        parts, main = self.etc / "apt.conf.d", self.etc / "apt.conf"
        includes = [f'#include "{parts}/";'] if parts.is_dir() else []
        includes += [f'#include "{main}";'] if main.is_file() else []
        # The user _apt, to which apt running as root drops, could not enter root's cache directory.
        sandbox = 'APT::Sandbox::User "root";' if os.geteuid() == 0 else ""
        foreign = _ARCHITECTURE.format(self.architecture) if self.architecture else ""
        return _CONFIGURATION.format(
            includes="\n".join(includes), root=self.directory, etc=self.etc, sandbox=sandbox, architecture=foreign
        )

    def _run(self, *command: str, ignored_error: str = "") -> str:
        """Run apt and return what it prints; errors that contain `ignored_error` are ignored."""
        process = _start(command, self.directory, self.environment(), stdout=subprocess.PIPE)
        output, _ = process.communicate()
        return _checked(process, output, ignored_error)

    def _fetch(self, progress: Progress, cwd: Path, what: str, *command: str) -> None:
        """Let apt download `what` into `cwd`; raise EnvironmentFault `version-gone` where the mirror lacks a file."""
        cwd.mkdir(parents=True, exist_ok=True)
        progress.begin(f"downloading {what}", 100)
        try:
            self._run_showing(progress, cwd, *command)
        except AptFailed as error:
            if re.search(r"\b404\b", error.output):
                raise EnvironmentFault(
                    "version-gone", f"{self.title} lists {what}, but its files are not on {self.mirror.uri}"
                ) from error
            raise

    def _run_showing(self, progress: Progress, cwd: Path, *command: str) -> str:
        """Run apt, which writes percentages to one pipe; its messages go to a file, so neither can block."""
        reader, writer = os.pipe()
        with tempfile.TemporaryFile() as messages, os.fdopen(reader, "rb") as statuses:
            try:
                process = _start(
                    [*command, "-o", f"APT::Status-Fd={writer}"],
                    cwd,
                    self.environment(),
                    stdout=messages,
                    status=writer,
                )
            finally:
                os.close(writer)
            for amount in _advances(statuses):
                progress.advance(amount)
            process.wait()
            messages.seek(0)
            return _checked(process, messages.read())

    def environment(self) -> dict[str, str]:
        """Return the environment that keeps apt to this root."""
        return {**os.environ, "LC_ALL": "C", "APT_CONFIG": str(self.directory / "apt.conf")}


def _start(
    command: Sequence[str],
    cwd: Path,
    environment: Mapping[str, str],
    stdout: int | IO[bytes],
    status: int | None = None,
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.STDOUT,
            pass_fds=() if status is None else (status,),
        )
    except FileNotFoundError as error:
        raise EnvironmentFault("apt-missing", f"{command[0]} was not found on PATH") from error


def _checked(process: subprocess.Popen[bytes], output: bytes, ignored_error: str = "") -> str:
    text = output.decode(errors="replace")
    errors = [line for line in text.splitlines() if line.startswith("E:")]
    if process.returncode and not (ignored_error and all(ignored_error in error for error in errors)):
        raise AptFailed(text)
    return text


def _advances(statuses: IO[bytes]) -> Iterator[int]:
    """Yield by how many hundredths the download went on, from apt's status lines.

    Their format is described in apt's README.progress-reporting.
    """
    done = 0
    for line in statuses:
        match = _STATUS.match(line)
        percent = int(match["percent"]) if match else done
        if percent > done:
            yield percent - done
            done = percent
