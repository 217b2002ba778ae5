"""A stopped store with history, and what becomes of copies of it that are damaged."""

import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import volume
from client import Client, Crowd
from server import NotStarted, Server, verify

WRITERS = 3
WRITES = 300
# So that the last frame has some sectors to be torn between.
LAST_VALUE_BYTES = 10_000
EXIT_DAMAGE = 4
FRAME_MAGIC = b"MUSTERFR"

REFUSED = "refused, file named"
SERVED = "served all, verify clean"
TOLD = "served all, verify tells"
WITHOUT_END = "served without the last frame"
WRONG = "WRONG"
OUTCOMES = [REFUSED, SERVED, TOLD, WITHOUT_END, WRONG]

# What a message calls a file that it does not name by its path.
OTHER_NAMES = {"muster.key": ["master key"]}


@dataclass
class Store:
    """The store as it was some time ago, and as it is now."""

    directory: Path
    older: Path
    now: Path
    crowd: Crowd
    events: list[dict]
    tried: int = 0

    @classmethod
    def make(cls, directory: Path) -> "Store":
        data = directory / "data"
        older, now = directory / "older", directory / "now"
        with Server(data) as server:
            crowd = Crowd.gather(server, WRITERS)
            with crowd.load(server) as load:
                load.until(WRITES, 60)
            server.stop()
        volume.copy_tree(data, older)
        with Server(data) as server:
            with crowd.load(server) as load:
                load.until(2 * WRITES, 60)
            crowd.writers[0].value_bytes = LAST_VALUE_BYTES
            crowd.writers[0].write(Client(server))
            found = crowd.check(server)
            assert not found, found
            events = Client(server).events_after(0, crowd.token)
            server.stop()
        volume.copy_tree(data, now)
        return cls(directory, older, now, crowd, events)

    def files(self) -> list[str]:
        """Every file with something in it."""
        paths = sorted(path for path in self.now.rglob("*") if path.is_file())
        return [str(path.relative_to(self.now)) for path in paths if path.stat().st_size > 0]

    def copy(self) -> Path:
        """A fresh copy, in the place of the one before."""
        data = self.directory / "copy"
        shutil.rmtree(data, ignore_errors=True)
        volume.copy_tree(self.now, data)
        return data

    def outcome(self, data: Path, names: list[str], may_lose: int = 0) -> tuple[str, str]:
        """Starts on a damaged copy: what became of it, and if that is wrong, how.

        A refusal must name one of the files; at most `may_lose` facts may be gone from the end."""
        self.tried += 1
        try:
            with Server(data) as server:
                return self._answers(server, data, may_lose)
        except NotStarted as why:
            known = [other for name in names for other in [name, *OTHER_NAMES.get(name, [])]]
            if why.code != EXIT_DAMAGE:
                return WRONG, f"ended: {why}"
            if not any(name in why.said for name in known):
                return WRONG, f"refused without naming {names}: {why}"
            return REFUSED, ""

    def _answers(self, server: Server, data: Path, may_lose: int) -> tuple[str, str]:
        if server.password is not None:
            return WRONG, "the store was taken for a new one"
        events = Client(server).events_after(0, self.crowd.token)
        told = verify(data)
        if events == self.events:
            wrong = self.crowd.check(server)
            if wrong:
                return WRONG, "; ".join(wrong[:3])
            return (TOLD if told else SERVED), ""
        lost = len(self.events) - len(events)
        if 0 < lost <= may_lose and events == self.events[: len(events)]:
            return (WRONG if told else WITHOUT_END), "; ".join(told)
        return WRONG, f"{len(events)} facts of {len(self.events)}, or other ones"


class Tally:
    """Outcomes by row."""

    def __init__(self):
        self.findings: list[str] = []
        self._counts: dict[str, Counter] = {}

    def add(self, row: str, what: str, outcome: tuple[str, str]) -> None:
        self._counts.setdefault(row, Counter())[outcome[0]] += 1
        if outcome[0] == WRONG:
            self.findings.append(f"{row}: {what}: {outcome[1]}")

    def rows(self):
        for row, counts in self._counts.items():
            yield row, sum(counts.values()), *(counts[outcome] for outcome in OUTCOMES)
