#!/usr/bin/env python3
"""Real drills: the release build of `muster` on real file systems that are made to fail.

Build it first (`cargo build --release`), or name another in the variable MUSTER. `power`, `full`,
`fsync` and `readonly` need root. Every drill prints a Markdown table and ends with exit code 1 if anything was lost or answered
wrongly. TMPDIR says where images and copies are made; it should be a real disk with 4 GiB of room.
"""

import argparse
import random
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

    add = drills.add_parser("kill", help="kill -9 under load")
    add.add_argument("--rounds", type=int, default=100)
    add.set_defaults(run=lambda o: kill.drill(o.rounds, o.seed))

    add = drills.add_parser("power", help="power cuts under load", description=power.__doc__, **RAW)
    add.add_argument("--rounds", type=int, default=20)
    add.add_argument(
        "--when",
        choices=["start", "fresh", "history"],
        default="fresh",
        help="in the first start; in the first writes of a new store; one store, cut each round",
    )
    add.add_argument("--cache", choices=["none", "volatile"], default="none", help="of the disk")
    add.set_defaults(run=lambda o: power.drill(o.rounds, o.seed, o.when, o.cache))

    add = drills.add_parser("full", help="a full disk, and room again", description=full.__doc__, **RAW)
    add.add_argument("--rounds", type=int, default=3)
    add.add_argument("--room", type=int, default=0, help="so many MiB are left")
    add.set_defaults(run=lambda o: full.drill(o.rounds, o.room))

    about = {"description": failing.__doc__, **RAW}
    add = drills.add_parser("fsync", help="syncs fail, and work again", **about)
    add.add_argument("--rounds", type=int, default=3)
    add.set_defaults(run=lambda o: failing.fsync_drill(o.rounds))

    add = drills.add_parser("readonly", help="the file system makes itself read-only", **about)
    add.add_argument("--rounds", type=int, default=3)
    add.set_defaults(run=lambda o: failing.readonly_drill(o.rounds))

    add = drills.add_parser("flip", help="one bit flipped, in every file", description=flip.__doc__, **RAW)
    add.add_argument("--bits", type=int, default=24, help="in what each file holds; more elsewhere")
    add.set_defaults(run=lambda o: flip.drill(o.bits, o.seed))

    add = drills.add_parser("cut", help="files cut, swapped, torn", description=cut.__doc__, **RAW)
    add.set_defaults(run=lambda o: cut.drill())
    return tool


def main() -> int:
    options = parser().parse_args()
    if not BINARY.exists():
        print(f"there is no {BINARY}: `cargo build --release` makes it", file=sys.stderr)
        return 2
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
