#!/usr/bin/env python3
"""Real drills: the release build of `muster` on real file systems that are made to fail.

Build it first (`cargo build --release`), or name another in the variable MUSTER. `power`, `full`,
`fsync` and `readonly` need root. Every drill prints a Markdown table and ends with exit code 1 if
anything was lost or answered wrongly. TMPDIR says where images and copies are made; it should be a
real disk with 6 GiB of room.
"""

import argparse
import random
import signal
import sys

import cut
import failing
import flip
import full
import kill
import power
from server import BINARY
from table import Findings, timed

RAW = {"formatter_class": argparse.RawDescriptionHelpFormatter}


def parser() -> argparse.ArgumentParser:
    tool = argparse.ArgumentParser(description=__doc__, **RAW)
    tool.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    drills = tool.add_subparsers(dest="drill", required=True, metavar="DRILL")

    def drill(name: str, about: str, module, run, rounds: int | None = None):
        added = drills.add_parser(name, help=about, description=module.__doc__, **RAW)
        added.set_defaults(run=run)
        if rounds is not None:
            added.add_argument("--rounds", type=int, default=rounds, help=f"default {rounds}")
        return added

    drill("kill", "kill -9 under load", kill, lambda o: kill.drill(o.rounds, o.seed), rounds=100)

    run = lambda o: power.drill(o.rounds, o.seed, o.when, o.cache)
    added = drill("power", "power cuts under load", power, run, rounds=20)
    added.add_argument(
        "--when",
        choices=["start", "fresh", "history"],
        default="fresh",
        help="in the first start; in the first writes of a new store; one store, cut each round",
    )
    added.add_argument("--cache", choices=["none", "volatile"], default="none", help="of the disk")

    run = lambda o: full.drill(o.rounds, o.room)
    added = drill("full", "a full disk, and room again", full, run, rounds=3)
    added.add_argument("--room", type=int, default=0, help="so many MiB are left")

    run = lambda o: failing.fsync_drill(o.rounds)
    drill("fsync", "syncs fail, and work again", failing, run, rounds=3)
    run = lambda o: failing.readonly_drill(o.rounds)
    drill("readonly", "the file system makes itself read-only", failing, run, rounds=3)

    run = lambda o: flip.drill(o.bits, o.seed)
    added = drill("flip", "one bit flipped, in every file in turn", flip, run)
    added.add_argument("--bits", type=int, default=24, help="in what a file holds; more elsewhere")

    drill("cut", "files cut, missing, exchanged, torn", cut, lambda o: cut.drill())
    return tool


def main() -> int:
    options = parser().parse_args()
    if not BINARY.exists():
        print(f"there is no {BINARY}: `cargo build --release` makes it", file=sys.stderr)
        return 2
    # Like Ctrl-C: what was mounted is unmounted.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    print(f"seed {options.seed}\n")
    try:
        with timed(options.drill):
            options.run(options)
    except Findings as findings:
        print(f"\n{findings}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
