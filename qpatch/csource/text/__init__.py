"""Structural edits of the text files beside the sources: trace-events, meson.build, Kconfig, rst, MAINTAINERS."""
