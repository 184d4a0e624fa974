# SPDX-License-Identifier: GPL-2.0-or-later
"""The device's words and limits: read from its C tables, and the same that its compiled code goes by."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from qpatch.errors import EnvironmentFault
from qpatch.lab.definitions.devicewords import NumberKey, device_words, read_words
from qpatch.lab.definitions.profile import DeviceSettings, Faults
from qpatch.lab.definitions.release import table
from qpatch.lab.preload.devices import configuration_entries

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DEVICE = Path(__file__).parents[1] / "kernel-selftests" / "emu" / "device"
WORDS = device_words()
# Says for each `key=value` of its input, set on top of the defaults, whether the device takes it: 1 or 0.
READER = """\
#include <stdio.h>
#include "profile.h"

int main(void)
{
	char line[256], error[EMU_ERROR_SIZE];
	struct emu_profile profile;

	while (fgets(line, sizeof(line), stdin)) {
		char *value = strchr(line, '=');

		line[strcspn(line, "\\n")] = 0;
		*value++ = 0;
		emu_profile_defaults(&profile);
		printf("%d\\n", !emu_profile_set(&profile, line, value, error));
	}
	return 0;
}
"""
ODD_RESULTS = ("EPERM", "half", "")


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program that reads devices.conf's keys with the device's own code."""
    if not shutil.which("cc"):
        pytest.skip("no compiler")
    folder = tmp_path_factory.mktemp("reader")
    (folder / "reader.c").write_text(READER)
    sources = [str(DEVICE / f"{part}.c") for part in ("profile", "fault-words", "number")]
    subprocess.run(
        ["cc", f"-I{DEVICE}", "-o", "reader", "reader.c", *sources], cwd=folder, check=True, capture_output=True
    )
    return folder / "reader"


def taken(reader: Path, settings: Sequence[tuple[str, str]]) -> list[bool]:
    lines = "".join(f"{key}={value}\n" for key, value in settings)
    output = subprocess.run([reader], input=lines, text=True, check=True, capture_output=True).stdout
    return [line == "1" for line in output.split()]


def accepts(model: type[DeviceSettings] | type[Faults], content: dict[str, object]) -> bool:
    try:
        model.model_validate(content)
    except ValidationError:
        return False
    return True


def around(number: NumberKey) -> Iterator[int]:
    yield from {max(number.least - 1, 0), number.least, number.default, number.least + 2, number.most, number.most + 1}


def test_python_takes_the_faults_that_the_device_takes(reader: Path) -> None:
    faults = [
        f"{operation}:{nth}:{result}"
        for operation in (*WORDS.operations, "state/walking", "data-read/stop", "mmap", "")
        for nth in (0, 1, 12)
        for result in (*WORDS.results, *ODD_RESULTS)
    ]
    device = taken(reader, [("fault", fault) for fault in faults])
    lab = [accepts(Faults, {"source": [fault]}) for fault in faults]
    assert dict(zip(faults, lab, strict=True)) == dict(zip(faults, device, strict=True))
    # errno values; short; swallow; accept, move, drop, more, zero, spread, late, flip
    assert sum(lab) == 2 * (17 * 5 + 4 + 17 + 3 + 1 + 3 + 3 + 5 + 1 + 1 + 1)


def test_python_takes_the_numbers_that_the_device_takes(reader: Path) -> None:
    settings = [(key, value) for key, number in WORDS.numbers.items() for value in around(number)]
    device = taken(reader, [(key, str(value)) for key, value in settings])
    assert [accepts(DeviceSettings, {key: value}) for key, value in settings] == device
    assert not all(device)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("traits", WORDS.traits),
        ("raise", WORDS.moments),
        ("require", WORDS.requirements),
        ("dirty-report", WORDS.dirty_reports),
    ],
)
def test_python_takes_the_words_that_the_device_takes(reader: Path, key: str, words: tuple[str, ...]) -> None:
    tried = (*words, "unheard-of")
    lists = key in ("traits", "raise")
    lab = [accepts(DeviceSettings, {key: [word] if lists else word}) for word in tried]
    assert lab == taken(reader, [(key, word) for word in tried]) == [*[True] * len(words), False]


def test_what_the_lab_writes_the_device_reads(reader: Path) -> None:
    """Every key of the device is one of DeviceSettings, but for those of which each device and release has its own."""
    written = configuration_entries(DeviceSettings(require="irqs", raise_=("running", "set-irqs")))
    entries = [*written.items(), *(("protocol", word) for word in WORDS.protocols)]
    assert taken(reader, entries) == [True] * len(entries)
    keys = {*WORDS.numbers, *WORDS.switches, "traits", "raise", "require", "dirty-report"}
    assert written.keys() == keys
    assert {table().protocol(release) for release in ((5, 2), (10, 0))} == {*WORDS.protocols}


def test_an_installation_without_the_tables_is_not_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("qpatch.lab.definitions.devicewords.shipped", lambda: tmp_path)
    with pytest.raises(EnvironmentFault, match=r"faults\.def: .*: the installation is not whole"):
        device_words.__wrapped__()


def test_a_word_that_is_added_to_the_tables_is_known(tmp_path: Path) -> None:
    for file in DEVICE.glob("*.def"):
        (tmp_path / file.name).write_text(file.read_text(encoding="utf-8"))
    with (tmp_path / "faults.def").open("a") as faults:
        faults.write('EMU_OPERATION("unplug", UNPLUG, -1, ERRNO | LATER)\nEMU_RESULT("late", 4, LATER)\n')
    words = read_words(tmp_path)
    assert words.results_of("unplug") == ("EIO", "EINVAL", "ENOSPC", "ENOMEM", "EBUSY", "late")
    assert "late" not in words.results_of("reset")
    assert words.numbers["vectors"] == NumberKey(8, 1, words.limits["MAX_VECTORS"])
