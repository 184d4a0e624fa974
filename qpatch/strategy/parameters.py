# SPDX-License-Identifier: GPL-2.0-or-later
"""Parameters: values that a strategy lets the user set with `--set NAME=VALUE`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.errors import UserError
from qpatch.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from qpatch.strategy.schema import Parameter, ParameterValue

_TRUTH = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def parse_settings(settings: Iterable[str]) -> dict[str, str]:
    """Read `NAME=VALUE` words. Raises UserError for a word without `=`."""
    parsed = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not name:
            raise UserError("parameter-syntax", f"{setting!r} is not NAME=VALUE")
        parsed[name] = value
    return parsed


def check_settings(settings: Mapping[str, object], declared: Iterable[str]) -> None:
    """Raise UserError for a setting that none of the strategies at hand has declared."""
    known = set(declared)
    for name in settings:
        if name not in known:
            raise UserError(
                "unknown-parameter", f"no strategy given has a parameter {name!r}", hint=did_you_mean(name, known)
            )


def parameter_values(declared: Mapping[str, Parameter], settings: Mapping[str, object]) -> dict[str, object]:
    """Return the value of each parameter: as set, converted to the type of its default, or the default.

    Settings of other strategies' parameters are left out. Raises UserError for a value of the wrong type.
    """
    return {
        name: _converted(name, settings.get(name, parameter.default), parameter.default)
        for name, parameter in declared.items()
    }


def _converted(name: str, value: object, default: ParameterValue) -> ParameterValue:
    text = str(value)
    if isinstance(default, bool):
        if text.lower() not in _TRUTH:
            raise UserError("parameter-type", f"the parameter {name} is true or false, not {text!r}")
        return _TRUTH[text.lower()]
    if isinstance(default, int):
        try:
            return int(text)
        except ValueError as error:
            raise UserError("parameter-type", f"the parameter {name} is a whole number, not {text!r}") from error
    return text
