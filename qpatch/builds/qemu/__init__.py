"""Builds of QEMU: configure in a virtual environment, ninja, and which objects a change concerns."""
