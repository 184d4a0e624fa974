# SPDX-License-Identifier: GPL-2.0-or-later
"""Capabilities on real QEMU: their values on four releases, and for each a mutation that flips it alone."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from release_support import need

from qpatch.capabilities.answer import CannotTell
from qpatch.capabilities.evaluate import Capabilities, names_by_kind
from qpatch.csource.source import Overlay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qpatch.csource.source import SourceTree

pytestmark = pytest.mark.tree

RELEASES = ("5.2", "7.2", "10.0", "10.2")
# One column for each release of RELEASES.
TABLE = {
    "v1": "YY--",
    "v2": "--YY",
    "config_in_iterable": "Y---",
    "config_in_save_state": "-YYY",
    "config_case_returns": "-YYY",
    "handler_prio": "-YYY",
    "handler_full": "--YY",
    "handler_cb_ret": "---Y",
    "batch_maxvec": "----",
    "batch_defer": "-YYY",
    "connect_split": "-YYY",
    "no_vec": "--YY",
    "iterate": "YYYY",
    "precopy": "--YY",
    "mig_flags_stored": "--YY",
    "p2p": "--YY",
    "save_prepare": "--YY",
    "errp_save_config": "--YY",
    "errp_setup": "--YY",
    "multifd": "--YY",
    "interlock": "---Y",
    "internal_header": "---Y",
    "save_complete_name": "---Y",
    "const_handlers": "--YY",
    "experimental": "YY--",
    "prio_uninit": "---Y",
    "mig_pri_apic": "---Y",
    "props_name_new": "---Y",
    "subpage_bar": "-YYY",
    "trace_cfg_start_end": "--YY",
    "uapi_v2_hdr": "-YYY",
    "uapi_stop_msix_text": "-YYY",
    "vfio_cpr": "---Y",
    "suspended_is_live": "--YY",
    "vfio_docs": "-YYY",
    "vfio_docs_moved": "--YY",
    "irq_setup_deferred": "----",
    "failure_keeps_stopped": "----",
    "used_vectors_connected": "----",
    "msi_drained": "----",
    "irq_setup_at_load_end": "----",
    "config_trigger": "----",
    "load_thread_failure_told": "----",
    "setup_under_bql": "--YY",
    "config_first": "----",
    "config_first_asked": "----",
}

OpenTree = tuple["SourceTree", Capabilities]


@dataclass(frozen=True)
class Mutation:
    """A change of one file of a release: `old` occurs once in it; without `old` the file is added.

    `doubted` are other capabilities that look into what is gone then, and cannot be told.
    """

    capability: str
    release: str
    path: str
    old: str
    new: str
    doubted: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.capability}-{self.release}"

    def of(self, tree: SourceTree) -> Overlay:
        """Return the tree with the change."""
        source = tree.read(self.path)
        if not self.old:
            assert source is None
            return Overlay(tree, {self.path: self.new.encode()})
        assert source is not None
        assert source.count(self.old.encode()) == 1
        return Overlay(tree, {self.path: source.replace(self.old.encode(), self.new.encode())})


MIGRATION, PCI, PCI_HEADER = "hw/vfio/migration.c", "hw/vfio/pci.c", "hw/vfio/pci.h"
COMMON, INTERNAL = "include/hw/vfio/vfio-common.h", "hw/vfio/vfio-migration-internal.h"
VMSTATE, EVENTS, UAPI = "include/migration/vmstate.h", "hw/vfio/trace-events", "linux-headers/linux/vfio.h"

MUTATIONS = [
    Mutation("v1", "7.2", COMMON, "    VFIORegion region;\n", ""),
    Mutation("v1", "10.2", INTERNAL, "    int data_fd;\n", "    int data_fd;\n    VFIORegion region;\n"),
    Mutation("v2", "10.0", COMMON, "    int data_fd;\n", "    int stream;\n"),
    Mutation(
        "config_in_iterable",
        "5.2",
        MIGRATION,
        "    ret = vfio_save_device_config_state(f, opaque);\n    if (ret) {\n        return ret;\n    }\n",
        "",
    ),
    Mutation(
        "config_in_iterable",
        "7.2",
        MIGRATION,
        "    trace_vfio_save_complete_precopy(vbasedev->name);\n",
        "    vfio_save_device_config_state(f,\n        opaque);\n",
    ),
    Mutation("config_in_save_state", "7.2", MIGRATION, "    .save_state = vfio_save_state,\n", ""),
    Mutation("config_in_save_state", "10.2", MIGRATION, "    .save_state = vfio_save_state,\n", ""),
    Mutation(
        "config_in_save_state",
        "10.2",
        MIGRATION,
        "    ret = vfio_save_device_config_state(f, opaque, &local_err);\n",
        "    ret = 0;\n",
    ),
    Mutation(
        "config_case_returns",
        "7.2",
        MIGRATION,
        "return vfio_load_device_config_state(f, opaque);",
        "ret = vfio_load_device_config_state(f, opaque);\n            break;",
    ),
    Mutation(
        "config_case_returns",
        "5.2",
        MIGRATION,
        "ret = vfio_load_device_config_state(f, opaque);",
        "return /* at once */ vfio_load_device_config_state(\n                f, opaque);",
    ),
    Mutation(
        "handler_prio",
        "7.2",
        MIGRATION,
        "qdev_add_vm_change_state_handler(vbasedev->dev,",
        "qemu_add_vm_change_state_handler(",
    ),
    Mutation(
        "handler_full",
        "10.0",
        MIGRATION,
        "qdev_add_vm_change_state_handler_full(\n        vbasedev->dev, vfio_vmstate_change, prepare_cb,",
        "qdev_add_vm_change_state_handler(\n        vbasedev->dev, vfio_vmstate_change,",
    ),
    Mutation("handler_cb_ret", "10.2", MIGRATION, "prepare_cb, NULL, vbasedev", "prepare_cb, vbasedev"),
    Mutation(
        "handler_cb_ret",
        "10.0",
        MIGRATION,
        "vfio_vmstate_change, prepare_cb, vbasedev",
        "vfio_vmstate_change,\n        prepare_cb, f(a, b), vbasedev",
    ),
    Mutation(
        "batch_maxvec",
        "5.2",
        PCI,
        "    vfio_msix_vector_do_use(&vdev->pdev, 0, NULL, NULL);\n",
        "    vfio_msix_vector_do_use(&vdev->pdev, max_vec, NULL, NULL);\n",
    ),
    Mutation("batch_defer", "7.2", PCI_HEADER, "    bool defer_kvm_irq_routing;\n", ""),
    Mutation(
        "connect_split",
        "7.2",
        PCI,
        "static void vfio_connect_kvm_msi_virq(",
        "static void vfio_connect_virq(",
        frozenset({"used_vectors_connected"}),
    ),
    Mutation("no_vec", "10.2", PCI, "static int vfio_enable_msix_no_vec(", "static int vfio_enable_no_vec("),
    Mutation("iterate", "10.2", MIGRATION, "    .save_live_iterate = vfio_save_iterate,\n", ""),
    Mutation("iterate", "5.2", MIGRATION, "    .save_live_iterate = vfio_save_iterate,\n", ""),
    Mutation("precopy", "10.0", COMMON, "#define VFIO_MIG_FLAG_DEV_INIT_DATA_SENT", "#define VFIO_MIG_FLAG_DEV_SENT"),
    Mutation("mig_flags_stored", "10.2", INTERNAL, "    uint64_t mig_flags;\n", ""),
    Mutation("p2p", "10.2", MIGRATION, "static void vfio_vmstate_change_prepare(", "static void vfio_vmstate_prepare("),
    Mutation("save_prepare", "10.0", MIGRATION, "    .save_prepare = vfio_save_prepare,\n", ""),
    Mutation(
        "errp_save_config",
        "10.0",
        COMMON,
        "(*vfio_save_config)(VFIODevice *vdev, QEMUFile *f, Error **errp);",
        "(*vfio_save_config)(VFIODevice *vdev, QEMUFile *f);",
    ),
    Mutation(
        "errp_save_config",
        "7.2",
        COMMON,
        "(*vfio_save_config)(VFIODevice *vdev, QEMUFile *f);",
        "(*vfio_save_config)(VFIODevice *vdev,\n                             QEMUFile *f, Error **err);",
    ),
    Mutation(
        "errp_setup",
        "10.2",
        MIGRATION,
        "vfio_save_setup(QEMUFile *f, void *opaque, Error **errp)",
        "vfio_save_setup(QEMUFile *f, void *opaque)",
    ),
    Mutation("multifd", "7.2", "hw/vfio/migration-multifd.c", "", "/* Multifd */\n"),
    Mutation(
        "interlock", "10.2", INTERNAL, "#define VFIO_MIG_FLAG_DEV_CONFIG_LOAD_READY", "#define VFIO_MIG_FLAG_DEV_READY"
    ),
    Mutation("internal_header", "10.0", INTERNAL, "", "/* Internal */\n"),
    Mutation(
        "save_complete_name", "10.2", MIGRATION, "    .save_complete = vfio", "    .save_live_complete_precopy = vfio"
    ),
    Mutation(
        "const_handlers",
        "10.2",
        MIGRATION,
        "static const SaveVMHandlers savevm_vfio_handlers",
        "static SaveVMHandlers savevm_vfio_handlers",
    ),
    Mutation(
        "const_handlers",
        "7.2",
        MIGRATION,
        "static SaveVMHandlers savevm_vfio_handlers",
        "const static SaveVMHandlers savevm_vfio_handlers",
    ),
    Mutation("experimental", "7.2", PCI, '"x-enable-migration"', '"enable-migration"'),
    Mutation(
        "experimental",
        "10.2",
        PCI,
        'DEFINE_PROP_ON_OFF_AUTO("enable-migration"',
        'DEFINE_PROP_ON_OFF_AUTO("x-enable-migration"',
    ),
    Mutation("prio_uninit", "10.2", VMSTATE, "MIG_PRI_UNINITIALIZED = 0,", "MIG_PRI_NONE = 0,"),
    Mutation(
        "mig_pri_apic", "10.2", VMSTATE, "    MIG_PRI_APIC,               /* Must happen before PCI devices */\n", ""
    ),
    Mutation(
        "props_name_new",
        "7.2",
        PCI,
        "static Property vfio_pci_dev_properties[]",
        "static Property vfio_pci_properties[]",
    ),
    Mutation(
        "subpage_bar",
        "5.2",
        PCI,
        "    ret = vmstate_load_state(f, &vmstate_vfio_pci_config, vdev, 1);\n",
        "    ret = vmstate_load_state(f, &vmstate_vfio_pci_config, vdev, 1);\n"
        "    vfio_sub_page_bar_update_mapping(pdev, 0);\n",
    ),
    Mutation(
        "subpage_bar",
        "7.2",
        PCI,
        "        if (old_addr[bar] != pdev->io_regions[bar].addr &&\n"
        "            vdev->bars[bar].region.size > 0 &&\n"
        "            vdev->bars[bar].region.size < qemu_real_host_page_size()) {\n"
        "            vfio_sub_page_bar_update_mapping(pdev, bar);\n        }\n",
        "",
    ),
    Mutation("trace_cfg_start_end", "10.2", EVENTS, "vfio_load_device_config_state_end(", "vfio_load_config_end("),
    Mutation("uapi_v2_hdr", "10.2", UAPI, "#define VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE", "#define VFIO_STATE"),
    Mutation(
        "uapi_stop_msix_text", "7.2", UAPI, "for example PCI MSI-X and PCI config space", "for example config space"
    ),
    Mutation(
        "vfio_cpr",
        "10.0",
        PCI,
        "static void vfio_disable_interrupts(VFIOPCIDevice *vdev)\n{\n",
        "static void vfio_disable_interrupts(VFIOPCIDevice *vdev)\n{\n    if (cpr_is_incoming()) {\n"
        "        return;\n    }\n",
    ),
    Mutation("suspended_is_live", "10.2", "include/system/runstate.h", " || state == RUN_STATE_SUSPENDED;", ";"),
    Mutation("vfio_docs", "5.2", "docs/devel/vfio-migration.rst", "", "VFIO\n====\n"),
    Mutation("vfio_docs_moved", "7.2", "docs/devel/migration/vfio.rst", "", "VFIO\n====\n"),
    Mutation(
        "irq_setup_deferred",
        "10.2",
        PCI_HEADER,
        "    bool defer_kvm_irq_routing;\n",
        "    bool defer_kvm_irq_routing;\n    bool irq_restore_deferred;\n",
    ),
    Mutation(
        "failure_keeps_stopped",
        "10.2",
        "hw/vfio/migration.c",
        "    if (e->type == MIG_EVENT_PRECOPY_FAILED) {\n",
        "    /* Past pre-copy, the device follows its VM, which may be stopped */\n"
        "    if (e->type == MIG_EVENT_PRECOPY_FAILED && vfio_device_state_is_precopy(vbasedev)) {\n",
    ),
    Mutation(
        "used_vectors_connected",
        "10.2",
        PCI,
        '    const char *name = "kvm_interrupt";\n\n    if (vector->virq < 0) {\n',
        '    const char *name = "kvm_interrupt";\n\n    if (!vector->use || vector->virq < 0) {\n',
    ),
    Mutation(
        "msi_drained",
        "10.2",
        "include/hw/vfio/vfio-device.h",
        "    int (*vfio_load_config)(VFIODevice *vdev, QEMUFile *f);\n",
        "    int (*vfio_load_config)(VFIODevice *vdev, QEMUFile *f);\n    void (*vfio_vm_stopped)(VFIODevice *vdev);\n",
    ),
    Mutation(
        "irq_setup_at_load_end",
        "10.2",
        PCI_HEADER,
        "    bool defer_kvm_irq_routing;\n",
        "    bool defer_kvm_irq_routing;\n    bool irq_restore_pending;\n",
    ),
    Mutation(
        "config_trigger",
        "10.2",
        "include/hw/vfio/vfio-device.h",
        "    int (*vfio_load_config)(VFIODevice *vdev, QEMUFile *f);\n",
        "    int (*vfio_load_config)(VFIODevice *vdev, QEMUFile *f);\n"
        "    bool (*vfio_trigger_config)(VFIODevice *vdev);\n",
    ),
    Mutation(
        "load_thread_failure_told",
        "10.2",
        "migration/savevm.c",
        "    qemu_event_set(&mis->main_thread_load_event);\n",
        "    /* The return path tells the source what is set here */\n"
        "    qemu_event_set(&mis->main_thread_load_event);\n",
    ),
    Mutation(
        "setup_under_bql",
        "7.2",
        "migration/migration.c",
        "        qemu_savevm_send_colo_enable(s->to_dst_file);\n    }\n\n"
        "    qemu_savevm_state_setup(s->to_dst_file);\n",
        "        qemu_savevm_send_colo_enable(s->to_dst_file);\n    }\n\n    qemu_mutex_lock_iothread();\n"
        "    qemu_savevm_state_setup(s->to_dst_file);\n    qemu_mutex_unlock_iothread();\n",
    ),
    Mutation(
        "setup_under_bql",
        "10.2",
        "migration/migration.c",
        "    bql_lock();\n    ret = qemu_savevm_state_setup(s->to_dst_file, &local_err);\n    bql_unlock();\n\n",
        "    ret = qemu_savevm_state_setup(s->to_dst_file, &local_err);\n\n",
    ),
    Mutation(
        "config_first",
        "10.2",
        "include/hw/vfio/vfio-device.h",
        "    OnOffAuto enable_migration;\n",
        "    OnOffAuto enable_migration;\n    bool migration_config_first;\n",
    ),
    Mutation(
        "config_first_asked",
        "10.2",
        INTERNAL,
        "    uint32_t device_state;\n",
        "    uint32_t device_state;\n    bool config_first;\n",
    ),
]

# Those that rename a definition and leave its users behind: the tree does not compile, and the answer is a doubt.
UNTOLD = {
    "connect_split-7.2",
    "no_vec-10.2",
    "precopy-10.0",
    "p2p-10.2",
    "interlock-10.2",
    "trace_cfg_start_end-10.2",
}


@pytest.fixture(scope="module")
def open_tree() -> Iterator[Callable[[str], OpenTree]]:
    """Return what opens a release by its number, once for all tests."""
    with ExitStack() as stack:
        opened: dict[str, OpenTree] = {}

        def open_release(release: str) -> OpenTree:
            if release not in opened:
                tree = stack.enter_context(need(f"qemu-{release}").open())
                opened[release] = (tree, Capabilities(tree, "qemu"))
            return opened[release]

        yield open_release


@pytest.mark.parametrize("release", RELEASES)
def test_the_values_on_four_releases(release: str, open_tree: Callable[[str], OpenTree]) -> None:
    _, capabilities = open_tree(release)
    column = RELEASES.index(release)
    assert dict(capabilities) == {name: row[column] == "Y" for name, row in TABLE.items()}


def test_every_capability_has_a_mutation() -> None:
    assert {mutation.capability for mutation in MUTATIONS} == names_by_kind()["qemu"]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_small_change_flips_one_capability_alone(mutation: Mutation, open_tree: Callable[[str], OpenTree]) -> None:
    tree, before = open_tree(mutation.release)
    after = Capabilities(mutation.of(tree), "qemu", before.cache)
    changed = {name for name in before if after.answer(name) != before.answer(name)}
    assert changed == {mutation.capability} | mutation.doubted
    assert all(isinstance(after.answer(name), CannotTell) for name in mutation.doubted)
    assert isinstance(after.answer(mutation.capability), CannotTell) == (str(mutation) in UNTOLD)
