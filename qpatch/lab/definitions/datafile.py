# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads the lab's data files, machines, profiles and scenarios: by the name of one that ships, or by a path."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, PrivateAttr, ValidationError

from qpatch.errors import Location, UserError
from qpatch.suggest import did_you_mean
from qpatch.yamltext import read_yaml_file

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from pydantic_core import ErrorDetails

_SUFFIXES = (".yaml", ".yml")
_NAME = re.compile(r"[A-Za-z0-9][\w.+-]*", re.ASCII)


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name: it is that of a directory, of letters, digits and . _ + -")
    return name


# What machines, profiles and scenarios are called: in tables, and in the directories of results.
Name = Annotated[str, AfterValidator(_checked_name)]


class LabModel(BaseModel):
    """What all data of the lab have in common: keys are written with dashes, unknown ones are errors.

    `word` is how the user asked for it: the name of one that ships, or the path of a file; '' for what has no file.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        alias_generator=lambda name: name.rstrip("_").replace("_", "-"),
    )
    _word: str = PrivateAttr("")

    @property
    def word(self) -> str:
        """See the class."""
        return self._word


Model = TypeVar("Model", bound=LabModel)


def shipped_names(kind: str) -> tuple[str, ...]:
    """Return the names of all that ship of `kind`: machine, profile or scenario."""
    return tuple(
        sorted(file.name.removesuffix(".yaml") for file in _folder(kind).iterdir() if file.name.endswith(".yaml"))
    )


def load(kind: str, name: str, model: type[Model]) -> Model:
    """Return the one of `kind` that is called `name`; a path to a YAML file works as well.

    Raises UserError `unknown-<kind>` with the likely name, and `bad-lab-data` with the place in the file.
    """
    loaded = read(_file(kind, name), model)
    loaded._word = name
    return loaded


def read(file: Path | Traversable, model: type[Model]) -> Model:
    """Return what `file` holds. Raises UserError `bad-lab-data`."""
    try:
        return model.model_validate(read_yaml_file(file, "bad-lab-data"))
    except ValidationError as error:
        raise UserError("bad-lab-data", _validation_message(error), where=Location(str(file))) from error
    except OSError as error:
        raise UserError("bad-lab-data", error.strerror or str(error), where=Location(str(file))) from error


def _file(kind: str, name: str) -> Traversable | Path:
    if "/" in name or name.endswith(_SUFFIXES):
        return Path(name)
    known = shipped_names(kind)
    if name not in known:
        raise UserError(f"unknown-{kind}", f"there is no {kind} {name!r}", hint=did_you_mean(name, known))
    return _folder(kind).joinpath(f"{name}.yaml")


def _folder(kind: str) -> Traversable:
    return resources.files(__package__).joinpath(f"{kind}s")


def _validation_message(error: ValidationError) -> str:
    """Return what is wrong, one line for each thing."""
    lines = []
    for detail in error.errors():
        place = ".".join(map(str, detail["loc"]))
        lines.append(f"{place}: {_reason(detail)}" if place else _reason(detail))
    return "\n".join(lines)


def _reason(detail: ErrorDetails) -> str:
    """Return pydantic's error in words for somebody who writes YAML."""
    if detail["type"] == "extra_forbidden":
        return "there is no such key"
    if detail["type"] == "missing":
        return "this key is missing"
    if detail["type"] in ("model_type", "dict_type"):
        return "there are to be keys and values here"
    cause = detail.get("ctx", {}).get("error")
    if isinstance(cause, ValidationError):  # in a step
        return "; ".join(_validation_message(cause).splitlines())
    return str(cause or detail["msg"])
