# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine that QEMU emulates for the lab: what its command line says, and which guest boots on it."""

from __future__ import annotations

from pydantic import Field

from qpatch.lab.definitions import datafile
from qpatch.lab.definitions.datafile import LabModel, Name

KIND = "machine"
MAX_CPUS = 4  # what the guests know; each takes a share of this machine's processors


class Machine(LabModel):
    """One of machines/*.yaml.

    `target` is QEMU's, `guest` names the guest that boots (a key of Artifacts.guests), `announces` is what that guest
    says of its interrupt controller. `machine` is the machine type, `versioned` the same of a certain release (both
    sides of a migration must name one that both have). `options` follow the type after commas. `arguments` is the rest
    of the command line, with `{guest}` for the guest's file; `slot` is that of the first emulated device on `bus`.
    `cpus` is how many processors it has where a scenario does not say, `most-cpus` how many its guest can use.
    `config-ports` are the ports of address and data of a PC's config space, None for a machine without.
    `measured-clock` tells that its guest measures the frequency of its counter, and does not know it.
    `read-only` are the ranges (address, bytes) that no device may write to, whatever the guest does.
    `controllers` are the names under which interrupt controllers migrate; `requires` are features of qemu.yaml;
    `one-release` says why both sides must be of the same release, '' where they need not.
    """

    name: Name
    title: str
    target: str
    guest: str
    announces: str
    machine: str
    versioned: str
    options: tuple[str, ...] = ()
    arguments: tuple[str, ...]
    bus: str
    slot: int
    cpus: int = Field(default=1, ge=1, le=MAX_CPUS)
    most_cpus: int = Field(default=MAX_CPUS, ge=1, le=MAX_CPUS)
    config_ports: tuple[int, int] | None = None
    measured_clock: bool = False
    read_only: tuple[tuple[int, int], ...] = ()
    controllers: tuple[str, ...]
    requires: tuple[str, ...] = ()
    one_release: str = ""

    def type_for(self, release: tuple[int, int] | None) -> str:
        """Return what follows `-M`: of `release`, or QEMU's newest where that is None."""
        name = self.machine if release is None else self.versioned.format(release=f"{release[0]}.{release[1]}")
        return ",".join((name, *self.options))


def machine_names() -> tuple[str, ...]:
    """Return the names of the machines that ship."""
    return datafile.shipped_names(KIND)


def load_machine(name: str) -> Machine:
    """Return the machine `name`, or what the file `name` has. Raises UserError `unknown-machine`, `bad-lab-data`."""
    return datafile.load(KIND, name, Machine)
