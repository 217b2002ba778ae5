"""A full disk: a ballast file takes the room on a small file system while the server serves. Writes
are refused, reads go on, the ballast is removed, and writes work again in the same process. The log
by position must come back into use, too."""

import time
from pathlib import Path

import volume
from client import Client, Crowd, Refused
from server import Server, verify
from table import conclude, head, line, tell_log

MEBIBYTES = 1536
WRITERS = 4
VALUE_BYTES = 50_000
REFUSALS = 20
SECONDS_MAX = 30


def drill(rounds: int, room: int) -> None:
    findings = []
    after = ["reads meanwhile", "writes again after", "sled up to date after"]
    head("round", "acknowledged before a refusal", "refused", "a refusal took", *after)
    with volume.scratch() as directory:
        volume.make_ext4(directory / "disk.img", MEBIBYTES)
        with volume.mounted(directory / "disk.img", directory / "disk") as at:
            data = at / "data"
            with Server(data) as server:
                crowd = Crowd.gather(server, WRITERS, (VALUE_BYTES,))
                for number in range(1, rounds + 1):
                    found = fill_up(at, room, server, crowd, number)
                    findings += [f"round {number}: {what}" for what in found]
                tell_log(server)
                findings += verify(data)
                if server.stop() != 0:
                    findings.append("the server did not stop cleanly")
            findings += start_full(at, crowd)
    print(f"\n{crowd.acknowledged} acknowledged, {len(findings)} findings")
    conclude(findings)


def fill_up(at: Path, room: int, server: Server, crowd: Crowd, number: int) -> list[str]:
    """One round: full, refusing, room again."""
    found = []
    ballast = volume.fill(at, room)
    with crowd.load(server) as load:
        load.until(1 << 60, SECONDS_MAX)
    accepted = crowd.pending()
    if not load.refused:
        found.append("no write was refused")
    found += [f"refused with {refused}" for refused in load.refused if refused.status != 503]
    refused, took, wrong = refusals(server, crowd)
    right, wrong_reads = reads(server, crowd)
    found += wrong + wrong_reads
    ballast.unlink()
    began = time.monotonic()
    again = until(lambda: writes(server, crowd))
    sled = until(lambda: caught_up(server, crowd), began)
    if again is None or sled is None:
        found.append("writes, or sled, did not come back")
    shown = [f"{ms:.0f} ms" if ms is not None else "never" for ms in (again, sled)]
    line(number, accepted, refused, took, right, *shown)
    return found


def start_full(at: Path, crowd: Crowd) -> list[str]:
    """A start on a full disk; the segment in use has room, so writes may well be taken."""
    ballast = volume.fill(at)
    with Server(at / "data") as server:
        found = crowd.check(server)
        taken = writes(server, crowd)
        ballast.unlink()
        sled = until(lambda: caught_up(server, crowd))
        print(
            f"\nstarted on the full disk after {server.ready_ms:.0f} ms; a write was "
            f"{'taken' if taken else 'refused'}; sled up to date {sled or 0:.0f} ms after room came"
        )
        if sled is None:
            found.append("sled did not come back")
        found += crowd.check(server) + verify(at / "data")
        server.stop()
    return found


def refusals(server: Server, crowd: Crowd) -> tuple[str, str, list[str]]:
    """Writes one after the other, which are to be refused: how many were, how long that took, and
    what was wrong. One that is taken is no fault: it is compared like all others."""
    client, took, wrong = Client(server), [], []
    for _ in range(REFUSALS):
        began = time.monotonic()
        try:
            crowd.writers[0].write(client)
        except Refused as refused:
            took.append((time.monotonic() - began) * 1000)
            if refused.status != 503 or refused.body.get("result") != "Error":
                wrong.append(f"refused with {refused}")
    if not took:
        return "0", "-", ["no write was refused"]
    times = f"{sum(took) / len(took):.0f} (to {max(took):.0f}) ms"
    return f"{len(took)} of {REFUSALS}", times, wrong


def reads(server: Server, crowd: Crowd) -> tuple[str, list[str]]:
    """Reads back all facts and attributes: what the table says of it, and what was wrong."""
    wrong = crowd.check(server)
    return ("WRONG" if wrong else "all right"), wrong


def writes(server: Server, crowd: Crowd) -> bool:
    try:
        crowd.writers[0].write(Client(server))
        return True
    except Refused:
        return False


def caught_up(server: Server, crowd: Crowd) -> bool:
    """Whether the log by position holds every fact."""
    state, _ = Client(server).ask("GET", "/v1/projections", token=crowd.token)
    return state["sled_filled"] == state["position"]


def until(done, began: float | None = None) -> float | None:
    """How many ms passed until `done`; `None` if it never was."""
    began = began or time.monotonic()
    while time.monotonic() < began + SECONDS_MAX:
        if done():
            return (time.monotonic() - began) * 1000
        time.sleep(0.002)
    return None
