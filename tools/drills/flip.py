"""One bit flipped, in every file of a stopped store in turn: in its header and those of frames, in
what it holds, and where nothing was written yet. Either the start refuses with exit code 4 and
names the file, or it serves, and every fact and every attribute is as before."""

import random
import re
from pathlib import Path

from table import conclude, head, line
from trial import FRAME_MAGIC, OUTCOMES, Store, Tally
from volume import scratch

HEADER_BYTES = 64


def drill(bits: int, seed: int) -> None:
    chance = random.Random(seed)
    tally = Tally()
    with scratch() as directory:
        store = Store.make(directory)
        for name in store.files():
            for offset in offsets((store.now / name).read_bytes(), bits, chance):
                data = store.copy()
                bit = chance.randrange(8)
                flip(data / name, offset, bit)
                what = f"byte {offset}, bit {bit}"
                tally.add(f"`{name}`", what, store.outcome(data, [Path(name).name]))
    head("file", "bits flipped", *OUTCOMES)
    for row in tally.rows():
        line(*row)
    print(f"\n{store.tried} copies, of {len(store.events)} facts each")
    conclude(tally.findings)


def offsets(content: bytes, bits: int, chance: random.Random) -> list[int]:
    """So many in what is not zero, half as many in the file's header and in those of frames,
    and a few anywhere."""
    held = [at for at in range(len(content.rstrip(b"\0"))) if content[at] != 0]
    first = range(min(HEADER_BYTES, len(content)))
    frames = [found.start() + at for found in re.finditer(FRAME_MAGIC, content) for at in first]
    return sorted(
        chance.choices(first, k=bits // 2)
        + chance.choices(frames or first, k=bits // 2)
        + chance.choices(held or first, k=bits)
        + chance.choices(range(len(content)), k=bits // 4)
    )


def flip(path: Path, offset: int, bit: int) -> None:
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ (1 << bit)]))
