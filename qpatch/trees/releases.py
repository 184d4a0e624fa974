# SPDX-License-Identifier: GPL-2.0-or-later
"""The releases that can be fetched by name, and the user's configuration: data files and their models."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from qpatch.errors import Location, UserError
from qpatch.yamltext import read_yaml, read_yaml_file

if TYPE_CHECKING:
    from pathlib import Path

Kind = Literal["qemu", "linux"]
ProviderName = Literal["debian", "packaged", "tarball", "git", "local"]
# A name becomes part of a git ref and of a file name.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")]
# A ref that began with a dash would be taken for an option by git.
Ref = Annotated[str, Field(pattern=r"^[^-\s][^\s]*$")]


class _ReleaseEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


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


Source = DebianSource | PackagedSource | TarballSource | GitSource | LocalSource


class SourceCandidate(_ReleaseEntry):
    """One place where a release may be had: exactly one of the five."""

    debian: DebianSource | None = None
    packaged: PackagedSource | None = None
    tarball: TarballSource | None = None
    git: GitSource | None = None
    local: LocalSource | None = None

    @model_validator(mode="after")
    def _one_provider(self) -> SourceCandidate:
        if sum(source is not None for source in self._sources) != 1:
            raise ValueError("give exactly one of debian, packaged, tarball, git, local")
        return self

    @property
    def provider(self) -> ProviderName:
        """The name of the provider."""
        names: tuple[ProviderName, ...] = ("debian", "packaged", "tarball", "git", "local")
        return next(name for name in names if getattr(self, name) is not None)

    @property
    def source(self) -> Source:
        """What the provider is given."""
        return next(source for source in self._sources if source is not None)

    @property
    def _sources(self) -> tuple[Source | None, ...]:
        return (self.debian, self.packaged, self.tarball, self.git, self.local)


class Release(_ReleaseEntry):
    """A release of QEMU or Linux and where to get it."""

    name: Name
    kind: Kind
    release: str
    candidates: Annotated[tuple[SourceCandidate, ...], Field(min_length=1)]


class _ReleaseList(_ReleaseEntry):
    releases: tuple[Release, ...]


class DebianSettings(_ReleaseEntry):
    """A Debian mirror to use instead of the machine's own; `signed_by` is a keyring's path."""

    mirror: str
    signed_by: Annotated[str, Field(alias="signed-by")] = ""


class Configuration(_ReleaseEntry):
    """The user's config.yaml; everything is optional.

    `providers` orders the providers (those not named come last, in a release's own order), `trees` are the
    names given by `qpatch tree add`, `releases` adds to or replaces the shipped ones.
    """

    providers: tuple[ProviderName, ...] = ()
    debian: DebianSettings | None = None
    trees: dict[Name, LocalSource] = Field(default_factory=dict)
    releases: tuple[Release, ...] = ()

    def ordered(self, release: Release) -> list[SourceCandidate]:
        """Return the release's candidates in the order to try them."""
        places = {name: place for place, name in enumerate(self.providers)}
        return sorted(release.candidates, key=lambda candidate: places.get(candidate.provider, len(places)))


_Model = TypeVar("_Model", bound=_ReleaseEntry)
_CODE = "bad-configuration"


def known_releases(configuration: Configuration) -> dict[str, Release]:
    """Return every release that can be fetched, by name: those shipped, then those of the user."""
    text = resources.files(__package__).joinpath("releases.yaml").read_text(encoding="utf-8")
    shipped = _validated(_ReleaseList, read_yaml(text, "releases.yaml", _CODE), "releases.yaml").releases
    return {release.name: release for release in (*shipped, *configuration.releases)}


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
