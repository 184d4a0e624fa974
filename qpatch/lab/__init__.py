"""The preload lab: real QEMU processes migrate an emulated VFIO device; what was seen becomes a verdict."""
