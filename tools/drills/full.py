"""A full disk: a ballast file takes all the room on a small file system while the server serves. Writes
are refused, reads go on, the ballast is removed, and writes work again in the same process. The log
by position must come back into use, too."""

import time

import volume
from client import Client, Crowd, Refused
from server import Server, verify
from table import conclude, head, line

MEBIBYTES = 300
WRITERS = 4
VALUE_BYTES = 50_000
REFUSALS = 20
SECONDS_MAX = 120


def drill(rounds: int) -> None:
    findings = []
    head(
        "round",
        "acknowledged before the first refusal",
        "refused",
        "a refusal took",
        "reads meanwhile",
        "lost or altered",
        "writes again after",
        "sled up to date after",
    )
    with volume.scratch() as directory:
        volume.make_ext4(directory / "disk.img", MEBIBYTES)
        with volume.mounted(directory / "disk.img", directory / "disk") as at:
            data = at / "data"
            with Server(data) as server:
                crowd = Crowd.gather(server, WRITERS, VALUE_BYTES)
                for number in range(1, rounds + 1):
                    findings += [f"round {number}: {what}" for what in fill_up(at, server, crowd, number)]
                print("\nwhat the server said:\n```")
                print("\n".join(dict.fromkeys(server.log().strip().splitlines())))
                print("```")
                findings += verify(data)
                if server.stop() != 0:
                    findings.append("the server did not stop cleanly")
            with Server(data) as server:
                findings += crowd.check(server) + verify(data)
    print(f"\n{crowd.acknowledged} acknowledged, {len(findings)} findings")
    conclude(findings)


def fill_up(at, server: Server, crowd: Crowd, number: int) -> list[str]:
    """One round: full, refusing, room again."""
    found = []
    ballast = volume.fill(at)
    with crowd.load(server) as load:
        load.until(1 << 60, SECONDS_MAX)
    accepted = crowd.pending()
    if not load.refused:
        found.append("no write was refused")
    found += [f"refused with {refused}" for refused in load.refused if refused.status != 503]
    took, wrong = refusals(server, crowd)
    found += wrong
    lost = crowd.check(server)
    found += lost
    ballast.unlink()
    began = time.monotonic()
    again = until(lambda: writes(server, crowd))
    sled = until(lambda: caught_up(server, crowd), began)
    if again is None or sled is None:
        found.append("writes, or sled, did not come back")
    reads = WRITERS * len(crowd.writers[0].promised)
    shown = [f"{ms:.0f} ms" if ms is not None else "never" for ms in (again, sled)]
    took_ms = f"{sum(took) / len(took):.0f} (to {max(took):.0f}) ms"
    line(number, accepted, len(took), took_ms, f"{reads}, all right" if not lost else "WRONG", len(lost), *shown)
    return found


def refusals(server: Server, crowd: Crowd) -> tuple[list[float], list[str]]:
    """Writes that are refused one after the other: how long each took in ms, and what was wrong."""
    client, took, wrong = Client(server), [], []
    for _ in range(REFUSALS):
        began = time.monotonic()
        try:
            crowd.writers[0].write(client)
            wrong.append("a write was taken on a full disk")
        except Refused as refused:
            if refused.status != 503 or refused.body.get("status") == "ok":
                wrong.append(f"refused with {refused}")
        took.append((time.monotonic() - began) * 1000)
    return took, wrong


def writes(server: Server, crowd: Crowd) -> bool:
    try:
        crowd.writers[0].write(Client(server))
        return True
    except Refused:
        return False


def caught_up(server: Server, crowd: Crowd) -> bool:
    """Whether the log by position holds every fact."""
    state, _ = Client(server).ask("GET", "/v1/projections", token=crowd.token)
    return state["log_filled"] == state["position"]


def until(done, began: float | None = None) -> float | None:
    """How many ms passed until `done`; `None` if it never was."""
    began = began or time.monotonic()
    while time.monotonic() < began + SECONDS_MAX:
        if done():
            return (time.monotonic() - began) * 1000
        time.sleep(0.002)
    return None
