# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMUs that migrate a device of a real kernel, in a virtual machine; and kernels that do so wrongly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from release_support import need

from qpatch.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.vm

KERNEL = "linux-6.12"
STRATEGY = """\
name: {name}
title: "vfio/mtty: {name}"
summary: A fault for tests.
linux:
  patches:
    - subject: "vfio/mtty: {name}"
      body: For tests.
      edits:
        - in: function mtty_set_state
          path: samples/vfio-mdev/mtty.c
          why: a negative control
          hunk: |2
              dev_dbg(vdev->dev, "%s -> %d\\n", __func__, new_state);
            + if (new_state == VFIO_DEVICE_STATE_RESUMING)
            +     {does};
"""


def migrated(capsys: pytest.CaptureFixture[str], directory: Path, *words: str) -> dict[str, Any]:
    """Migrate Debian's QEMU 10.0 in the vm lab; return the result, with its timeline."""
    need(KERNEL)
    output = str(directory / "results")
    main(["--json", "test", "baseline", "--prebuilt", "--tree", "qemu-10.0", "--lab", "vm", "-o", output, *words])
    printed = capsys.readouterr()
    (result,) = json.loads(printed.out)["results"] if printed.out else pytest.fail(printed.err)
    assert result["timeline"], result["reason"]
    lines = Path(result["timeline"]).read_text().splitlines()
    return {**result, "events": [json.loads(line) for line in lines]}


def faulty(directory: Path, name: str, does: str) -> Sequence[str]:
    """Write a strategy that makes mtty do that where it is to resume; return the words that run it."""
    (directory / "strategies").mkdir()
    (directory / "strategies" / f"{name}.yaml").write_text(STRATEGY.format(name=name, does=does))
    return ("--strategies", str(directory / "strategies"), "--kernel", f"{name}@{KERNEL}")


def states(result: dict[str, Any], actor: str) -> list[str]:
    """The states as the kernel saw them, with those that were refused."""
    return [
        event["fields"]["to"] if event["name"] == "state" else f"not {event['fields']['to']}"
        for event in result["events"]
        if event["actor"] == actor and event["name"] in ("state", "state-refused")
    ]


@pytest.mark.vmround
def test_interrupts_state_and_memory_come_through_the_kernels_vfio(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The project's own device: what is checked is what the preload lab checks, but VFIO is the kernel's."""
    result = migrated(capsys, tmp_path, "--profile", "irq-eager")
    assert result["verdict"] == "delivered", result["reason"]
    assert result["order"] == ["data", "arm_gicv3", "arm_gicv3_its", "config", "set_irqs"]
    assert result["interrupts"]["delivered"] > 20
    assert states(result, "qemu1")[:3] == ["resuming", "running-p2p", "running"]


def test_what_is_planted_in_the_device_is_seen_there_too(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    result = migrated(capsys, tmp_path, "--profile", "state-flipped")
    assert result["verdict"] == "corrupted", result["reason"]
    assert "its state is wrong" in result["reason"]


def test_mtty_migrates_and_the_kernel_saw_its_states(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    result = migrated(capsys, tmp_path, "--profile", "mtty")
    assert result["verdict"] == "delivered", result["reason"]
    forth = ["running-p2p", "running", "pre-copy", "pre-copy-p2p", "stop-copy", "stop"]
    assert states(result, "qemu0")[:6] == forth
    assert states(result, "qemu1")[:3] == ["resuming", "running-p2p", "running"]
    assert (result["source_state"], result["destination_state"]) == ("postmigrate", "running")


def test_a_kernel_that_refuses_to_resume_does_not_deliver(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    result = migrated(capsys, tmp_path, "--profile", "mtty", *faulty(tmp_path, "refuse", "return ERR_PTR(-EBUSY)"))
    assert result["verdict"] == "failed", result["reason"]
    assert "Failed setting device state to RESUMING" in result["reason"]
    assert "not resuming" in states(result, "qemu1")


def test_a_kernel_that_oopses_has_crashed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    result = migrated(capsys, tmp_path, "--profile", "mtty", *faulty(tmp_path, "oops", "BUG()"))
    assert result["verdict"] == "crashed", result["reason"]
    assert "the kernel oopsed: kernel BUG at" in result["reason"]
