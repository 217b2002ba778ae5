"""`kill -9` under load, again and again; now and then a start is killed before it is ready."""

import random

from client import Crowd
from server import Server, start_and_kill, verify
from table import conclude, head, line
from volume import scratch

WRITERS = 8
LOAD_SECONDS_MAX = 0.6
EARLY_KILL_EVERY = 4
EARLY_SECONDS_MAX = 0.06


def drill(rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    findings = []
    with scratch() as directory:
        data = directory / "data"
        with Server(data) as server:
            crowd = Crowd.gather(server, WRITERS)
            server.stop()
        head("round", "killed after", "acknowledged", "lost or altered", "ready after")
        for number in range(1, rounds + 1):
            seconds = chance.uniform(0.001, LOAD_SECONDS_MAX)
            with Server(data) as server, crowd.load(server) as load:
                load.until(1 << 60, seconds)
                server.kill()
            findings += [f"round {number}: refused: {refused}" for refused in load.refused]
            if number % EARLY_KILL_EVERY == 0:
                start_and_kill(data, chance.uniform(0, EARLY_SECONDS_MAX))
            with Server(data) as server:
                acknowledged = crowd.pending()
                found = crowd.check(server) + verify(data)
                ready_ms = server.ready_ms
                server.kill()
            line(number, f"{seconds * 1000:.0f} ms", acknowledged, len(found), f"{ready_ms:.0f} ms")
            findings += [f"round {number}: {what}" for what in found]
    print(f"\n{rounds} rounds, {crowd.acknowledged} acknowledged, {len(findings)} lost or altered")
    conclude(findings)
