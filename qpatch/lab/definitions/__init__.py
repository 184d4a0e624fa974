"""What runs are made of, as data: machines, device profiles, scenarios, and how releases of QEMU differ."""
