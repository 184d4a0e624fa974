# SPDX-License-Identifier: GPL-2.0-or-later
"""YAML that users write: what is nested too deep or repeats too much is refused alike, whatever parses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from yaml.scanner import ScannerError

from qpatch.builds.recipe import qemu_recipe
from qpatch.errors import UserError
from qpatch.lab.definitions.profile import load_profile
from qpatch.strategy.document import read_document
from qpatch.trees.places import configuration_file
from qpatch.trees.releases import load_configuration
from qpatch.yamltext import MAX_DIGITS, MAX_NESTING, check_structure, read_yaml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DEEP = f"more than {MAX_NESTING} levels are nested here"


class LimitedLoader(yaml.SafeLoader):
    """Stops by itself where it has scanned 100 open brackets, as libyaml does since 0.2.6 at 1000."""

    def fetch_flow_collection_start(self, TokenClass: Any) -> None:  # noqa: N803  # PyYAML's name
        if self.flow_level == 100:
            raise ScannerError("while increasing flow level", self.get_mark(), "exceeded", self.get_mark())
        super().fetch_flow_collection_start(TokenClass)


LOADERS = (yaml.CSafeLoader, yaml.SafeLoader, LimitedLoader)


def nested(levels: int, kind: str) -> str:
    """Return a valid document whose innermost scalar stands in so many collections."""
    match kind:
        case "flow sequence":
            return "[" * levels + "x" + "]" * levels
        case "flow mapping":
            return "{a: " * levels + "x" + "}" * levels
        case "flow in a value":
            return "name: " + "[" * (levels - 1) + "x" + "]" * (levels - 1)
        case "block sequence":
            return "- " * levels + "x"
        case "block mapping":
            return "\n".join(" " * level + "a:" for level in range(levels)) + " x"
        case "explicit keys":
            return "? " * levels + "x"
        case "sequences at the indentation of their keys":
            inner = range(levels // 2 - 1)
            return "a:\n" + "".join("  " * level + "- a:\n" for level in inner) + "  " * len(inner) + "- x"
    raise AssertionError(kind)


KINDS = (
    "flow sequence",
    "flow mapping",
    "flow in a value",
    "block sequence",
    "block mapping",
    "explicit keys",
    "sequences at the indentation of their keys",
)


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("kind", KINDS)
def test_as_many_levels_as_are_allowed(kind: str, loader: type[yaml.SafeLoader]) -> None:
    check_structure(nested(MAX_NESTING, kind), "f", "c", loader=loader)


@pytest.mark.parametrize("levels", [MAX_NESTING + 2, 1200])
@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("kind", KINDS)
def test_more_levels_are_refused_in_the_same_words(kind: str, loader: type[yaml.SafeLoader], levels: int) -> None:
    with pytest.raises(UserError) as here:
        check_structure(nested(levels, kind), "f", "c", loader=loader)
    with pytest.raises(UserError) as least:
        check_structure(nested(MAX_NESTING + 2, kind), "f", "c", loader=yaml.SafeLoader)
    assert (here.value.code, here.value.message, here.value.where) == ("c", DEEP, least.value.where)


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("start", ["", "name: ", "- ", "a: 1\nname: ", "name:\n- b: "])
def test_brackets_without_end_are_too_deep_before_they_are_wrong(start: str, loader: type[yaml.SafeLoader]) -> None:
    with pytest.raises(UserError, match=DEEP):
        check_structure(start + "[" * 1500, "f", "c", loader=loader)


@pytest.mark.parametrize("loader", LOADERS)
@given(text=st.text(alphabet="[]{},:-? \n&*a'\"|#", max_size=60))
def test_no_text_brings_another_error(text: str, loader: type[yaml.SafeLoader]) -> None:
    try:
        check_structure(text, "f", "c", loader=loader)
    except UserError as error:
        assert "alias" in error.message


def lines(*entries: str) -> str:
    return "\n".join(entries) + "\n"


LAUGHS = lines(
    "a: &a [x, x, x, x, x, x, x, x, x, x]",
    *(f"{b}: &{b} [{','.join([f'*{a}'] * 10)}]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
)
TOWER = lines("a: &a [x]", *(f"{b}: &{b} [[[[[*{a}]]]]]" for a, b in zip("abcdefgh", "bcdefghi", strict=True)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LAUGHS, "f:4:29: aliases repeat more than 10000 values up to here"),
        (LAUGHS.replace(" [", " {<<: [").replace("]", "]}"), "aliases repeat more than 10000 values up to here"),
        ("a: &a [*a]", "f:1:8: the alias *a stands inside of what it stands for"),
        ("&a {b: {c: *a}}", "f:1:12: the alias *a stands inside of what it stands for"),
        (TOWER, DEEP),
        ("a: *b", "found undefined alias"),
        ("a: 2021-02-31", "f:1:4: day is out of range for month"),
        ("a: [1\nb: 2", "f:2:2: "),
        ("a: \x07", "f:1: the character U+0007 is not allowed in YAML"),
        ("a: !!python/object:os.system x", "could not determine a constructor"),
    ],
)  # fmt: skip
def test_documents_that_are_refused(text: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        read_yaml(text, "f", "bad-configuration")
    assert message in f"{caught.value.where}: {caught.value.message}"


def test_aliases_in_measure_are_read() -> None:
    text = lines("a: &a {x: 1}", "b: [*a, *a]", "c: {<<: *a, y: 2}")
    assert read_yaml(text, "f", "c") == {"a": {"x": 1}, "b": [{"x": 1}, {"x": 1}], "c": {"x": 1, "y": 2}}


def test_a_strategy_with_aliases_is_told_that_there_are_none() -> None:
    with pytest.raises(UserError, match=r"aliases .* are not used in strategies"):
        read_document(LAUGHS, "f")


def strategy(file: Path) -> object:
    return read_document(file.read_text(), str(file))


def recipe(file: Path) -> object:
    own = configuration_file().parent / "recipes" / "own.yaml"
    own.parent.mkdir(parents=True)
    own.write_text(file.read_text())
    return qemu_recipe("10.2")


READERS: dict[str, Callable[[Path], object]] = {
    "strategy": strategy,
    "configuration": load_configuration,
    "lab data": lambda file: load_profile(str(file)),
    "recipe": recipe,
}


@pytest.mark.parametrize("reader", READERS)
def test_every_file_of_a_user_is_bounded(reader: str, tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("name: " + "[" * 5000)
    with pytest.raises(UserError) as caught:
        READERS[reader](file)
    assert caught.value.message == DEEP
    assert str(caught.value.where).endswith("own.yaml:1:46")


@pytest.mark.parametrize("reader", ["configuration", "lab data"])
def test_a_file_that_is_no_text(reader: str, tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match="the file is not UTF-8: "):
        READERS[reader](file)


@pytest.mark.parametrize(
    "value",
    [
        "!!bool x",
        "!!timestamp x",
        "2026-02-31",
        '!!int ""',
        '!!float ""',
        "!!int x",
        "!!binary é",
        "9" * 5000,
        "0x" + "f" * 5000,
    ],
)
def test_a_value_that_is_not_what_its_tag_says_has_a_place(value: str) -> None:
    for text in (f"providers: []\ntrees: {value}\n", f"providers: []\n{'x: '}[a, {value}]\n"):
        configuration_file().parent.mkdir(parents=True, exist_ok=True)
        configuration_file().write_text(text)
        with pytest.raises(UserError) as caught:
            load_configuration(configuration_file())
        assert caught.value.code == "bad-configuration"
        assert caught.value.where is not None and caught.value.where.line == 2


@pytest.mark.parametrize("text", ["9" * 5000, "-" + "9" * 5000])
def test_a_number_of_a_strategy_that_is_too_long_has_a_place(text: str) -> None:
    with pytest.raises(UserError, match="digits is too long") as caught:
        read_document(f"name: x\npriority: {text}\n", "s.yaml")
    assert (caught.value.code, str(caught.value.where)) == ("strategy-syntax", "s.yaml:2:11")
    assert read_document(f"a: {'9' * MAX_DIGITS}", "s.yaml").data == {"a": int("9" * MAX_DIGITS)}
