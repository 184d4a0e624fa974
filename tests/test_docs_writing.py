# SPDX-License-Identifier: GPL-2.0-or-later
"""What docs/writing-a-strategy.md has its reader write is a strategy, and does what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qpatch import api
from qpatch.cli.main import main
from qpatch.errors import ExitCode

GUIDE = Path(__file__).parent.parent / "docs" / "writing-a-strategy.md"
_BLOCK = re.compile(r"^```(?P<language>yaml|text)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def written(place: Path, *, with_rules: bool) -> Path:
    """Write what the guide shows into `place`; return the strategy's file."""
    blocks: dict[str, list[str]] = {"yaml": [], "text": []}
    for block in _BLOCK.finditer(GUIDE.read_text(encoding="utf-8")):
        blocks[block["language"]].append(block["text"])
    first, rules = blocks["yaml"]
    (message,) = blocks["text"]
    file, template = place / "strategies/my-blocker.yaml", place / "templates/my-blocker/01-blocker.j2"
    for path, text in (
        (file, first.replace("qemu:\n", f"qemu:\n{rules}") if with_rules else first),
        (template, message),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return file


def options(place: Path) -> api.RenderOptions:
    return api.RenderOptions(output=place / "series", check=False, maintainers=False)


def rendered(file: Path, place: Path, tree: str) -> api.RenderedResult:
    (result,) = api.render(api.load_strategies([str(file)]), [tree], options(place))
    return result


def change(result: api.RenderedResult) -> str:
    """Return the change itself of a lone patch's mail."""
    (patch,) = result.patches
    return Path(result.directory, patch.file).read_text(encoding="utf-8").partition("\ndiff --git ")[2]


@pytest.mark.parametrize("with_rules", [False, True])
def test_the_check_has_nothing_to_say(tmp_path: Path, *, with_rules: bool) -> None:
    file = written(tmp_path, with_rules=with_rules)
    assert main(["strategy", "check", str(file)]) == ExitCode.OK


@pytest.mark.tree
@pytest.mark.parametrize("tree", ["qemu-10.0"])
def test_it_drifts_and_is_then_void(tmp_path: Path, tree: str) -> None:
    bare = rendered(written(tmp_path / "bare", with_rules=False), tmp_path / "bare", tree)
    assert bare.status is api.Status.DRIFTED
    assert "has no function vfio_iommufd_cpr_register_iommufd" in bare.reason
    assert rendered(written(tmp_path / "ruled", with_rules=True), tmp_path / "ruled", tree).status is api.Status.VOID


@pytest.mark.tree
@pytest.mark.parametrize("tree", ["qemu-10.2"])
def test_it_renders_to_what_ships(tmp_path: Path, tree: str) -> None:
    (shipped,) = api.load_strategies(["cpr-iommufd-blocker"])
    (expected,) = api.render([shipped], [tree], options(tmp_path / "shipped"))
    for with_rules in (False, True):
        place = tmp_path / str(with_rules)
        assert change(rendered(written(place, with_rules=with_rules), place, tree)) == change(expected)
