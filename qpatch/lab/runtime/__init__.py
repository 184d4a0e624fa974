"""Carries out one run: starts the processes, leads them through the scenario, and always ends them."""
