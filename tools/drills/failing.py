"""`fsync`: the device below the file system refuses writes to blocks that the journal needs next,
so a sync fails; then it takes them again. The image lies in memory without room to spare, and those
blocks of it are given back, as in a thin pool that is exhausted (a kernel with device-mapper could
do it with its `error` target). Writes are refused, reads go on, and once the device is back, writes
work again in the same process. In the end the power is cut, and everything acknowledged must be
there.

`readonly`: the file system meets an error and makes itself read-only below the running server.
Writes are refused, reads and the command line go on; mounted again, everything acknowledged is
there.
"""

import time
from pathlib import Path

import volume
from client import Crowd
from full import reads, refusals, until, writes
from server import Server, command, verify
from table import conclude, head, line, tell_log

WRITERS = 4
WRITES = 200
IMAGE_MEBIBYTES = 768
SEGMENT_BYTES = 64 << 20
SEGMENT_SECONDS_MAX = 30
COLUMNS = ["round", "acknowledged before", "refused", "a refusal took", "reads meanwhile"]


def fsync_drill(rounds: int) -> None:
    findings = []
    head(*COLUMNS, "writes again after")
    with volume.scratch() as directory, volume.tmpfs(directory / "pool", IMAGE_MEBIBYTES) as pool:
        made, image = directory / "disk.img", pool / "disk.img"
        volume.make_ext4(made, IMAGE_MEBIBYTES - 1)
        volume.run("cp", "--sparse=never", made, image)
        at = directory / "disk"
        with volume.mounted(image, at):
            with Server(at / "data") as server:
                crowd = Crowd.gather(server, WRITERS)
                for number in range(1, rounds + 1):
                    found = fail_once(pool, at, server, crowd, number)
                    findings += [f"round {number}: {what}" for what in found]
                tell_log(server)
                findings += verify(at / "data")
                with crowd.load(server) as load:
                    load.until(WRITES, 30)
                    volume.cut_power(at)
                    server.kill()
        findings += look_again(image, at, crowd)
    print(f"\n{crowd.acknowledged} acknowledged, {len(findings)} findings")
    conclude(findings)


def fail_once(pool: Path, at: Path, server: Server, crowd: Crowd, number: int) -> list[str]:
    """One round: the journal's next blocks cannot be written; then they can."""
    with crowd.load(server) as load:
        load.until(WRITES, 30)
    found = [f"refused under load: {refused}" for refused in load.refused]
    accepted = crowd.pending()
    segment, spare = newest_segments(at / "data")
    punched = take_away(pool / "disk.img", segment, used_bytes(segment))
    punched += take_away(pool / "disk.img", spare, 0)
    # No room but for what is there.
    volume.run("mount", "-o", f"remount,size={IMAGE_MEBIBYTES - 1}m", pool)
    ballast = volume.fill(pool)
    refused, took, wrong = refusals(server, crowd)
    right, wrong_reads = reads(server, crowd)
    ballast.unlink()
    volume.run("mount", "-o", f"remount,size={IMAGE_MEBIBYTES}m", pool)
    again = until(lambda: writes(server, crowd))
    if again is None:
        found.append("writes did not come back")
    shown = "never" if again is None else f"{again:.0f} ms"
    line(number, accepted, refused, took, right, shown)
    if punched == 0:
        found.append("nothing could be taken away")
    return found + wrong + wrong_reads


def newest_segments(data: Path) -> tuple[Path, Path]:
    """The segment in use and the spare behind it, once that is whole and on the device."""
    end = time.monotonic() + SEGMENT_SECONDS_MAX
    while time.monotonic() < end:
        segments = sorted((data / "journal").glob("*.mj"))
        spare = segments[-1]
        if spare.stat().st_size == SEGMENT_BYTES and used_bytes(spare) == 0:
            volume.run("sync", spare)
            return segments[-2], spare
        time.sleep(0.05)
    raise RuntimeError("there is no spare segment")


def used_bytes(segment: Path) -> int:
    return len(segment.read_bytes().rstrip(b"\0"))


def take_away(image: Path, file: Path, used: int) -> int:
    """Gives the blocks of a file behind `used`, zeros all, back to the pool. Returns how many."""
    first = -(-used // volume.BLOCK)
    blocks = 0
    for text in volume.run("filefrag", "-e", f"-b{volume.BLOCK}", file).splitlines():
        parts = text.replace("..", " ").replace(":", " ").split()
        if not (len(parts) >= 6 and parts[0].isdigit()):
            continue
        logical, physical, length = int(parts[1]), int(parts[3]), int(parts[5])
        skip = min(max(first - logical, 0), length)
        if skip < length:
            offset, count = physical + skip, length - skip
            volume.punch(image, offset * volume.BLOCK, count * volume.BLOCK)
            blocks += count
    return blocks


def readonly_drill(rounds: int) -> None:
    findings = []
    head(*COLUMNS, "command line")
    with volume.scratch() as directory:
        image, at = directory / "disk.img", directory / "disk"
        volume.make_ext4(image, IMAGE_MEBIBYTES)
        crowd = None
        for number in range(1, rounds + 1):
            with volume.mounted(image, at, "loop,errors=remount-ro"):
                with Server(at / "data") as server:
                    crowd = crowd or Crowd.gather(server, WRITERS)
                    found = crowd.check(server) + read_only_once(at, server, crowd, number)
                    findings += [f"round {number}: {what}" for what in found]
                    if number == rounds:
                        tell_log(server)
                    server.kill()
        findings += look_again(image, at, crowd)
    print(f"\n{crowd.acknowledged} acknowledged, {len(findings)} findings")
    conclude(findings)


def read_only_once(at: Path, server: Server, crowd: Crowd, number: int) -> list[str]:
    with crowd.load(server) as load:
        load.until(WRITES, 30)
    found = [f"refused under load: {refused}" for refused in load.refused]
    accepted = crowd.pending()
    trigger = Path("/sys/fs/ext4") / volume.loop_of(at).name / "trigger_fs_error"
    trigger.write_text("drill")
    refused, took, wrong = refusals(server, crowd)
    right, wrong_reads = reads(server, crowd)
    listed = command(at / "data", "user", "list", "--json")
    told = "answers" if listed.returncode == 0 else f"exit {listed.returncode}"
    if listed.returncode != 0:
        found.append(f"user list: {listed.stderr.strip()}")
    line(number, accepted, refused, took, right, told)
    return found + wrong + wrong_reads


def look_again(image: Path, at: Path, crowd: Crowd) -> list[str]:
    """Mounts the image again, starts, and compares everything."""
    with volume.mounted(image, at), Server(at / "data") as server:
        found = crowd.check(server) + verify(at / "data")
        server.stop()
        return found
