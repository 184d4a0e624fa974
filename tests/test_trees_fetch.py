# SPDX-License-Identifier: GPL-2.0-or-later
"""Providers: apt's sources, the private apt root, tarballs, git; candidates tried in turn."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from trees_support import QEMU_FILES, FakeApt, apt_configuration, git, repository, sha256, snapshot, tarball

from qpatch.errors import EnvironmentFault, UserError
from qpatch.trees.apt_packages import BinaryRoot, SourceRoot
from qpatch.trees.apt_sources import AptSource, Mirror, configured_sources, debian_mirrors
from qpatch.trees.fetch import FetchResult, fetch_releases
from qpatch.trees.job import FetchJob
from qpatch.trees.releases import Configuration, Release, known_releases, load_configuration, release_names
from qpatch.trees.store import Store

if TYPE_CHECKING:
    from pathlib import Path

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


class Listener:
    """Progress that remembers what it was told."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.amount = 0
        self.notes: list[str] = []

    def begin(self, step: str, total: int | None) -> None:
        self.steps.append(step)

    def advance(self, amount: int) -> None:
        self.amount += amount

    def note(self, message: str) -> None:
        self.notes.append(message)


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
def apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeApt:
    fake = FakeApt(tmp_path / "fake")
    for name, value in fake.environment.items():
        monkeypatch.setenv(name, value)
    return fake


def job(tmp_path: Path, listener: Listener, *candidates: object, **settings: object) -> FetchJob:
    release = {"name": "r-1", "kind": "qemu", "release": "1", "candidates": candidates}
    configuration = Configuration.model_validate({"releases": [release], **settings})
    return FetchJob(Store(tmp_path / "cache"), configuration, listener, tmp_path / "etc")


def only(job_: FetchJob) -> FetchResult:
    return next(iter(fetch_releases(job_, ["r-1"])))


def faults(job_: FetchJob) -> list[str]:
    return [fault.code for fault in only(job_).faults]


def pinned(archive: Path) -> dict[str, object]:
    return {"tarball": {"url": str(archive), "sha256": sha256(archive)}}


def debian(suite: str, version: str = "1:10.2.*") -> dict[str, object]:
    return {"debian": {"suite": suite, "package": "qemu", "version": version}}


# --- what apt is configured with


def test_sources_in_both_formats(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text(
        "# a comment\n#deb http://off.example/debian bookworm main\n"
        f"deb [ arch=amd64 signed-by={KEYRING} ] http://one.example/debian bookworm main contrib # why\n"
        "deb-src http://src.example/debian sid main\nnonsense\n"
    )
    (tmp_path / "sources.list.d" / "debian.sources").write_text(
        "# the main one\nTypes: deb deb-src\nURIs: http://two.example/debian\nSuites: trixie trixie-updates\n"
        f"Components: main\nSigned-By: {KEYRING}\n\n"
        "Types: deb\nEnabled: no\nURIs: http://off.example/debian\nSuites: sid\nComponents: main\n\n"
        "Types: deb\nURIs: http://three.example/debian\nSuites: sid\nComponents: main\n"
        "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQ\n -----END PGP PUBLIC KEY BLOCK-----\n"
    )
    (tmp_path / "sources.list.d" / "old.list.disabled").write_text("deb http://off.example/debian sid main\n")
    sources = configured_sources(tmp_path)
    assert sources[0] == AptSource(
        "http://one.example/debian", "bookworm", ("main", "contrib"), KEYRING, "sources.list"
    )
    assert [(source.uri, source.suite) for source in sources[1:]] == [
        ("http://src.example/debian", "sid"),
        ("http://two.example/debian", "trixie"),
        ("http://two.example/debian", "trixie-updates"),
        ("http://three.example/debian", "sid"),
    ]
    assert sources[-1].signed_by.count("\n") == 4


def test_third_party_and_security_sources_are_no_mirrors() -> None:
    sources = [
        AptSource("https://third.example/php", "bookworm", ("main",), "", "php.list"),
        AptSource("https://docker.example/debian", "bookworm", ("stable",)),
        AptSource("https://db.example/apt", "bookworm-pgdg", ("main",)),
        AptSource("cdrom:[Debian]/", "bookworm", ("main",)),
        AptSource("http://deb.example/debian-security", "bookworm-security", ("main",), KEYRING),
        AptSource("http://deb.example/debian", "bookworm-updates", ("main",), KEYRING, "debian.sources"),
        AptSource("http://deb.example/debian", "bookworm", ("main",), KEYRING, "debian.sources"),
    ]
    assert debian_mirrors(sources) == [
        Mirror("http://deb.example/debian", KEYRING),
        Mirror("https://third.example/php"),
    ]


# --- the private apt root


def test_apt_is_kept_to_its_private_root(tmp_path: Path, listener: Listener, apt: FakeApt) -> None:
    apt.suite("sid", "1:10.2.2+ds-1")
    apt.package("1:10.2.2+ds-1")
    etc = apt_configuration(tmp_path / "etc")
    (etc / "apt.conf.d").mkdir()
    before = snapshot(etc)
    fetched = only(job(tmp_path, listener, debian("sid")))
    assert fetched.status == "fetched"
    assert snapshot(etc) == before
    root = tmp_path / "cache" / "apt" / "sid"
    settings = (root / "apt.conf").read_text()
    assert f'#include "{etc}/apt.conf.d/";' in settings
    assert f'Dir "{root}";' in settings
    assert 'Acquire::AllowInsecureRepositories "false";' in settings
    assert (root / "debian.sources").read_text() == (
        "Types: deb-src\nURIs: http://mirror.example/debian\nSuites: sid\nComponents: main\nTargets: Sources\n"
    )
    assert listener.amount >= 40  # apt's own progress came through
    assert not list((root / "downloads").iterdir())


def test_real_apt_reads_the_configuration(tmp_path: Path) -> None:
    etc = apt_configuration(tmp_path / "etc")
    (etc / "apt.conf.d").mkdir()
    (etc / "apt.conf.d" / "hooks").write_text(
        'APT::Update::Post-Invoke-Success { "touch /nowhere"; };\nAcquire::http::Proxy "http://proxy.example:3128";\n'
    )
    root = SourceRoot(tmp_path / "root", ("sid",), Mirror("http://mirror.example/debian"), etc)
    root.directory.mkdir()
    root.prepare()
    dump = subprocess.check_output(["apt-config", "dump"], env=root.environment(), text=True)
    assert "touch /nowhere" not in dump
    assert "proxy.example" in dump
    assert f'Dir::State "{root.directory}/state";' in dump


def test_real_apt_lists_another_architecture(tmp_path: Path) -> None:
    etc = apt_configuration(tmp_path / "etc")
    root = BinaryRoot(tmp_path / "root", ("sid",), Mirror("http://mirror.example/debian"), etc, "riscv64")
    root.directory.mkdir()
    root.prepare()
    dump = subprocess.check_output(["apt-config", "dump"], env=root.environment(), text=True).splitlines()
    assert [line for line in dump if line.startswith("APT::Architecture")] == [
        'APT::Architecture "riscv64";',
        'APT::Architectures "";',
        'APT::Architectures:: "riscv64";',
    ]


def test_the_newest_version_that_matches_is_taken(tmp_path: Path, listener: Listener, apt: FakeApt) -> None:
    versions = ("1:10.2.9+ds-1", "1:10.2.10+ds-1", "1:11.1.3+ds-1", "1:10.1.0-1")
    apt.suite("sid", *versions)
    for version in versions:
        apt.package(version)
    apt_configuration(tmp_path / "etc")
    commit = only(job(tmp_path, listener, debian("sid"))).commit
    message = git(tmp_path / "cache" / "trees.git", "show", "-s", "--format=%s", commit)
    assert message == "Import qemu 1:10.2.10+ds-1 from Debian"


def test_a_version_whose_files_are_gone_is_named_and_the_next_one_tried(
    tmp_path: Path, listener: Listener, apt: FakeApt
) -> None:
    apt.suite("sid", "1:10.2.3-1", "1:10.2.2-1")
    apt.package("1:10.2.2-1")
    apt_configuration(tmp_path / "etc")
    fetched = only(job(tmp_path, listener, debian("sid")))
    assert (fetched.status, [fault.code for fault in fetched.faults]) == ("fetched", ["version-gone"])
    message = "sid lists qemu 1:10.2.3-1, but its files are not on http://mirror.example/debian"
    assert listener.notes == [f"r-1: passed over: {message}"]


def test_the_next_candidate_is_tried_and_what_failed_is_told(tmp_path: Path, listener: Listener, apt: FakeApt) -> None:
    apt.suite("trixie", "1:10.2.3-1")
    apt.suite("bookworm", "1:7.2-1")
    apt.suite("sid", "1:10.2.2-1")
    apt.package("1:10.2.2-1")
    apt_configuration(tmp_path / "etc")
    suites = ("bullseye", "bookworm", "trixie", "sid")
    fetched = only(job(tmp_path, listener, *(debian(suite) for suite in suites)))
    assert fetched.status == "fetched"
    assert [fault.code for fault in fetched.faults] == ["apt-failed", "version-unlisted", "version-gone"]
    assert fetched.faults[0].message == "E: no bullseye"
    assert "it has 1:7.2-1" in fetched.faults[1].message
    assert "1:10.2.3-1" in fetched.faults[2].message


def test_a_release_that_cannot_be_had_does_not_stop_the_others(
    tmp_path: Path, listener: Listener, apt: FakeApt
) -> None:
    archive = tarball(tmp_path / "q.tar.gz", QEMU_FILES)
    apt_configuration(tmp_path / "etc")
    candidates = {"gone": debian("sid"), "here": pinned(archive)}
    releases = [
        {"name": name, "kind": "qemu", "release": "1", "candidates": [candidate]}
        for name, candidate in candidates.items()
    ]
    configuration = Configuration.model_validate({"releases": releases})
    work = FetchJob(Store(tmp_path / "cache"), configuration, listener, tmp_path / "etc")
    outcomes = [(fetched.name, fetched.status) for fetched in fetch_releases(work, ["gone", "here", "gone"])]
    assert outcomes == [("gone", "missing"), ("here", "fetched")]
    assert [fetched.status for fetched in fetch_releases(work, ["here"])] == ["present"]
    assert [fetched.status for fetched in fetch_releases(work, ["here"], again=True)] == ["fetched"]


def test_another_projects_mirror_is_passed_over(tmp_path: Path, listener: Listener, apt: FakeApt) -> None:
    apt.suite("sid", "1:10.2.2-1")
    apt.origin("Somebody")
    apt_configuration(tmp_path / "etc")
    assert faults(job(tmp_path, listener, debian("sid"))) == ["not-debian"]


def test_the_index_of_a_suite_is_fetched_once(tmp_path: Path, listener: Listener, apt: FakeApt) -> None:
    apt.suite("sid", "1:10.2.2-1")
    apt.package("1:10.2.2-1")
    apt_configuration(tmp_path / "etc")
    work = job(tmp_path, listener, debian("sid", "1:9*"), debian("sid"))
    assert only(work).status == "fetched"
    assert apt.log().count("update") == 1


def test_downloads_are_checked_against_the_dsc(tmp_path: Path, listener: Listener, apt: FakeApt) -> None:
    apt.suite("sid", "1:10.2.2-1")
    pool = apt.package("1:10.2.2-1")
    (pool / "qemu_1.orig.tar.xz").write_bytes(b"something else")
    apt_configuration(tmp_path / "etc")
    assert faults(job(tmp_path, listener, debian("sid"))) == ["checksum-mismatch"]


def test_without_a_debian_mirror(tmp_path: Path, listener: Listener, apt: FakeApt) -> None:
    assert faults(job(tmp_path, listener, debian("sid"))) == ["no-debian-mirror"]
    apt.suite("sid", "1:10.2.2-1")
    apt.package("1:10.2.2-1")
    mirror = {"mirror": "http://own.example/debian", "signed-by": KEYRING}
    assert only(job(tmp_path, listener, debian("sid"), debian=mirror)).status == "fetched"
    written = (tmp_path / "cache" / "apt" / "sid" / "debian.sources").read_text()
    assert "URIs: http://own.example/debian" in written
    assert f"Signed-By: {KEYRING}" in written


def test_without_apt(tmp_path: Path, listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    apt_configuration(tmp_path / "etc")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert faults(job(tmp_path, listener, debian("sid"))) == ["apt-missing"]


# --- tarballs and git


def test_a_tarball_with_a_wrong_checksum_is_not_imported(tmp_path: Path, listener: Listener) -> None:
    archive = tarball(tmp_path / "q.tar.gz", QEMU_FILES)
    wrong = {"tarball": {"url": str(archive), "sha256": "0" * 64}}
    right = {"tarball": {"url": str(archive), "sha256": sha256(archive).upper()}}
    fetched = only(job(tmp_path, listener, wrong))
    assert (fetched.status, fetched.faults[0].code) == ("missing", "checksum-mismatch")
    assert sha256(archive) in fetched.faults[0].message
    assert only(job(tmp_path, listener, wrong, right)).status == "fetched"


@pytest.mark.parametrize("stanza", ["Version: one!", "Directory: pool"])
def test_an_index_that_is_not_understood(tmp_path: Path, listener: Listener, apt: FakeApt, stanza: str) -> None:
    apt.suite("sid")
    (apt.directory / "index" / "sid" / "Sources").write_text(f"Package: qemu\n{stanza}\n")
    apt_configuration(tmp_path / "etc")
    missing = only(job(tmp_path, listener, debian("sid")))
    assert [fault.code for fault in missing.faults] == ["apt-failed"]
    assert "sid has an entry of qemu that is not understood" in missing.reason


def test_a_download_that_fails(tmp_path: Path, listener: Listener) -> None:
    unreachable = {"tarball": {"url": "https://127.0.0.1:9/q.tar.xz", "sha256": "0" * 64}}
    fetched = only(job(tmp_path, listener, unreachable))
    assert fetched.faults[0].code == "download-failed"
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize("provider", ["git", "local"])
def test_a_ref_of_a_repository_becomes_one_commit(tmp_path: Path, listener: Listener, provider: str) -> None:
    source = repository(tmp_path / "source")
    (source / "VERSION").write_text("dirty")
    before = snapshot(source)
    place = {"path": str(source)} if provider == "local" else {"url": source.as_uri()}
    fetched = only(job(tmp_path, listener, {provider: {**place, "ref": "v1"}}))
    store = tmp_path / "cache" / "trees.git"
    assert git(store, "show", f"{fetched.commit}:VERSION") == "10.2.2"
    assert git(store, "show", "-s", "--format=%P%ct", "r-1") == git(source, "show", "-s", "--format=%ct")
    assert git(source, "rev-parse", "HEAD") in git(store, "show", "-s", "--format=%B", "r-1")
    assert git(store, "for-each-ref", "--format=%(refname)") == "refs/tags/r-1"
    assert snapshot(source) == before
    git(store, "fsck", "--full")


def test_a_git_url_that_fails(tmp_path: Path, listener: Listener) -> None:
    nowhere = {"git": {"url": (tmp_path / "none").as_uri(), "ref": "v1"}}
    assert faults(job(tmp_path, listener, nowhere)) == ["fetch-failed"]


def test_the_user_orders_the_providers(tmp_path: Path, listener: Listener) -> None:
    source = repository(tmp_path / "source")
    archive = tarball(tmp_path / "q.tar.gz", QEMU_FILES)
    wrong = {"tarball": {"url": str(archive), "sha256": "0" * 64}}
    right = {"git": {"url": str(source), "ref": "v1"}}
    assert only(job(tmp_path, listener, wrong, right, providers=["git"])).faults == ()


def test_an_unknown_release_is_refused_before_anything_is_fetched(tmp_path: Path, listener: Listener) -> None:
    with pytest.raises(UserError, match=r"qemu-10\.3") as caught:
        list(fetch_releases(job(tmp_path, listener, debian("sid")), ["r-1", "qemu-10.3"]))
    assert "qemu-10" in caught.value.hint
    assert listener.steps == []


# --- data files


def test_what_has_no_sources_is_missing_with_its_reason(tmp_path: Path, listener: Listener) -> None:
    (fetched,) = fetch_releases(job(tmp_path, listener, debian("sid")), ["qemu-11.1"])
    assert fetched.status == "missing"
    assert fetched.reason.startswith("there are no sources of qemu-11.1: Debian's mirrors have the programs")
    assert listener.steps == []


@pytest.mark.parametrize(
    "places",
    [
        {},
        {"binaries-only": "lost"},
        {"binaries": [{"suites": ["sid"], "version": "1:9*"}]},
        {
            "binaries-only": "lost",
            "binaries": [{"suites": ["sid"], "version": "1:9*"}],
            "candidates": [{"git": {"url": "/nowhere", "ref": "v9"}}],
        },
    ],
)
def test_a_release_has_sources_or_says_why_not(places: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="give either candidates, or binaries"):
        Release.model_validate({"name": "r", "kind": "qemu", "release": "9", **places})


def test_the_shipped_releases(tmp_path: Path) -> None:
    releases = known_releases(Configuration())
    assert tuple(releases) == release_names() == (*release_names("qemu"), *release_names("linux"))
    assert {"qemu-5.2", "qemu-10.2"} <= set(release_names("qemu", "render"))
    assert all(release_names("qemu", role) for role in ("render", "build", "stock"))
    for release in releases.values():
        assert release.name == f"{release.kind}-{release.release}"
        if release.binaries_only:
            assert all(place.version.startswith(f"1:{release.release}.") for place in release.binaries)
            continue
        assert release.candidates[0].provider == "debian"
        source = release.candidates[0].debian
        assert source is not None
        assert source.version.endswith("*"), "suites move on: no exact version"


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("providers: [debian\ntrees: {}\n", "did not find", 2),
        ("provider: [debian]\n", "provider", 0),
        ("releases: [{name: ../x, kind: qemu, release: '1', candidates: [{git: {url: x, ref: y}}]}]", "name", 0),
        ("releases: [{name: x, kind: qemu, release: '1', candidates: [{}]}]", "exactly one", 0),
        ("trees: {x: {path: /x, ref: --upload-pack=x}}", "ref", 0),
        (
            "releases: [{name: x, kind: qemu, release: '1', candidates: [{tarball: {url: 'http://x', sha256: a}}]}]",
            "url",
            0,
        ),
    ],
)
def test_mistakes_in_the_configuration_are_told(tmp_path: Path, text: str, message: str, line: int) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text)
    with pytest.raises(UserError, match=message) as caught:
        load_configuration(file)
    assert caught.value.code == "bad-configuration"
    assert caught.value.where is not None
    assert (caught.value.where.file, caught.value.where.line) == (str(file), line)


@pytest.mark.parametrize("code", ["disk-full", "git-missing"])
def test_a_fault_that_spares_no_candidate_stops_at_once(
    tmp_path: Path, listener: Listener, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    def hopeless(*_: object) -> str:
        raise EnvironmentFault(code, "hopeless")

    monkeypatch.setattr("qpatch.trees.fetch.fetch_candidate", hopeless)
    with pytest.raises(EnvironmentFault, match="hopeless"):
        only(job(tmp_path, listener, debian("sid"), debian("trixie")))


def test_steps_are_told_in_words(tmp_path: Path, listener: Listener) -> None:
    archive = tarball(tmp_path / "q.tar.gz", QEMU_FILES)
    only(job(tmp_path, listener, pinned(archive)))
    assert listener.steps == ["reading q.tar.gz", "finishing"]
    assert listener.amount == archive.stat().st_size
    assert json.dumps(listener.notes) == "[]"
