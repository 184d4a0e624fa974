# SPDX-License-Identifier: GPL-2.0-or-later
"""One run of the lab: from a plan to the record of what happened. Whatever happens, nothing is left running."""

from __future__ import annotations

import re
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from qpatch.lab.definitions.release import table
from qpatch.lab.plan import RunRecord
from qpatch.lab.runtime.commandline import command_line
from qpatch.lab.runtime.fleet import LOG, Fleet
from qpatch.lab.runtime.flow import Flow
from qpatch.lab.runtime.monitor import RefusedError
from qpatch.lab.runtime.process import ProcessExited, WaitTimeout
from qpatch.lab.runtime.recorder import Recorder
from qpatch.lab.runtime.vm import DevicesRefusedError, GuestDiedError, GuestError, StoppedError
from qpatch.lab.runtime.watching import starvation_recorded

if TYPE_CHECKING:
    from qpatch.lab.plan import RunPlan
    from qpatch.lab.runtime.fleet import CommandLineMaker, DeviceBackend

# Characters of paths that the dynamic linker, QEMU's options or a shell would not take as they are.
_SPECIAL = set(" :,'\"\\$`;&|<>()*?[]~#%\n\t")
_BLOCK = 4096  # bytes of a file system's block: less may fit into one that is there
_MAX_LENGTH = 60  # bytes of the directory's path; more leave no room for a socket's name
# What QEMU or the guest owes, and the lab does not.
_ENDLESS = ("the guest's answer", "the end of the migration", "the end of the incoming migration", "the VM to run")
# A VM that stops for these reasons was to be talked to before: the lab did not hold the migration as it should.
_MIGRATING = ("finish-migrate", "postmigrate", "inmigrate")


async def run_once(
    plan: RunPlan,
    directory: Path,
    backend: DeviceBackend,
    line: CommandLineMaker = command_line,
    recorder: Recorder | None = None,
) -> RunRecord:
    """Carry out `plan` with the devices of `backend`; logs and device files go to `directory`, which should be new.

    `line` makes the command line of each QEMU, `recorder` keeps the lab's events.

    Raises EnvironmentFault `qemu-died` where a QEMU does not start, `not-loaded` and `program-missing`, and OSError
    for a full disk. All else that fails is in the record.
    """
    started = time.monotonic()
    directory.mkdir(parents=True, exist_ok=True)
    recorder = recorder or Recorder()
    with tempfile.TemporaryDirectory(prefix="qpatch-", dir=short_directory(), ignore_cleanup_errors=True) as short:
        fleet = Fleet(plan, backend, directory.resolve(), Path(short), recorder, line)
        failure = await _carry_out(plan, fleet, recorder)
        _require_space(fleet.directory)
    logs = {vm.actor: fleet.directory / vm.actor / LOG for vm in fleet.vms}
    events = tuple(sorted(recorder.events, key=lambda event: event.at))
    return RunRecord(directory, events, logs, time.monotonic() - started, failure)


async def _carry_out(plan: RunPlan, fleet: Fleet, recorder: Recorder) -> str:
    """Return what the lab waited for without success, or ''; a QEMU that died is no failure of the lab's."""
    flow = Flow(plan, fleet, recorder)
    try:
        async with starvation_recorded(fleet.vms, recorder):
            await flow.run()
    except ProcessExited:
        return ""
    except StoppedError as error:
        if error.status in _MIGRATING:
            return _failure(recorder, error)
        recorder.lab("stopped", vm=error.actor, status=error.status)
    except GuestDiedError as error:
        recorder.lab("guest-died", vm=error.actor, what=error.what)
    except DevicesRefusedError as error:
        reason = table().refusal(plan.scenario.devices, plan.device.traits, error.release)
        rightly = bool(reason) and re.search(reason, error.message) is not None
        recorder.lab("not-applicable" if rightly else "devices-refused", vm=error.actor, reason=str(error))
    except WaitTimeout as error:
        await _record_hang(fleet, recorder, error)
        return _failure(recorder, error)
    except (GuestError, RefusedError) as error:
        return _failure(recorder, error)
    finally:
        await flow.abandon()
        await fleet.end()
    return ""


async def _record_hang(fleet: Fleet, recorder: Recorder, error: WaitTimeout) -> None:
    """Record what does not answer any more: a QEMU, else a guest or a migration that was waited for in vain."""
    hung = [vm.actor for vm in fleet.vms if await vm.is_hung()]
    for actor in hung:
        recorder.lab("hung", vm=actor, what=f"{actor} does not answer on its monitor any more")
    if not hung and error.what.startswith(_ENDLESS):
        recorder.lab("hung", vm="", what=f"{error.what} never came")


def _require_space(directory: Path) -> None:
    """Raise OSError where the disk of `directory` is full: the logs lack what was printed last, and would mislead."""
    with tempfile.TemporaryFile(dir=directory) as probe:
        probe.write(bytes(_BLOCK))
        probe.flush()


def _failure(recorder: Recorder, error: Exception) -> str:
    recorder.lab("failure", message=str(error))
    return str(error)


def short_directory() -> str:
    """Return where to make directories whose paths sockets, options of QEMU and the dynamic linker take."""
    usual = tempfile.gettempdir()
    return table().short_directory if len(usual) > _MAX_LENGTH or _SPECIAL & set(usual) else usual
