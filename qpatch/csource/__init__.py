"""Structural edits of C sources and of the text files beside them; knows no git and no YAML."""
