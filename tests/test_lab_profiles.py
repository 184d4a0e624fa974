# SPDX-License-Identifier: GPL-2.0-or-later
"""The device profiles that ship, how they are overridden, and what becomes of them in devices.conf."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from qpatch.errors import UserError
from qpatch.lab.definitions.profile import MAX_FAULTS, DeviceSettings, Faults, Profile, load_profile, profile_names
from qpatch.lab.definitions.release import table
from qpatch.lab.model import Verdict
from qpatch.lab.preload.devices import configuration_entries, write_devices

if TYPE_CHECKING:
    from pathlib import Path

WANTED = {
    "plain",
    "config-first",
    "config-first-precopy",
    "irqs-first",
    "irq-eager",
    "irq-late",
    "irq-stopping",
    "self-contained",
    "chatty",
    "many-vectors-65",
    "many-vectors-1024",
    "big-state",
    "stop-copy-only",
    "pre-copy",
    "p2p",
    "faulty",
    "dirty-dropped",
    "state-flipped",
    "set-irqs-fails",
    "interrupt-swallowed",
}


def test_the_profiles_of_the_lab_are_there() -> None:
    assert set(profile_names()) >= WANTED


@pytest.mark.parametrize("name", profile_names())
def test_every_profile_is_called_as_its_file_and_uses_known_words(name: str) -> None:
    profile = load_profile(name)
    assert profile.name == name
    assert set(profile.requires) <= table().features.keys()
    assert not profile.control or Verdict(profile.control)


def test_the_near_name_is_proposed() -> None:
    with pytest.raises(UserError) as caught:
        load_profile("irq-eagre")
    assert (caught.value.code, caught.value.hint) == ("unknown-profile", "Did you mean 'irq-eager'?")


def test_a_scenario_overrides_only_what_it_names() -> None:
    profile = DeviceSettings.model_validate({"vectors": 65, "dma-logging": True})
    device = profile.overridden_by(DeviceSettings.model_validate({"dma-logging": False}))
    assert (device.vectors, device.dma_logging) == (65, False)


@pytest.mark.parametrize(
    "fault",
    [
        "state/running:1:EIO",
        "data-read/stop-copy:2:short",
        "raise:1:swallow",
        "set-irqs/destination:1:EINVAL",
        "state-byte:12:flip",
    ],
)
def test_faults_of_the_device_are_accepted(fault: str) -> None:
    assert Faults.model_validate({"source": [fault]}).source == (fault,)


@pytest.mark.parametrize(
    ("fault", "wrong"),
    [
        ("state/walking:1:EIO", "'state/walking' is no operation"),
        ("mmap:1:EIO", "'mmap' is no operation"),
        (
            "data-read:0:EIO",
            "'0:EIO' is no number from 1 with one of EIO, EINVAL, ENOSPC, ENOMEM, EBUSY, short, drop behind",
        ),
        ("reset:1:EWHAT", "'1:EWHAT' is no number from 1"),
        ("reset", "'' is no number from 1"),
        ("reset:1:EIO:2", "'1:EIO:2' is no number from 1"),
        ("raise:1:EIO", "'1:EIO' is no number from 1 with one of swallow, accept, late behind"),
        ("reset:1:short", "'1:short' is no number from 1"),
    ],
)
def test_other_faults_are_not(fault: str, wrong: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Faults.model_validate({"source": [fault]})
    assert wrong in str(caught.value)


def test_a_device_remembers_sixteen_faults() -> None:
    assert MAX_FAULTS == 16
    with pytest.raises(ValidationError, match="at most 16"):
        Faults.model_validate({"source": [f"data-read:{nth}:EIO" for nth in range(1, MAX_FAULTS + 2)]})


@pytest.mark.parametrize(
    ("device", "wrong"),
    [
        ({"vectors": 0}, "greater than or equal to 1"),
        ({"vectors": 4096}, "less than or equal to 2048"),
        ({"msi-vectors": 3}, "3 is no power of two"),
        ({"msi-vectors": 64}, "less than or equal to 32"),
        ({"raise-vector": 2048}, "less than or equal to 2047"),
        ({"stop-copy-pause": 600_001}, "less than or equal to 600000"),
        ({"traits": ["post-copy"]}, "'post-copy' is none of pre-copy, p2p"),
        ({"require": "luck"}, "'luck' is none of config, config-any, irqs, no-config, no-irqs"),
        ({"raise": ["now"]}, "'now' is none of set-irqs, running, running-p2p"),
        ({"dirty-report": "false"}, "'false' is none of true, drop"),
    ],
)
def test_values_that_no_device_has_are_refused(device: dict[str, object], wrong: str) -> None:
    with pytest.raises(ValidationError, match=wrong):
        Profile.model_validate({"name": "p", "title": "t", "device": device})


def test_devices_have_seeds_groups_and_sysfs_directories_of_their_own(tmp_path: Path) -> None:
    devices = write_devices(tmp_path, 2, "v2", DeviceSettings(seed=5), ("reset:1:EIO",))
    first, second = devices.configuration.read_text(encoding="utf-8").split("\n\n")
    assert {"name=dev0", "group=100", "cdev=vfio100", "protocol=v2", "seed=5", "fault=reset:1:EIO"} <= {
        *first.split("\n")
    }
    assert {"name=dev1", "group=101", "cdev=vfio101", "seed=6"} <= {*second.split("\n")}
    assert "fault" not in second
    assert str((devices.sysfs[1] / "iommu_group").readlink()) == "../../groups/101"
    assert (devices.sysfs[1] / "vfio-dev/vfio101/dev").read_text(encoding="utf-8") == "1:3\n"


def test_settings_are_written_as_the_library_reads_them() -> None:
    settings = DeviceSettings.model_validate(
        {
            "traits": ["p2p"],
            "raise": ["set-irqs", "running"],
            "require": "irqs",
            "stop-copy-pause": 100,
            "memory-mmap": False,
        }
    )
    entries = configuration_entries(settings)
    assert entries["traits"] == "p2p"
    assert entries["raise"] == "set-irqs,running"
    assert (entries["require"], entries["stop-copy-pause"], entries["memory-mmap"]) == ("irqs", "100", "off")


def test_a_device_without_a_rule_has_no_such_line() -> None:
    assert "require" not in configuration_entries(DeviceSettings())
