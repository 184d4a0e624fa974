# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the command as `python -m qpatch`."""

import sys

from qpatch.cli.main import main

sys.exit(main())
