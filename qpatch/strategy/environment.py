# SPDX-License-Identifier: GPL-2.0-or-later
"""The Jinja environment of strategies: sandboxed, strict about names, with delimiters that cannot occur in C.

The delimiters are Jinja's own with an `@` before the opening brace: `@{{ expression }}`, `@{% statement %}`,
`@{# comment #}`. C has no token `@`, whereas `{{` (nested initialisers), `{#name` (macros), `{%s` and `<%s>`
(formats) all occur in QEMU. The same delimiters serve hunks, fragments, commit messages and cover letters.
A statement alone on its line leaves no line behind.

Every fault of a template becomes a UserError placed in the template, or, for text written inside a
strategy, in the strategy file.
"""

from __future__ import annotations

import contextlib
import re
import traceback
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
from jinja2 import (
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateNotFound,
    TemplateSyntaxError,
    UndefinedError,
    meta,
    nodes,
)
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

import qpatch
from qpatch.errors import Location, QpatchError, UndecidedError, UserError
from qpatch.strategy.places import shown
from qpatch.strategy.version import VersionError
from qpatch.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from jinja2.environment import TemplateExpression

TEMPLATE_SUFFIX = ".j2"
INLINE = "<inline>"
# The names that Jinja gives to what has no file; expressions are compiled under the second.
EXPRESSION = "<template>"
INLINE_NAMES = (INLINE, EXPRESSION, "<unknown>")
# Holds the capabilities in a context's variables; no template can spell this name.
_LAZY = "capabilities on demand"
_LARGEST_BYTE = 0xFF
_UNDEFINED_NAME = re.compile(r"^'(\w+)' is undefined")
_JINJA_DIRECTORY = str(Path(jinja2.__file__).parent)
_PACKAGE = str(Path(qpatch.__file__).parent)


class LazyContext(Context):
    """A context that asks a mapping for a name only when a template mentions it."""

    def resolve_or_missing(self, key: str) -> object:
        """Return the value of `key`, or Jinja's `missing`."""
        found = super().resolve_or_missing(key)
        lazy = self.parent.get(_LAZY)
        if found is missing and lazy is not None and key in lazy:
            return lazy[key]
        return found


@dataclass(frozen=True)
class Names:
    """What a template may use: `values` at hand, and `lazy` ones (capabilities), computed when asked for."""

    values: Mapping[str, object]
    lazy: Mapping[str, int]

    def known(self) -> set[str]:
        """Return every name."""
        return {*self.values, *self.lazy}

    def variables(self) -> dict[str, object]:
        """Return the variables to hand to Jinja."""
        return {**self.values, _LAZY: self.lazy}

    def assuming(self, name: str, *, truth: bool) -> Names:
        """Return the names with one lazy value taken for known."""
        return Names({**self.values, name: truth}, self.lazy)


class NoByteError(ValueError):
    """A number in `bytes(...)` that no byte can have."""


def text_of_bytes(*values: int) -> str:
    """Return what stands for the bytes of these `values` in a text that is kept byte for byte.

    Raises NoByteError for what is not 0 to 255.
    """
    wrong = [value for value in values if not isinstance(value, int) or not 0 <= value <= _LARGEST_BYTE]
    if wrong:
        raise NoByteError(f"bytes({wrong[0]!r}): a byte is a number from 0 to {_LARGEST_BYTE}")
    return bytes(values).decode("utf-8", "surrogateescape")


class StrategyEnvironment:
    """Renders the templates and inline texts of a strategy; templates are searched for in `directories`."""

    def __init__(self, directories: Sequence[Path]) -> None:
        self._loader = FileSystemLoader(directories)
        self._jinja = ImmutableSandboxedEnvironment(
            block_start_string="@{%",
            variable_start_string="@{{",
            comment_start_string="@{#",
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            undefined=StrictUndefined,
            loader=self._loader,
            auto_reload=False,
        )
        self._jinja.context_class = LazyContext
        self._inline: dict[str, Template] = {}
        self._expressions: dict[str, TemplateExpression] = {}
        self._expression_names: dict[str, tuple[str, ...]] = {}
        self._names: dict[tuple[str, Location], dict[str, Location]] = {}
        self._file_names: dict[tuple[str, Location], tuple[dict[str, Location], tuple[str | None, ...]]] = {}

    def render_file(self, name: str, names: Names, where: Location) -> str:
        """Render the template `name`; `where` is the place in the strategy that asks for it.

        Raises UserError for a missing template, a syntax error, an unknown name or an unsafe access.
        """
        with reporting(where, names.known()):
            return self._jinja.get_template(name).render(names.variables())

    def render_text(self, text: str, names: Names, where: Location) -> str:
        """Render `text`, whose first line is at `where` in the strategy; raises as `render_file` does."""
        if "@{" not in text:
            return text
        with reporting(where, names.known()):
            return self._inline_template(text).render(names.variables())

    def evaluate(self, expression: str, names: Names, where: Location) -> bool:
        """Return the truth of a bare expression over `names`; one that cannot be told matters only if it decides.

        Raises UserError for a syntax error and for an unknown name, even where evaluation would not reach it, and
        UndecidedError where a name that cannot be told decides.
        """
        try:
            return self._truth(expression, names, where)
        except UndecidedError as undecided:
            either = [
                self.evaluate(expression, names.assuming(undecided.name, truth=truth), where) for truth in (True, False)
            ]
            if either[0] is not either[1]:
                raise
            return either[0]

    def _truth(self, expression: str, names: Names, where: Location) -> bool:
        """Return the truth of a bare expression; raises as `evaluate` does, for whatever cannot be told."""
        known = names.known()
        if expression not in self._expression_names:
            self._expression_names[expression] = tuple(self.names_in_expression(expression, where))
        for name in self._expression_names[expression]:
            if name not in known:
                raise unknown_name(name, known, where)
        with reporting(where, known):
            if expression not in self._expressions:
                compiled = self._jinja.compile_expression(expression, undefined_to_none=False)
                self._expressions[expression] = compiled
            return bool(self._expressions[expression](names.variables()))

    def names_in_expression(self, expression: str, where: Location) -> dict[str, Location]:
        """Return the names that `expression` mentions with their places; UserError for a syntax error."""
        return dict.fromkeys(self.names_in_text(f"@{{{{ {expression} }}}}", where), where)

    def names_in_text(self, text: str, where: Location) -> dict[str, Location]:
        """Return the names from outside that `text` uses, each with the place of its first use.

        Raises UserError for a syntax error.
        """
        if "@{" not in text:  # as for most texts; parsing all of them takes longer than the rest of a check
            return {}
        if (text, where) not in self._names:  # Each tree that a strategy is rendered on asks.
            with reporting(where):
                self._names[text, where] = self._names_in(self._jinja.parse(text), INLINE, where)
        return self._names[text, where]

    def names_in_file(self, name: str, where: Location) -> dict[str, Location]:
        """Return the names that the template `name` and those it includes or imports use from outside.

        Raises UserError for a missing template or a syntax error, placed in the template at fault.
        """
        used: dict[str, Location] = {}
        waiting, seen = [name], set[str]()
        while waiting:
            current = waiting.pop()
            seen.add(current)
            if (current, where) not in self._file_names:
                with reporting(where):
                    source, filename, _ = self._loader.get_source(self._jinja, current)
                    tree = self._jinja.parse(source, current, filename)
                    others = tuple(meta.find_referenced_templates(tree))
                    self._file_names[current, where] = (self._names_in(tree, filename, where), others)
            names, others = self._file_names[current, where]
            used |= names
            waiting += [other for other in others if other and other not in seen]
        return used

    def source_of(self, name: str) -> tuple[str, str]:
        """Return the text of the template `name` and its file; raises Jinja's TemplateNotFound."""
        source, filename, _ = self._loader.get_source(self._jinja, name)
        return source, filename

    def _names_in(self, tree: nodes.Template, file: str, where: Location) -> dict[str, Location]:
        foreign = meta.find_undeclared_variables(tree) - self._jinja.globals.keys()
        places: dict[str, Location] = {}
        for node in tree.find_all(nodes.Name):
            if node.name in foreign:
                places.setdefault(node.name, located(file, node.lineno, where))
        return places

    def _inline_template(self, text: str) -> Template:
        if text not in self._inline:
            code = self._jinja.compile(text, None, INLINE)
            self._inline[text] = Template.from_code(self._jinja, code, self._jinja.make_globals(None))
        return self._inline[text]


@contextlib.contextmanager
def reporting(where: Location, known: Iterable[str] = ()) -> Iterator[None]:
    """Turn what goes wrong in a template inside this context into a UserError.

    `where` is the first line of an inline text or the place that asks for a template file; `known` are the
    names among which a misspelt one is looked for. Errors of capabilities computed on the way pass unchanged.
    """
    try:
        yield
    except QpatchError:
        raise
    except TemplateNotFound as error:
        raise UserError(
            "template-missing",
            f"there is no template {error.name!r}",
            where=where,
            hint="It is looked for in templates/ beside the strategy's directory, then in those that ship with qpatch.",
        ) from error
    except TemplateSyntaxError as error:
        place = located(error.filename or INLINE, error.lineno, where)
        raise UserError("template-syntax", error.message or "syntax error", where=place) from error
    except SecurityError as error:
        raise UserError("template-unsafe", str(error), where=place_of(error, where)) from error
    except UndefinedError as error:
        raise undefined(error, known, place_of(error, where)) from error
    except (NoByteError, VersionError) as error:
        raise misused(error, place_of(error, where)) from error
    except RecursionError as error:  # Of Jinja or of Python, which have bounds of their own.
        raise UserError("template-failed", "this nests too deep to be read", where=place_of(error, where)) from error
    except Exception as error:
        if not raised_in_template(error):
            raise
        raise UserError("template-failed", f"{type(error).__name__}: {error}", where=place_of(error, where)) from error


def misused(error: NoByteError | VersionError, where: Location) -> UserError:
    """Return the UserError for a value of qpatch's own that a template has used as it cannot be."""
    if isinstance(error, VersionError):
        return UserError("version-compared", str(error), where=where)
    return UserError("template-failed", str(error), where=where)


def unknown_name(name: str, known: Iterable[str], where: Location) -> UserError:
    """Return the error for a name that a template uses and that is not defined."""
    return UserError(
        "template-undefined",
        f"{name!r} is undefined: no capability, parameter or variable has this name",
        where=where,
        hint=did_you_mean(name, known),
    )


def undefined(error: UndefinedError, known: Iterable[str], where: Location) -> UserError:
    """Return the UserError for Jinja's `error`, with the name that was probably meant."""
    message = str(error)
    if name := _UNDEFINED_NAME.match(message):
        return unknown_name(name[1], known, where)
    return UserError("template-undefined", message, where=where)


def place_of(error: Exception, where: Location) -> Location:
    """Return the innermost place in a template that `error` passed through; `where` as in `reporting`."""
    place = where
    for frame, line in traceback.walk_tb(error.__traceback__):
        file = frame.f_code.co_filename
        if "__jinja_template__" in frame.f_globals or file in INLINE_NAMES or file.endswith(TEMPLATE_SUFFIX):
            place = located(file, line, where)
    return place


def located(file: str, line: int, where: Location) -> Location:
    """Return the place of `line` of a template file, or of the inline text that begins at `where`.

    The lines of a compiled expression are not those of the strategy: it stands at `where`.
    """
    if file == EXPRESSION:
        return where
    if file in INLINE_NAMES:
        return replace(where, line=where.line + line - 1, column=0)
    return Location(shown(Path(file)), line)


def raised_in_template(error: Exception) -> bool:
    """Tell whether `error` arose in a template, or in what it called, rather than in code of qpatch's own."""
    files = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__)]
    in_template = [index for index, file in enumerate(files) if _is_of_template(file)]
    return bool(in_template) and not any(file.startswith(_PACKAGE) for file in files[in_template[-1] :])


def _is_of_template(file: str) -> bool:
    return file in INLINE_NAMES or file.endswith(TEMPLATE_SUFFIX) or file.startswith(_JINJA_DIRECTORY)
