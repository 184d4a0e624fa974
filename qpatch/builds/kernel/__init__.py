"""Builds of Linux: modules against a distribution's headers, and the lab's own kernel."""
