# SPDX-License-Identifier: GPL-2.0-or-later
"""The builder on a miniature QEMU: what is built, what is not built again, and what is told."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from builder_support import BINARY, DEVICES, RECIPE, TARGET, bench, compiled
from miniature_support import COMPILED, miniature_strategy, needs_compiler, other_compiler
from series_support import git

from qpatch.cli.main import main
from qpatch.errors import ExitCode

if TYPE_CHECKING:
    from builder_support import Bench

__all__ = ["bench"]
pytestmark = needs_compiler


def statuses(result: dict[str, object]) -> list[str]:
    patches = result["patches"]
    assert isinstance(patches, list)
    return [patch["status"] for patch in patches]


def test_a_baseline_is_built_once(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    code, first = bench.build(capsys, "baseline")
    assert (code, first["status"], statuses(first)) == (ExitCode.OK, "built", ["built"])
    binary = first["products"][BINARY]
    assert subprocess.run([binary], check=False).returncode == 0
    code, second = bench.build(capsys, "baseline")
    assert (code, second["status"], second["products"]) == (ExitCode.OK, "kept", first["products"])
    assert second["patches"][0]["steps"] == 0


def test_each_patch_compiles_what_it_touches_and_the_baseline_stays(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    _, baseline = bench.build(capsys, "baseline")
    before = Path(baseline["products"][BINARY]).read_bytes()
    code, result = bench.build(capsys, "good", "--each-patch")
    assert (code, statuses(result)) == (ExitCode.OK, ["kept", "built", "built", "built"])
    for number, sources in enumerate(COMPILED, start=1):
        names = {Path(name).name for name in compiled(result, number)}
        assert names == {f"{source.replace('/', '_')}.o" for source in sources}
    assert Path(baseline["products"][BINARY]).read_bytes() == before
    assert Path(result["products"][BINARY]).read_bytes() != before
    _, again = bench.build(capsys, "baseline")
    assert again["status"] == "kept"


def test_without_each_patch_the_last_one_alone_is_built(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    code, result = bench.build(capsys, "good")
    assert (code, [patch["number"] for patch in result["patches"]]) == (ExitCode.OK, [0, 3])
    _, each = bench.build(capsys, "good", "--each-patch")
    assert statuses(each) == ["kept", "built", "built", "kept"]
    _, again = bench.build(capsys, "good", "--each-patch")
    assert (again["status"], again["products"]) == ("kept", result["products"])


def test_both_targets_have_builds_of_their_own(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*bench.words("baseline"), "--target", "both", "--json"]) == ExitCode.OK
    results = json.loads(capsys.readouterr().out)["results"]
    assert [(result["target"], list(result["products"])) for result in results] == [
        (TARGET, [BINARY]),
        ("x86_64-softmmu", ["qemu-system-x86_64"]),
    ]


def test_files_of_the_build_alone_are_in_no_product_of_git(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.build(capsys, "good")
    assert (bench.workspace / "source" / DEVICES).read_text() == "CONFIG_VFIO_PCI=y\n"
    assert git(bench.tree, "status", "--porcelain") == ""
    assert (
        main(
            [
                "render",
                "good",
                "--strategies",
                str(bench.directory / "strategies"),
                "--tree",
                str(bench.tree),
                "-o",
                "out",
                "--no-checkpatch",
                "--no-maintainers",
            ]
        )
        == ExitCode.OK
    )
    mails = "".join(path.read_text() for path in Path("out").rglob("*.patch"))
    assert "qpatch.mak" not in mails


def test_the_commits_are_those_that_render_names(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    _, built = bench.build(capsys, "good", "--each-patch")
    main(
        [
            "render",
            "good",
            "--strategies",
            str(bench.directory / "strategies"),
            "--tree",
            str(bench.tree),
            "-o",
            "out",
            "--no-checkpatch",
            "--no-maintainers",
            "--json",
        ]
    )
    rendered = json.loads(capsys.readouterr().out)["results"][0]
    assert [patch["commit"] for patch in built["patches"]] == [
        rendered["base"],
        *(patch["commit"] for patch in rendered["patches"]),
    ]


def test_metadata_tells_how(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    _, result = bench.build(capsys, "baseline")
    metadata = json.loads(Path(result["metadata"]).read_text())
    assert metadata["base"] == git(bench.tree, "rev-parse", "HEAD").strip()
    assert "--target-list=aarch64-softmmu" in metadata["configure"]
    assert metadata["compiler"].startswith(("cc", "gcc"))
    assert metadata["steps"] > 1
    assert metadata["durations"]["make_s"] > 0


@pytest.mark.slow  # makes a virtual environment, as QEMU's configure wants one
def test_the_reproducer_repeats_a_build(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    _, result = bench.build(capsys, "baseline")
    metadata = json.loads(Path(result["metadata"]).read_text())
    script = bench.directory / "reproduce.sh"
    script.write_text(metadata["reproducer"])
    clean, empty = bench.directory / "clean", bench.directory / "empty"
    git(bench.directory, "clone", "-q", str(bench.tree), str(clean))
    empty.mkdir()
    done = subprocess.run(["sh", str(script)], cwd=empty, env={**os.environ, "SOURCE": str(clean)}, check=False)
    assert done.returncode == 0
    assert (empty / BINARY).exists()


@pytest.mark.parametrize(
    ("kind", "edit", "message"),
    [
        ("type-error", "vbasedev->changes += *new_state", "invalid type argument of unary"),
        ("missing-caller", "", "too few arguments"),
        ("link-error", "", "undefined reference"),
    ],
)
def test_what_does_not_build_leads_to_the_edit(
    bench: Bench, capsys: pytest.CaptureFixture[str], kind: str, edit: str, message: str
) -> None:
    strategy = miniature_strategy(bench.directory, kind)  # type: ignore[arg-type]  # parametrized
    code, result = bench.build(capsys, kind, "--each-patch")
    assert (code, result["status"], statuses(result)) == (ExitCode.BUILD_FAILED, "failed", ["built", "built", "failed"])
    culprit = result["culprit"]
    assert message in culprit["error"]["message"]
    assert culprit["edit"]["patch"] == 2
    assert Path(culprit["edit"]["file"]).samefile(strategy)
    if edit:
        lines = strategy.read_text().splitlines()[culprit["edit"]["line"] - 1 :]
        item = list(itertools.takewhile(lambda line: "- in:" not in line and "subject:" not in line, lines[1:]))
        assert any(edit in line for line in item)
    code, baseline = bench.build(capsys, "baseline")
    assert (code, baseline["status"]) == (ExitCode.OK, "kept")
    code, good = bench.build(capsys, "good", "--each-patch")
    assert (code, statuses(good)[0]) == (ExitCode.OK, "kept")


def test_a_failure_is_told_in_words(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    miniature_strategy(bench.directory, "type-error")
    assert main([*bench.words("type-error", "--each-patch"), "-q"]) == ExitCode.BUILD_FAILED
    told = capsys.readouterr().err
    assert "patch 2 (vfio/migration: Count the changes of state) does not build" in told
    assert "hw/vfio/migration.c:18:" in told
    assert "strategies/type-error.yaml:" in told
    log = Path(told.split("log: ")[1].splitlines()[0])
    assert "invalid type argument" in log.read_text()


@pytest.mark.parametrize(
    "extents", [("--each-patch",), ("--objects",), ("--objects", "--each-patch"), ("--each-patch", "--each-patch")]
)
def test_a_new_warning_is_told_and_an_old_one_not(
    bench: Bench, capsys: pytest.CaptureFixture[str], extents: tuple[str, ...]
) -> None:
    migration = bench.tree / "hw/vfio/migration.c"
    migration.write_text(migration.read_text() + "\nstatic int old(void)\n{\n    return 0;\n}\n")
    git(bench.tree, "commit", "-qam", "a warning")
    miniature_strategy(bench.directory, "warning")
    bench.build(capsys, "baseline")
    for extent in extents:
        code, result = bench.build(capsys, "warning", extent)
        assert code == ExitCode.OK
        warned = [patch["warnings"] for patch in result["patches"]]
        assert warned[0] == warned[1] == warned[3] == []
        (warning,) = warned[2]
        assert "defined but not used" in warning
        assert "old" not in warning


def test_the_users_compiler_flags_do_not_matter(
    bench: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in {"CC": "/bin/false", "CFLAGS": "-DX", "NINJA_STATUS": "%p ", "MAKEFLAGS": "-n"}.items():
        monkeypatch.setenv(variable, value)
    code, result = bench.build(capsys, "good", "--each-patch")
    assert (code, [patch["steps"] > 0 for patch in result["patches"]]) == (ExitCode.OK, [True] * 4)


def test_search_paths_of_the_user_are_part_of_what_is_built(
    bench: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.build(capsys, "baseline")
    monkeypatch.setenv("CPATH", str(bench.directory))
    assert bench.build(capsys, "baseline")[1]["status"] == "built"


def test_the_cache_may_lie_behind_a_link(
    bench: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (bench.directory / "elsewhere").mkdir()
    (bench.directory / "link").symlink_to("elsewhere")
    monkeypatch.setenv("QPATCH_CACHE", str(bench.directory / "link"))
    miniature_strategy(bench.directory, "type-error")
    code, result = bench.build(capsys, "type-error", "--objects")
    assert (code, result["culprit"]["edit"]["patch"]) == (ExitCode.BUILD_FAILED, 2)
    assert bench.build(capsys, "good")[1]["patches"][-1]["not_compiled"] == []


def test_a_cache_that_was_moved_is_configured_anew(
    bench: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    miniature_strategy(bench.directory, "type-error")
    bench.build(capsys, "baseline")
    shutil.copytree(bench.home / "cache", bench.directory / "copy", symlinks=True)
    monkeypatch.setenv("QPATCH_CACHE", str(bench.directory / "copy"))
    code, result = bench.build(capsys, "type-error", "--each-patch")
    assert (code, result["culprit"]["edit"]["patch"]) == (ExitCode.BUILD_FAILED, 2)


def test_a_tree_that_moves_on_is_built_where_it_was(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.build(capsys, "baseline")
    irq = bench.tree / "hw/core/irq.c"
    irq.write_text(irq.read_text() + "\n")
    git(bench.tree, "commit", "-qam", "one file")
    _, result = bench.build(capsys, "baseline")
    assert [Path(name).name for name in compiled(result, 0)] == ["hw_core_irq.c.o"]
    configure = bench.tree / "configure"
    configure.write_text(configure.read_text() + "\n")
    git(bench.tree, "commit", "-qam", "configure")
    assert main(bench.words("baseline")) == ExitCode.OK
    assert "what it is configured by has changed" in capsys.readouterr().err


def test_a_patch_to_what_nothing_is_made_of_is_told(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    strategy = bench.directory / "strategies" / "good.yaml"
    strategy.write_text(
        strategy.read_text()
        .replace("path: hw/vfio/meson.build", "path: hw/vfio/ready.c")
        .replace("  'pci.c',\n            + 'ready.c',\n", '  #include "qemu/osdep.h"\n            + /* x */\n')
    )
    code, result = bench.build(capsys, "good", "--each-patch")
    assert code == ExitCode.OK, result
    assert result["patches"][3]["not_compiled"] == ["hw/vfio/ready.c"]


def test_a_base_that_does_not_build_is_told(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    irq = bench.tree / "hw/core/irq.c"
    irq.write_text(irq.read_text() + "\nint f(void) { return undeclared; }\n")
    git(bench.tree, "commit", "-qam", "broken")
    for words in ("baseline", "good"):
        assert main(bench.words(words)) == ExitCode.BUILD_FAILED
        told = capsys.readouterr().err
        assert "hw/core/irq.c:" in told
        assert "'undeclared' undeclared" in told
        assert "the tree does not build without any patch" in told


def test_objects_are_compiled_and_nothing_is_linked(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    code, result = bench.build(capsys, "good", "--objects")
    assert code == ExitCode.OK
    assert result["products"] == {}
    assert not (bench.workspace / "qemu" / BINARY).exists()
    for number, sources in enumerate(COMPILED, start=1):
        names = {Path(name).name for name in compiled(result, number)}
        assert names >= {f"{source.replace('/', '_')}.o" for source in sources}
    assert not (bench.workspace / "qemu" / "libqemu-aarch64-softmmu.a.p" / "system_main.c.o").exists()


def test_objects_of_a_series_that_does_not_compile(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    miniature_strategy(bench.directory, "missing-caller")
    code, result = bench.build(capsys, "missing-caller", "--objects")
    assert (code, result["culprit"]["edit"]["patch"]) == (ExitCode.BUILD_FAILED, 2)


def test_a_series_with_nothing_to_do_is_not_built(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    strategy = bench.directory / "strategies" / "good.yaml"
    strategy.write_text(strategy.read_text().replace("qemu:\n", 'qemu:\n  void: [{when: "true", reason: no use}]\n'))
    code, result = bench.build(capsys, "good")
    assert (code, result["status"], result["reason"]) == (ExitCode.NOTHING_APPLIED, "void", "no use")


def test_a_drifted_series_is_not_built(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    strategy = bench.directory / "strategies" / "good.yaml"
    strategy.write_text(strategy.read_text().replace("vfio_set_state", "vfio_gone"))
    code, result = bench.build(capsys, "good")
    assert (code, result["status"]) == (ExitCode.DRIFT, "drifted")


def test_a_tree_that_cannot_be_configured(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.recipe(RECIPE.replace("--disable-docs", "bad-word"))
    code, result = bench.build(capsys, "baseline")
    assert (code, result["error"]["code"]) == (ExitCode.BUILD_FAILED, "configure-failed")
    assert "unknown option bad-word" in result["reason"]
    bench.recipe()
    assert bench.build(capsys, "baseline")[0] == ExitCode.OK


def test_another_compiler_means_another_configuration(
    bench: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.build(capsys, "baseline")
    directory = other_compiler(bench.directory / "other")
    monkeypatch.setenv("PATH", str(directory), prepend=":")
    code = main([*bench.words("baseline"), "--json"])
    shown = capsys.readouterr()
    result = json.loads(shown.out)["results"][0]
    assert (code, result["status"]) == (ExitCode.OK, "built")
    assert "configured again: compiler was" in shown.err
    assert json.loads(Path(result["metadata"]).read_text())["compiler"] == "cc 99.1"


@pytest.mark.parametrize(
    "words",
    [
        ["build", "baseline"],
        ["build", "--tree", "x"],
        ["build", "baseline", "--tree", "x", "--objects", "--each-patch"],
        ["build", "good", "--tree", "x", "--prebuilt"],
        ["build", "baseline", "--tree", "x", "-j", "-1"],
    ],
)
def test_wrong_usage(bench: Bench, words: list[str]) -> None:
    assert main([*words, *(["--strategies", "strategies"] if "good" in words else [])]) == ExitCode.USAGE


def test_an_unknown_target(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    code, result = bench.build(capsys, "baseline", "--target", "arm")
    assert (code, result["error"]["code"]) == (ExitCode.USAGE, "unknown-target")
    assert "aarch64-softmmu" in result["error"]["hint"]


def test_render_checks_objects(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    miniature_strategy(bench.directory, "type-error")
    words = [
        "--strategies",
        str(bench.directory / "strategies"),
        "--tree",
        str(bench.tree),
        "-o",
        "out",
        "--check",
        "objects",
        "--no-checkpatch",
        "--no-maintainers",
        "--json",
    ]
    assert main(["render", "good", *words]) == ExitCode.OK
    assert [check["status"] for check in json.loads(capsys.readouterr().out)["checks"]] == ["built"]
    assert main(["render", "type-error", *words]) == ExitCode.BUILD_FAILED
    document = json.loads(capsys.readouterr().out)
    assert document["results"][0]["status"] == "rendered"
    assert document["checks"][0]["culprit"]["edit"]["patch"] == 2


def test_render_checks_a_tree_that_only_its_path_names(
    bench: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (bench.directory / "elsewhere").mkdir()
    monkeypatch.chdir(bench.directory / "elsewhere")
    words = ["--strategies", str(bench.directory / "strategies"), "--tree", str(bench.tree), "./none", "--json"]
    code = main(["render", "good", *words, "--check", "objects", "--no-checkpatch", "--no-maintainers"])
    document = json.loads(capsys.readouterr().out)
    assert [result["status"] for result in document["results"]] == ["rendered", "failed"]
    assert [(check["tree"], check["status"], check["stage"]) for check in document["checks"]] == [
        ("miniature", "built", "checked")
    ]
    assert code == ExitCode.USAGE
