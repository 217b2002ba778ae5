"""Power cuts: the server's file system lies in an image; in the middle of writes nothing reaches
that image any more; the server is killed, the image copied, the copy mounted, and a server started
there.

With `--cache none` the image holds what the file system gave to its device: a disk without a cache,
or with one that survives. With `--cache volatile` the image lies on a second file system, and that
one is cut: of what the first gave to its device, only what it also flushed is sure to be left.

Controls show that a cut loses what it should: files that were written and not synced, and blocks
that were written past the page cache, to the device, and not flushed there.
"""

import random
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import volume
from client import Crowd
from server import Server, start_and_kill, verify
from table import conclude, head, line

WRITERS = 4
INNER_MEBIBYTES = 1024
OUTER_MEBIBYTES = 1280
FRESH_WRITES_MAX = 50
HISTORY_WRITES_MAX = 500
# Frames of many pages, so that a cut may leave one in part.
VALUE_BYTES = (0, 100_000)
LOAD_SECONDS_MAX = 10
START_SECONDS_MAX = 0.3
CONTROLS = 20
TEXT = b"written and not synced " * 1000


class Disk:
    """A disk in an image; `volatile` puts a second file system between the two."""

    def __init__(self, image: Path, volatile: bool):
        self.image = image
        self._volatile = volatile

    def make(self) -> "Disk":
        if self._volatile:
            volume.make_ext4(self.image, OUTER_MEBIBYTES)
            with volume.mounted(self.image, self._beside("outer")) as outer:
                volume.make_ext4(outer / "disk.img", INNER_MEBIBYTES)
        else:
            volume.make_ext4(self.image, INNER_MEBIBYTES)
        return self

    def copy(self, name: str) -> "Disk":
        copied = Disk(self._beside(name), self._volatile)
        volume.copy_image(self.image, copied.image)
        return copied

    @contextmanager
    def mounted(self):
        """Yields where the server's files are, and what cuts the power; in the end it is cut."""
        inner = self._beside("inner")
        if not self._volatile:
            with volume.mounted(self.image, inner):
                yield inner, partial(volume.cut_power, inner)
                volume.cut_power(inner)
            return
        with volume.mounted(self.image, self._beside("outer")) as outer:
            with volume.mounted(outer / "disk.img", inner):
                yield inner, partial(volume.cut_power, outer)
                volume.cut_power(outer)
                volume.cut_power(inner)

    def _beside(self, name: str) -> Path:
        return self.image.parent / name


def write_unsynced(at: Path) -> None:
    for number in range(CONTROLS):
        (at / f"unsynced{number}").write_bytes(TEXT)


def count_unsynced(at: Path) -> int:
    """How many of these files are lost; all are removed."""
    files = [at / f"unsynced{number}" for number in range(CONTROLS)]
    lost = sum(not file.exists() or file.read_bytes() != TEXT for file in files)
    for file in files:
        file.unlink(missing_ok=True)
    return lost


def count_other(at: Path, name: str, byte: bytes) -> int:
    """How many of the files of this name do not begin with this byte."""
    files = [at / f"{name}{number}" for number in range(CONTROLS)]
    return sum(file.read_bytes()[:1] != byte for file in files)


def control(disk: Disk, cache: str) -> list[str]:
    """A cut without a server: what must survive, and what the drill is able to lose."""
    with disk.mounted() as (at, cut):
        for number in range(CONTROLS):
            for name in ("synced", "direct"):
                volume.write_synced(at / f"{name}{number}", b"1" * volume.BLOCK)
        for number in range(CONTROLS):
            volume.write_directly(at / f"direct{number}", b"2")
        write_unsynced(at)
        cut()
    with disk.copy("copy.img").mounted() as (at, _):
        unsynced = count_unsynced(at)
        synced, direct = count_other(at, "synced", b"1"), count_other(at, "direct", b"2")
    print(
        f"control, no server: of {CONTROLS} each, lost {synced} synced files, {unsynced} unsynced "
        f"files, {direct} blocks written to the device and not flushed\n"
    )
    expected = (0, CONTROLS, CONTROLS if cache == "volatile" else 0)
    got = (synced, unsynced, direct)
    return [] if got == expected else [f"controls: lost {got}, expected {expected}"]


def drill(rounds: int, seed: int, when: str, cache: str) -> None:
    chance = random.Random(seed)
    unsynced_lost = acknowledged = 0
    with volume.scratch() as directory:
        findings = control(Disk(directory / "disk.img", cache == "volatile").make(), cache)
        head("round", "acknowledged before the cut", "lost or altered", "end", "ready after")
        crowd, disk = None, None
        for number in range(1, rounds + 1):
            if disk is None or when != "history":
                crowd, disk = None, Disk(directory / "disk.img", cache == "volatile").make()
            crowd = cut_once(disk, crowd, chance, when)
            copy = disk.copy("copy.img")
            pending = crowd.pending() if crowd else 0
            ready_ms, torn, unsynced, found = look(copy, crowd)
            acknowledged += pending
            unsynced_lost += unsynced
            line(number, pending, len(found), "torn" if torn else "clean", f"{ready_ms:.0f} ms")
            findings += [f"round {number}: {what}" for what in found]
            # The history goes on in the copy.
            copy.image.rename(disk.image)
    print(f"\n{rounds} rounds, {acknowledged} acknowledged, {len(findings)} lost or altered")
    print(f"in the same cuts {unsynced_lost} of {rounds * CONTROLS} unsynced files were lost")
    conclude(findings)


def cut_once(disk: Disk, crowd: Crowd | None, chance: random.Random, when: str) -> Crowd | None:
    """Writes, and cuts the power meanwhile."""
    with disk.mounted() as (at, cut):
        def strike():
            write_unsynced(at)
            cut()

        if when == "start":
            start_and_kill(at / "data", chance.uniform(0, START_SECONDS_MAX), before=strike)
            return None
        most = FRESH_WRITES_MAX if when == "fresh" else HISTORY_WRITES_MAX
        with Server(at / "data") as server:
            crowd = crowd or Crowd.gather(server, WRITERS, VALUE_BYTES)
            with crowd.load(server) as load:
                load.until(chance.randint(1, most), LOAD_SECONDS_MAX)
                strike()
                server.kill()
        return crowd


def look(disk: Disk, crowd: Crowd | None) -> tuple[float, bool, int, list[str]]:
    """Starts on what the cut left, and compares: ready after how many ms, whether the journal's end
    was torn, how many unsynced files were lost, what is not as promised."""
    with disk.mounted() as (at, _):
        unsynced = count_unsynced(at)
        with Server(at / "data") as server:
            found = verify(at / "data")
            if crowd is None:
                # Whoever was not told a password is told one now; nobody else can be asked here.
                found += [] if server.runs() else ["the server ended"]
            else:
                if server.password is not None:
                    found.append("the store was taken for a new one")
                found += crowd.check(server)
            server.kill()
            return server.ready_ms, "not finished" in server.log(), unsynced, found
