"""C sources as syntax trees: macros made parsable, symbols outlined, positions kept byte for byte."""
