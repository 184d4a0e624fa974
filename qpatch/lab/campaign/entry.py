# SPDX-License-Identifier: GPL-2.0-or-later
"""The one way to test cells, for the command line and the library interface: plan, prepare the lab, run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qpatch.lab.campaign.planning import plan_cells
from qpatch.lab.campaign.results import TestedResult
from qpatch.lab.campaign.runner import NoListener, PlannedCell, run_campaign
from qpatch.lab.registry import registry

if TYPE_CHECKING:
    from qpatch.lab.campaign.planning import TestRequest
    from qpatch.lab.campaign.programs import Programs
    from qpatch.lab.campaign.runner import CampaignSettings, RunListener
    from qpatch.lab.protocol import Lab


def run_tests(
    request: TestRequest,
    programs: Programs,
    settings: CampaignSettings,
    lab: Lab | None = None,
    listener: RunListener | None = None,
) -> tuple[TestedResult, ...]:
    """Run every cell of `request` in `lab` (None: the default) and return a result for each, in their order.

    `programs` finds the binaries, and reports the progress of what must be built; `listener` is notified of each run as
    it ends. A build that fails, and a run that the lab breaks off, is in the cell's result; the others are still run.
    Raises UserError where the request makes no sense, EnvironmentFault where the lab cannot be prepared or results
    cannot be kept; KeyboardInterrupt with nothing left running.
    """
    lab = lab or registry().get(registry().default)
    listener = listener or NoListener()
    planned = plan_cells(request, programs, lab.name)
    cells = [cell for cell in planned if isinstance(cell, PlannedCell)]
    if not cells:
        return tuple(cell for cell in planned if isinstance(cell, TestedResult))
    prepared = lab.prepare([cell.plan for cell in cells], programs.progress)
    listener.begin(len(cells) * settings.repeat)
    tested = iter(run_campaign(cells, prepared, settings, listener))
    return tuple(next(tested) if isinstance(cell, PlannedCell) else cell for cell in planned)
