# SPDX-License-Identifier: GPL-2.0-or-later
"""What letters say of runs: those of their own tree with their own patches, and nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from series_support import applied_tree, make_tree, plan, two_patches, write

from qpatch.series.evidence import Seen, evidence_text, with_evidence
from qpatch.series.model import RenderOptions
from qpatch.strategy.message import EVIDENCE_MARK
from qpatch.strategy.places import shipped

if TYPE_CHECKING:
    from pathlib import Path

    from qpatch.trees.git import Repository

TEMPLATES = shipped() / "templates"
BASE, TIP, OTHER = "b" * 40, "a" * 40, "c" * 40
LOST = Seen(BASE, BASE, "q35", "eager", "once", {"lost": 10}, False, "eager: Raises at once. It need not.", "A lab.")
MENDED = replace(LOST, source=TIP, destination=TIP, verdicts={"delivered": 10}, well=True)
SHORT_LINE = 72


def told(*seen: Seen) -> str:
    return evidence_text(seen, BASE, TIP)


def test_what_the_series_changes_is_told_with_what_the_device_does() -> None:
    text = told(LOST, MENDED)
    assert text.startswith("What was seen\n=============\n\n")
    assert "- eager, once, on q35: lost 10 of 10; with this series delivered 10 of\n  10." in text
    assert "\neager: Raises at once. It need not.\n" in text
    assert text.endswith("\n\nA lab. Results on real hardware are what is needed most.")
    assert max(map(len, text.splitlines())) <= SHORT_LINE


def test_machines_that_ended_alike_share_a_line() -> None:
    arm = [replace(one, machine="virt") for one in (LOST, MENDED)]
    other = [replace(one, machine="z") for one in (LOST, LOST)]
    text = told(LOST, MENDED, *arm, *other, replace(MENDED, machine="z", verdicts={"delivered": 9, "lost": 1}))
    assert "eager, once, on q35 and virt: lost 10 of 10; with this series" in " ".join(text.split())
    assert "eager, once, on z: lost 20 of 20; with this series delivered 9 of 10, lost 1 of 10." in " ".join(
        text.split()
    )


def test_what_runs_set_that_is_off_by_default_is_told() -> None:
    text = evidence_text((LOST, MENDED), BASE, TIP, ("vfio-pci.x-first=on", "vfio-pci.x-depth=2"))
    assert "With vfio-pci.x-first=on and vfio-pci.x-depth=2, which is not the default." in " ".join(text.split())
    assert evidence_text((LOST,), BASE, TIP, ("vfio-pci.x-first=on",)) == ""


# What a letter must not say by itself, since it is told of runs which it may not have had.
_CLAIM = re.compile(
    r"\b(?:counted|runs? below|told of runs|is run here|(?:we|I) (?:ran|saw|measured|tested)"
    r"|in (?:our|my|these) (?:runs|tests)|under TCG\))",
    re.IGNORECASE,
)


@pytest.mark.parametrize(
    "file", sorted(TEMPLATES.glob("*/*cover.j2")), ids=lambda file: f"{file.parent.name}/{file.name}"
)
def test_shipped_letters_leave_it_to_the_evidence_to_tell_of_runs(file: Path) -> None:
    text = file.read_text()
    assert "\n@{{ evidence }}\n" in text
    assert not _CLAIM.search(" ".join(text.split()))


def test_what_ends_as_without_the_series_is_counted_and_named() -> None:
    plain = replace(LOST, profile="plain", verdicts={"delivered": 5}, well=True, about="plain: Nothing.")
    text = " ".join(told(LOST, MENDED, plain, replace(plain, source=TIP, destination=TIP)).split())
    assert (
        "In 1 more setting (5 runs with this series) it ended as without: delivered 5 of 5. These were plain/once."
        in text
    )
    assert "plain: Nothing." not in text


def test_a_series_that_makes_a_fault_rarer_or_more_frequent_makes_a_difference() -> None:
    now_and_then = replace(LOST, verdicts={"lost": 1, "delivered": 9})
    text = " ".join(told(now_and_then, replace(MENDED, verdicts={"lost": 9, "delivered": 1})).split())
    assert "lost 1 of 10, delivered 9 of 10; with this series lost 9 of 10, delivered 1 of 10." in text
    assert "as without" not in text


def test_what_is_wrong_with_and_without_the_series_is_told_by_itself_in_short() -> None:
    arm = replace(LOST, machine="virt")
    text = " ".join(told(LOST, arm, *(replace(one, source=TIP, destination=TIP) for one in (LOST, arm))).split())
    assert "As without this series, and not well, ended eager/once (lost 20 of 20)." in text
    assert "eager: Raises at once. It need not." in text
    assert "it ended as without" not in text


def test_a_run_with_the_series_alone_is_told_as_that() -> None:
    assert "- eager, once, on q35: with this series delivered 10 of 10." in told(MENDED)


def test_runs_between_a_qemu_with_the_series_and_one_without() -> None:
    there = replace(LOST, source=TIP, verdicts={"delivered": 3})
    back = replace(LOST, destination=TIP, verdicts={"failed": 3})
    text = " ".join(told(there, back).split())
    assert (
        "one without: - eager, once, on q35: from this series delivered 3 of 3; to this series failed 3 of 3." in text
    )


def test_several_documents_add_up() -> None:
    assert "delivered 20 of 20" in told(MENDED, MENDED)


@pytest.mark.parametrize(
    "seen",
    [
        (),
        (LOST,),  # the tree as it is, and nothing of the series
        (replace(MENDED, source=OTHER, destination=OTHER),),  # the series before a change, or on another tree
        (replace(MENDED, destination=OTHER),),
    ],
)
def test_runs_of_something_else_are_no_evidence(seen: tuple[Seen, ...]) -> None:
    assert told(*seen) == ""


def test_evidence_stands_where_the_letter_wants_it() -> None:
    assert with_evidence(f"Problem.\n\n{EVIDENCE_MARK}\n\nReview.\n", "Seen.") == "Problem.\n\nSeen.\n\nReview.\n"
    assert with_evidence("Problem.\n", "Seen.") == "Problem.\n\nSeen.\n"
    assert with_evidence("Problem.\n", "") == "Problem.\n"


def test_a_letter_without_evidence_says_that_nothing_was_run() -> None:
    text = with_evidence(f"Problem.\n\n{EVIDENCE_MARK}\n", "")
    assert "has not been run." in " ".join(text.split())
    assert "hardware" not in text


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_tree(tmp_path / "user")


def evidence_for(repository: Repository, options: RenderOptions, tmp_path: Path) -> tuple[Seen, ...]:
    """Return what was seen on the repository's commit, and with the series of `plan` on it."""
    rendered = write(repository, plan(repository), replace(options, output=tmp_path / "before"))
    tip = applied_tree(repository, rendered, tmp_path / "applied")
    base = repository.tree_of(rendered.base)
    return replace(LOST, source=base, destination=base), replace(MENDED, source=tip, destination=tip)


def test_the_letter_of_the_very_series_tells_it(repository: Repository, tmp_path: Path) -> None:
    options = RenderOptions(tmp_path / "out", check=False, maintainers=False)
    options = replace(options, evidence=evidence_for(repository, options, tmp_path))
    series = plan(repository, cover=f"Why.\n\n{EVIDENCE_MARK}\n\nReview it.\n")
    rendered = write(repository, series, options)
    letter = (rendered.directory / rendered.cover).read_text()
    assert "\nWhy.\n\nWhat was seen\n=============\n\nMigrations" in letter
    assert "lost 10 of 10; with this series delivered" in letter
    assert "hardware are what is needed most.\n\nReview it.\n" in letter
    other = write(repository, replace(series, patches=series.patches[:1]), options)
    letter = (other.directory / other.cover).read_text()
    assert "has not been run." in " ".join(letter.split())
    assert "lost" not in letter


def test_a_lone_patch_tells_it_below_its_dashes(repository: Repository, tmp_path: Path) -> None:
    options = RenderOptions(tmp_path / "out", check=False, maintainers=False)
    series = replace(plan(repository, two_patches()[:1]), cover_body=None)
    silent = write(repository, series, options)
    before = (silent.directory / silent.patches[0].file).read_text()
    tip = applied_tree(repository, silent, tmp_path / "applied")
    told_options = replace(options, evidence=(replace(MENDED, source=tip, destination=tip),))
    rendered = write(repository, series, told_options)
    mail = (rendered.directory / rendered.patches[0].file).read_text()
    assert "\n---\nWhat was seen\n=============\n" in mail
    assert "What was seen" not in before
    assert rendered.tip == silent.tip
    assert mail.splitlines()[1] != before.splitlines()[1], "another text is another sending: another Message-ID"
    assert "Message-ID" in mail.splitlines()[1]
