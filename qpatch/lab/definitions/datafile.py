"""Reads the lab's data files, machines, profiles and scenarios: by the name of one that ships, or by a path."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from qpatch.errors import Location, UserError
from qpatch.suggest import did_you_mean

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_SUFFIXES = (".yaml", ".yml")


class LabModel(BaseModel):
    """What all data of the lab have in common: keys are written with dashes, unknown ones are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True,
                              alias_generator=lambda name: name.rstrip("_").replace("_", "-"))


Model = TypeVar("Model", bound=LabModel)


def shipped_names(kind: str) -> tuple[str, ...]:
    """Return the names of all that ship of `kind`: machine, profile or scenario."""
    return tuple(sorted(file.name.removesuffix(".yaml") for file in _folder(kind).iterdir()
                        if file.name.endswith(".yaml")))


def load(kind: str, name: str, model: type[Model]) -> Model:
    """Return the one of `kind` that is called `name`; a path to a YAML file works as well.

    Raises UserError `unknown-<kind>` with the likely name, and `bad-lab-data` with the place in the file.
    """
    if "/" in name or name.endswith(_SUFFIXES):
        return read(Path(name), model)
    known = shipped_names(kind)
    if name not in known:
        raise UserError(f"unknown-{kind}", f"there is no {kind} {name!r}", hint=did_you_mean(name, known))
    return read(_folder(kind).joinpath(f"{name}.yaml"), model)


def read(file: Path | Traversable, model: type[Model]) -> Model:
    """Return what `file` holds. Raises UserError `bad-lab-data`."""
    try:
        content: Any = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
        return model.model_validate(content)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = Location(str(file), *((mark.line + 1, mark.column + 1) if mark else ()))
        raise UserError("bad-lab-data", str(error.problem), where=where) from error
    except ValidationError as error:
        raise UserError("bad-lab-data", _told(error), where=Location(str(file))) from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError("bad-lab-data", str(error), where=Location(str(file))) from error


def _folder(kind: str) -> Traversable:
    return resources.files(__package__).joinpath(f"{kind}s")


def _told(error: ValidationError) -> str:
    """Return what is wrong, one line for each thing."""
    lines = []
    for one in error.errors():
        place = ".".join(map(str, one["loc"]))
        lines.append(f"{place}: {one['msg']}" if place else str(one["msg"]))
    return "\n".join(lines)
