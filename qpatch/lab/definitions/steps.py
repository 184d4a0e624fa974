# SPDX-License-Identifier: GPL-2.0-or-later
"""The steps of a scenario: what the lab does to the guest, to QEMU and to the migration.

A step is written as one word (`fence`), or as one key with its main value (`raise: sample`) or with all its values
(`migrate: {expect: failed, to: vm}`). A word of sequences.yaml stands for several steps. What a step does: flow.py.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

import yaml
from pydantic import BeforeValidator, Field, InstanceOf

from qpatch.lab.definitions.datafile import LabModel
from qpatch.lab.definitions.devicewords import device_words
from qpatch.lab.definitions.machine import MAX_CPUS
from qpatch.lab.model import MigrationOutcome
from qpatch.suggest import did_you_mean


class ScenarioStep(LabModel):
    """One step; `word` is what it is called, `main` the key that a value alone is for."""

    word: ClassVar[str] = ""
    main: ClassVar[str] = ""


def _parsed(steps: Any) -> Any:
    """Turn what YAML has into steps; what is no list is for pydantic to complain about."""
    return tuple(step for written in steps for step in _parse(written)) if isinstance(steps, (list, tuple)) else steps


Steps: TypeAlias = Annotated[tuple[InstanceOf[ScenarioStep], ...], BeforeValidator(_parsed)]


class SetUpInterrupts(ScenarioStep):
    """The guest's driver sets up `vectors` interrupts (None: all there are) of `kind` ('' as the profile says)."""

    word: ClassVar[str] = "interrupts"
    main: ClassVar[str] = "kind"
    kind: Literal["", "msix", "msi", "intx", "none"] = ""
    vectors: int | None = Field(default=None, ge=1)


class RaiseInterrupts(ScenarioStep):
    """Each device raises interrupts: a `sample` of its vectors with the first and the last, `all`, or one of them.

    With `each` it raises all, the next when the one before has been handled, so that one that comes as another shows;
    one that does not come is the last.
    """

    word: ClassVar[str] = "raise"
    main: ClassVar[str] = "vectors"
    vectors: Literal["sample", "all", "each", "last"] | int = "sample"


class SetUpRing(ScenarioStep):
    """The guest gives each device a ring of `pages` pages to write to."""

    word: ClassVar[str] = "ring"
    main: ClassVar[str] = "pages"
    pages: int = Field(default=8, ge=1, le=device_words().limits["RING_PAGES"])


class WriteRing(ScenarioStep):
    """Each device writes every page of its ring once."""

    word: ClassVar[str] = "kick"


class WriteToPeer(ScenarioStep):
    """Each device writes into the memory of the next one (BAR 2), by DMA; the next `check` tells what became of it."""

    word: ClassVar[str] = "peer"


class FillMemory(ScenarioStep):
    """The guest fills the memory of each device (BAR 2), each time with something else."""

    word: ClassVar[str] = "fill"


class BeBusy(ScenarioStep):
    """Until `idle`, the guest does something every `microseconds`, whatever else happens.

    Each device raises an interrupt and writes a page of its ring, and the guest's processor writes a page of its own.
    """

    word: ClassVar[str] = "busy"
    main: ClassVar[str] = "microseconds"
    microseconds: int = Field(default=1000, ge=1, le=1_000_000)


class BeIdle(ScenarioStep):
    """The guest does no more than it is asked for, and tells which of its own pages are old."""

    word: ClassVar[str] = "idle"


class MaskVector(ScenarioStep):
    """The guest masks a vector of MSI-X or MSI, all of MSI-X (`function`), or INTx, its vector 0: what comes waits."""

    word: ClassVar[str] = "mask"
    main: ClassVar[str] = "vector"
    vector: Literal["last", "function"] | int = 0


class UnmaskVector(ScenarioStep):
    """The guest takes such a mask away."""

    word: ClassVar[str] = "unmask"
    main: ClassVar[str] = "vector"
    vector: Literal["last", "function"] | int = 0


class MoveVector(ScenarioStep):
    """The guest moves an MSI-X vector to another of the machine's interrupt numbers."""

    word: ClassVar[str] = "move"
    main: ClassVar[str] = "vector"
    vector: Literal["last"] | int = 0


class RouteVector(ScenarioStep):
    """The guest routes an interrupt to another of its processors, `cpu`; those of MSI on a PC go there all together."""

    word: ClassVar[str] = "route"
    main: ClassVar[str] = "cpu"
    vector: Literal["last"] | int = 0
    cpu: int = Field(ge=0, lt=MAX_CPUS)


class InterruptsOff(ScenarioStep):
    """A processor of the guest, which is not the first, takes no interrupts: those for it wait in the controller."""

    word: ClassVar[str] = "irqs-off"
    main: ClassVar[str] = "cpu"
    cpu: int = Field(ge=1, lt=MAX_CPUS)


class InterruptsOn(ScenarioStep):
    """That processor takes interrupts again, and those that have waited."""

    word: ClassVar[str] = "irqs-on"
    main: ClassVar[str] = "cpu"
    cpu: int = Field(ge=1, lt=MAX_CPUS)


class Reset(ScenarioStep):
    """The guest resets each device and brings its config space back."""

    word: ClassVar[str] = "reset"


class MoveBars(ScenarioStep):
    """The guest gives the BARs of each device other places; Linux leaves them where they are."""

    word: ClassVar[str] = "move-bars"


class Sleep(ScenarioStep):
    """The guest puts each device to sleep (D3hot): until it wakes, it does nothing, and nobody may look at it."""

    word: ClassVar[str] = "sleep"


class Wake(ScenarioStep):
    """The guest wakes each device (D0); the next `check` tells whether it had slept till then."""

    word: ClassVar[str] = "wake"


class Reboot(ScenarioStep):
    """The machine is reset, as from its reset button, and the guest boots anew: nothing is set up any more."""

    word: ClassVar[str] = "reboot"


class Fence(ScenarioStep):
    """Every interrupt raised so far must have reached the guest: from here on the observer counts it as lost."""

    word: ClassVar[str] = "fence"


class Wait(ScenarioStep):
    """Nothing is done for `milliseconds`, while the guest runs: what goes wrong only after a while has time for it."""

    word: ClassVar[str] = "wait"
    main: ClassVar[str] = "milliseconds"
    milliseconds: int = Field(default=1000, ge=1, le=device_words().limits["MAX_PAUSE_MS"])


class CheckDevice(ScenarioStep):
    """The guest checks each device's state, memory and ring."""

    word: ClassVar[str] = "check"


class Migrate(ScenarioStep):
    """The guest moves to a new QEMU, or to a file and from there to a new QEMU; a `seekable-file` QEMU opens itself.

    `expect` is None where the scenario's own expectation holds. With `paused` the destination starts with `-S`; without
    it, a guest that the scenario has stopped stays so there (`stays_stopped`). The migration is held in its pre-copy
    phase while the steps of `meanwhile` run; with `held: false`, by nothing but the scenario's parameters. Those of
    `at_switchover` run while QEMU waits, with its VM stopped, where the scenario has the capability pause-before-
    switchover; it goes on then.
    """

    word: ClassVar[str] = "migrate"
    expect: MigrationOutcome | None = None
    to: Literal["vm", "file", "seekable-file"] = "vm"
    paused: bool = False
    stays_stopped: bool = False
    meanwhile: Steps = ()
    held: bool = True
    at_switchover: Steps = ()


class AwaitPreCopy(ScenarioStep):
    """Waits until the migration is in its pre-copy phase, and the pre-copy data of a device that has any is read."""

    word: ClassVar[str] = "await"
    main: ClassVar[str] = "what"
    what: Literal["pre-copy"] = "pre-copy"


class Cancel(ScenarioStep):
    """Cancels the migration that is going on."""

    word: ClassVar[str] = "cancel"


class Stop(ScenarioStep):
    """Stops the VM, as an administrator does; the guest answers again after `continue`."""

    word: ClassVar[str] = "stop"


class Reenable(ScenarioStep):
    """At the monitor, MSI-X of each device is disabled and enabled again, by writes to a PC's config space.

    `control` is where the control word of MSI-X is in it (PCI_MSIX_FLAGS of the capability, linux/pci_regs.h).
    """

    word: ClassVar[str] = "reenable"
    control: int = device_words().limits["CONFIG_MSIX"] + 2


class Continue(ScenarioStep):
    """Lets a VM run that was stopped, or a destination that was started paused."""

    word: ClassVar[str] = "continue"


class Repeat(ScenarioStep):
    """Does `steps` `times` times; ends where a migration did not end as expected."""

    word: ClassVar[str] = "repeat"
    times: int = Field(ge=1, le=1000)
    steps: Steps


_WORDS: dict[str, type[ScenarioStep]] = {kind.word: kind for kind in ScenarioStep.__subclasses__()}


def _parse(step: Any) -> tuple[ScenarioStep, ...]:
    """Return the steps that one entry of a list stands for. Raises ValueError, which pydantic reports."""
    if isinstance(step, ScenarioStep):
        return (step,)
    word, value = _word_and_value(step)
    if value is None and word in _sequences():
        parsed: tuple[ScenarioStep, ...] = _parsed(_sequences()[word])
        return parsed
    if word not in _WORDS:
        raise ValueError(f"there is no step {word!r}. {did_you_mean(word, [*_WORDS, *_sequences()])}")
    kind = _WORDS[word]
    if isinstance(value, dict):
        return (kind.model_validate(value),)
    if value is not None and not kind.main:
        raise ValueError(f"the step {word!r} takes no single value")
    return (kind.model_validate({} if value is None else {kind.main: value}),)


@cache
def _sequences() -> dict[str, list[Any]]:
    text = resources.files(__package__).joinpath("sequences.yaml").read_text(encoding="utf-8")
    sequences: dict[str, list[Any]] = yaml.load(text, yaml.CSafeLoader)
    return sequences


def _word_and_value(step: Any) -> tuple[str, Any]:
    if isinstance(step, str):
        return step, None
    if isinstance(step, dict) and len(step) == 1:
        word, value = next(iter(step.items()))
        return str(word), value
    raise ValueError(f"a step is a word, or a mapping with one key, and not {step!r}")
