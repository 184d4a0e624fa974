# SPDX-License-Identifier: GPL-2.0-or-later
"""The releases that can be fetched by name, and the user's configuration: data files and their models."""

from __future__ import annotations

from fnmatch import fnmatchcase
from importlib import resources
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from qpatch.errors import Location, UserError
from qpatch.trees.places import expanded
from qpatch.yamltext import read_yaml, read_yaml_file

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Kind = Literal["qemu", "linux"]
Role = Literal["render", "build", "stock"]
ProviderName = Literal["folder", "debian", "packaged", "tarball", "git", "local"]
# A name becomes part of a git ref and of a file name.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")]
# A ref that began with a dash would be taken for an option by git.
Ref = Annotated[str, Field(pattern=r"^[^-\s][^\s]*$")]
_PROVIDERS: tuple[ProviderName, ...] = get_args(ProviderName)


class _ReleaseEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FolderSource(_ReleaseEntry):
    """A Debian source package (a .dsc file and its tarballs) in a folder; `version` is a shell pattern.

    `signed_by` is a keyring with which the .dsc must be signed; without it, the signature is checked as far as
    the machine has the keys of Debian's developers.
    """

    path: str
    package: Name
    version: str
    signed_by: Annotated[str, Field(alias="signed-by")] = ""


class DebianSource(_ReleaseEntry):
    """A source package of a Debian suite; `version` is a shell pattern."""

    suite: Name
    package: Name
    version: str


class PackagedSource(_ReleaseEntry):
    """A tarball in a binary package (linux-source-*) of a Debian suite: `archive` is its path in there.

    `version` is a shell pattern.
    """

    suite: Name
    package: Name
    version: str
    archive: str


class TarballSource(_ReleaseEntry):
    """A release tarball: a path or an HTTPS URL, and its pinned sha256 sum."""

    url: Annotated[str, Field(pattern=r"^(https://|/)")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")]


class GitSource(_ReleaseEntry):
    """A ref of a repository given by URL."""

    url: Annotated[str, Field(pattern=r"^[^-]")]
    ref: Ref


class LocalSource(_ReleaseEntry):
    """A ref of a git repository on this machine."""

    path: str
    ref: Ref = "HEAD"


Source = FolderSource | DebianSource | PackagedSource | TarballSource | GitSource | LocalSource


class SourceCandidate(_ReleaseEntry):
    """One place where a release may be had: exactly one of the six."""

    folder: FolderSource | None = None
    debian: DebianSource | None = None
    packaged: PackagedSource | None = None
    tarball: TarballSource | None = None
    git: GitSource | None = None
    local: LocalSource | None = None

    @model_validator(mode="after")
    def _one_provider(self) -> SourceCandidate:
        if sum(source is not None for source in self._sources) != 1:
            raise ValueError(f"give exactly one of {', '.join(_PROVIDERS)}")
        return self

    @property
    def provider(self) -> ProviderName:
        """The name of the provider."""
        return next(name for name in _PROVIDERS if getattr(self, name) is not None)

    @property
    def source(self) -> Source:
        """What the provider is given."""
        return next(source for source in self._sources if source is not None)

    @property
    def _sources(self) -> tuple[Source | None, ...]:
        return tuple(getattr(self, name) for name in _PROVIDERS)


class BinarySuites(_ReleaseEntry):
    """Debian suites that have a release's programs (a backport needs the suite it was made for beside it).

    `version` is a shell pattern.
    """

    suites: Annotated[tuple[str, ...], Field(min_length=1)]
    version: str


class Release(_ReleaseEntry):
    """A release of QEMU or Linux, where to get it, and what the project's own tests do with it.

    One without candidates has no sources: `binaries_only` says why, `binaries` where its programs are.
    """

    name: Name
    kind: Kind
    release: str
    roles: tuple[Role, ...] = ()
    candidates: tuple[SourceCandidate, ...] = ()
    binaries_only: Annotated[str, Field(alias="binaries-only")] = ""
    binaries: tuple[BinarySuites, ...] = ()

    @model_validator(mode="after")
    def _sources_or_binaries(self) -> Release:
        if bool(self.candidates) == bool(self.binaries_only and self.binaries):
            raise ValueError("give either candidates, or binaries and with binaries-only why there are no sources")
        return self

    def require_sources(self) -> None:
        """Raise UserError `binaries-only` where there are no sources to be had."""
        if self.binaries_only:
            raise UserError(
                "binaries-only",
                f"there are no sources of {self.name}: {self.binaries_only}",
                hint=f"Its binary can be run: qpatch test baseline --prebuilt --tree {self.name}",
            )


class _ReleaseList(_ReleaseEntry):
    releases: tuple[Release, ...]


class DebianSettings(_ReleaseEntry):
    """A Debian mirror to use instead of the machine's own; `signed_by` is a keyring's path."""

    mirror: str
    signed_by: Annotated[str, Field(alias="signed-by")] = ""


class SourceFolder(_ReleaseEntry):
    """A folder of Debian source packages, written as its path alone or with a keyring (see `FolderSource`)."""

    path: str
    signed_by: Annotated[str, Field(alias="signed-by")] = ""

    @model_validator(mode="before")
    @classmethod
    def _path_alone(cls, value: Any) -> Any:
        return {"path": value} if isinstance(value, str) else value

    def holds(self, source: DebianSource) -> bool:
        """Tell whether a .dsc file in the folder is called as a version that `source` asks for."""
        pattern = f"{source.package}_{source.version.rpartition(':')[2]}"
        directory = expanded(self.path)
        return directory.is_dir() and any(fnmatchcase(file.stem, pattern) for file in directory.glob("*.dsc"))

    def offer(self, source: DebianSource) -> SourceCandidate:
        """Return the candidate that takes `source` from this folder."""
        wanted = {"package": source.package, "version": source.version, "signed-by": self.signed_by}
        return SourceCandidate(folder=FolderSource.model_validate({"path": self.path, **wanted}))


class Configuration(_ReleaseEntry):
    """The user's config.yaml; everything is optional.

    `providers` orders the providers (those not named come last, in a release's own order), `sources` are folders
    of Debian source packages, `trees` are the names given by `qpatch tree add`, `releases` adds to or replaces
    the shipped ones.
    """

    providers: tuple[ProviderName, ...] = ()
    sources: tuple[SourceFolder, ...] = ()
    debian: DebianSettings | None = None
    trees: dict[Name, LocalSource] = Field(default_factory=dict)
    releases: tuple[Release, ...] = ()

    def ordered(self, release: Release) -> list[SourceCandidate]:
        """Return the release's candidates in the order to try them: folders that hold it, then its own."""
        wanted = [candidate.debian for candidate in release.candidates if candidate.debian is not None]
        offers = [folder.offer(source) for folder in self.sources for source in wanted if folder.holds(source)]
        candidates = dict.fromkeys([*offers, *release.candidates])  # two suites may name the same version
        places = {name: place for place, name in enumerate(self.providers)}
        return sorted(candidates, key=lambda candidate: places.get(candidate.provider, len(places)))

    def with_folders(self, paths: Iterable[str]) -> Configuration:
        """Return this configuration with the folders at `paths` before its own `sources`."""
        folders = tuple(SourceFolder(path=path) for path in paths)
        return self.model_copy(update={"sources": (*folders, *self.sources)})


_Model = TypeVar("_Model", bound=_ReleaseEntry)
_CODE = "bad-configuration"


def known_releases(configuration: Configuration) -> dict[str, Release]:
    """Return every release that can be fetched, by name: those shipped, then those of the user."""
    text = resources.files(__package__).joinpath("releases.yaml").read_text(encoding="utf-8")
    shipped = _validated(_ReleaseList, read_yaml(text, "releases.yaml", _CODE), "releases.yaml").releases
    return {release.name: release for release in (*shipped, *configuration.releases)}


def release_names(
    kind: Kind | None = None, role: Role | None = None, configuration: Configuration | None = None
) -> tuple[str, ...]:
    """Return the names of the releases of `kind` that have `role` (None: all), in the order of releases.yaml."""
    releases = known_releases(configuration or Configuration()).values()
    return tuple(
        release.name for release in releases if kind in (None, release.kind) and (role is None or role in release.roles)
    )


def load_configuration(file: Path) -> Configuration:
    """Read the user's configuration; a missing file is an empty one.

    Raises UserError `bad-configuration` with the place of the mistake.
    """
    if not file.is_file():
        return Configuration()
    return _validated(Configuration, read_yaml_file(file, _CODE), str(file))


def _validated(model: type[_Model], content: Any, file: str) -> _Model:
    try:
        return model.model_validate({} if content is None else content)
    except ValidationError as error:
        problems = [f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}" for problem in error.errors()]
        raise UserError(_CODE, "; ".join(problems), where=Location(file)) from error
