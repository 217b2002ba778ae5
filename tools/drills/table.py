"""What a drill reports: lines of a Markdown table, and whether all was well."""

import time
from contextlib import contextmanager


class Findings(Exception):
    """A drill that did not find what it must."""


def head(*columns: str) -> None:
    line(*columns)
    line(*("---" for _ in columns))


def line(*cells) -> None:
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


@contextmanager
def timed(what: str):
    """Says at the end how long it took."""
    began = time.monotonic()
    yield
    print(f"\n{what}: {time.monotonic() - began:.0f} s", flush=True)


def conclude(findings: list[str]) -> None:
    """Ends a drill: says every finding, or that there is none."""
    if findings:
        raise Findings("\n".join(findings))
