"""What a drill reports: lines of a Markdown table, and whether all was well."""

import re
import time
from collections import Counter
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


def tell_log(server) -> None:
    """What a server said on standard error: every message once, and how often."""
    changing = re.compile(r"^\S+Z +|cid=\S+ |/\S*/|\.broken-\S+")
    said = Counter(changing.sub("", line) for line in server.log().splitlines())
    print("\nthe server said:\n")
    for message, times in said.items():
        print(f"    {times} x {message}")
