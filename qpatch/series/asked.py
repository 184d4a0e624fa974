# SPDX-License-Identifier: GPL-2.0-or-later
"""What the tree's own scripts say of mails: from the memory, else by asking them.

The same mails on the same commit get the same answer, of the same perl and qpatch: that is what the digest has. Where a
script fails, there is nothing to remember.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from qpatch.cells.rendered import Remark
from qpatch.fingerprint import fingerprint, own_fingerprint, program_fingerprint
from qpatch.series.mails import Recipients
from qpatch.trees.memory import memory

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from qpatch.series.model import RenderOptions
    from qpatch.trees.commit_tree import CommitTree


@dataclass(frozen=True)
class Said:
    """What checkpatch.pl said (None: it was not run), and whom get_maintainer.pl named."""

    remarks: tuple[Remark, ...] | None = None
    recipients: Recipients = field(default_factory=Recipients)


def ask_or_recall(tree: CommitTree, component: str, options: RenderOptions, patches: Sequence[Path]) -> Said:
    """Return what the scripts of `tree` that `options` want say of the mails in the files `patches`.

    Raises EnvironmentFault where perl or a script fails.
    """
    if not (options.check or options.maintainers):
        return Said()
    mails = [(mail.name, mail.read_bytes()) for mail in patches]
    wanted = (options.check, options.maintainers, options.signoff)
    digest = fingerprint(
        own_fingerprint(), program_fingerprint("perl"), "scripts", component, tree.commit, wanted, mails
    )
    known = memory().recall(digest)
    if known is not None:
        people = {kind: tuple(addresses) for kind, addresses in known["recipients"].items()}
        return Said(restored_remarks(known["remarks"]), Recipients(**people))
    said = _ask(tree, component, options, patches)
    memory().remember(digest, {"remarks": stored_remarks(said.remarks), "recipients": asdict(said.recipients)})
    return said


def _ask(tree: CommitTree, component: str, options: RenderOptions, patches: Sequence[Path]) -> Said:
    """Run the scripts side by side: each takes a second of perl."""
    from qpatch.series.treetools import workbench  # yaml and the look-alike: only where they are wanted

    with workbench(tree, component) as bench, ThreadPoolExecutor(max_workers=2) as pool:
        check = pool.submit(bench.checkpatch, patches, signed=options.signoff) if options.check else None
        people = pool.submit(bench.maintainers, patches) if options.maintainers else None
        remarks = check.result() if check else None
        return Said(remarks, people.result() if people else Recipients())


def stored_remarks(remarks: Iterable[Remark] | None) -> list[dict[str, Any]] | None:
    """Return remarks as JSON has them."""
    return None if remarks is None else [remark.model_dump() for remark in remarks]


def restored_remarks(stored: Iterable[dict[str, Any]] | None) -> tuple[Remark, ...] | None:
    """Return what `stored_remarks` was given."""
    return None if stored is None else tuple(Remark(**remark) for remark in stored)
