"""What a tidy rule is."""
import dataclasses
import typing


@dataclasses.dataclass(frozen=True)
class File:
    """A file of the project; tree holds the paths of all files, for rules that look beside it."""

    path: str
    text: str
    tree: frozenset


@dataclasses.dataclass(frozen=True)
class Rule:
    """check(file) yields (line, reason). Each of bad must be flagged, each of good must not."""

    name: str
    check: typing.Callable
    suffixes: tuple
    bad: typing.Sequence
    good: typing.Sequence = ()

    def applies(self, path):
        return path.endswith(self.suffixes)


def source(path, text, others=()):
    """A made-up file for a rule's own test."""
    return File(path, text, frozenset((path, *others)))
