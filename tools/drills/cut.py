"""Files of a stopped store cut at several lengths, taken away, put back as they were earlier, put
in each other's place; and the end of the journal torn, sector by sector, as an unfinished write
leaves it. Either the start refuses with exit code 4 and names the file, or it serves, and every
fact and every attribute is as before. Only where the last frame was torn and sled is gone may that
frame be missing: nobody can tell it from a write that was never acknowledged."""

import shutil
from pathlib import Path

from table import conclude, head, line
from trial import FRAME_MAGIC, OUTCOMES, Store, Tally
from volume import scratch

SECTOR = 512
NEWEST_SEGMENT = "journal/00000001.mj"
LAST_FRAME_FACTS = 1


def drill() -> None:
    tally = Tally()
    with scratch() as directory:
        store = Store.make(directory)
        for name in store.files():
            cut_and_swap(store, name, tally)
        swap_pairs(store, tally)
        for sled in ("there", "gone"):
            tear(store, sled, tally)
    head("damage", "copies", *OUTCOMES)
    for row in tally.rows():
        line(*row)
    print(f"\n{store.tried} copies, of {len(store.events)} facts each")
    conclude(tally.findings)


def cut_and_swap(store: Store, name: str, tally: Tally) -> None:
    """Every file: cut, missing, and as it was earlier."""
    names = [Path(name).name]
    content = (store.now / name).read_bytes()
    held = len(content.rstrip(b"\0"))
    lengths = {0, 1, held // 2, held - 1, held // SECTOR * SECTOR, held, len(content) - 1}
    for length in sorted(length for length in lengths if 0 <= length < len(content)):
        data = store.copy()
        with open(data / name, "r+b") as file:
            file.truncate(length)
        tally.add(f"`{name}` cut", f"at {length}", store.outcome(data, names))
    data = store.copy()
    (data / name).unlink()
    tally.add(f"`{name}` missing", "", store.outcome(data, names))
    if (store.older / name).exists():
        data = store.copy()
        shutil.copy(store.older / name, data / name)
        tally.add(f"`{name}` as it was earlier", "", store.outcome(data, names))


def swap_pairs(store: Store, tally: Tally) -> None:
    """Files of one kind in each other's place."""
    for one, other in (
        ("journal/00000001.mj", "journal/00000002.mj"),
        ("keyring.a", "keyring.b"),
        ("store", "muster.key"),
    ):
        data = store.copy()
        shutil.copy(store.now / one, data / other)
        shutil.copy(store.now / other, data / one)
        names = [Path(one).name, Path(other).name]
        tally.add(f"`{one}` and `{other}` exchanged", "", store.outcome(data, names))


def tear(store: Store, sled: str, tally: Tally) -> None:
    """The last frame, with each of its sectors in turn the last, or the only one, not written."""
    content = (store.now / NEWEST_SEGMENT).read_bytes()
    start = content.rindex(FRAME_MAGIC)
    end = -(-len(content.rstrip(b"\0")) // SECTOR) * SECTOR
    for sector in range(start, end, SECTOR):
        for which, until in (("from", end), ("only", sector + SECTOR)):
            data = store.copy()
            if sled == "gone":
                shutil.rmtree(data / "sled")
            with open(data / NEWEST_SEGMENT, "r+b") as file:
                file.seek(sector)
                file.write(bytes(until - sector))
            what = f"{which} sector {(sector - start) // SECTOR}"
            names = [Path(NEWEST_SEGMENT).name]
            may_lose = LAST_FRAME_FACTS if sled == "gone" else 0
            outcome = store.outcome(data, names, may_lose)
            tally.add(f"last frame torn, sled {sled}", what, outcome)
