"""Speaks to the server as applications and auditors do, and remembers what was acknowledged."""

import http.client
import json
import threading
import time
from dataclasses import dataclass, field
from itertools import cycle

from server import Server

APPLICATION = "CRM"
PASSWORD = "correct horse battery"
KEYS = 20
PAGE = 1000
ANSWER_SECONDS_MAX = 60


class Refused(Exception):
    """An answer that is not a success."""

    def __init__(self, status: int, body):
        super().__init__(f"{status} {body}")
        self.status = status
        self.body = body


class Client:
    """One connection."""

    def __init__(self, server: Server):
        self._connection = http.client.HTTPConnection(*server.address, timeout=ANSWER_SECONDS_MAX)

    def ask(self, method: str, path: str, body=None, token: str | None = None):
        """Returns the answer's JSON and the position it names, or raises `Refused`."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        data = None if body is None else json.dumps(body)
        self._connection.request(method, path, data, headers)
        response = self._connection.getresponse()
        answer = json.loads(response.read() or "null")
        if response.status != 200 or (path.startswith("/zato") and answer["status"] != "ok"):
            raise Refused(response.status, answer)
        return answer, int(response.headers.get("X-Muster-Position") or 0)

    def zato(self, method: str, path: str, **body):
        return self.ask(method, f"/zato/sso/user{path}", {"current_app": APPLICATION, **body})

    def login(self, username: str, password: str) -> str:
        return self.zato("POST", "/login", username=username, password=password)[0]["ust"]

    def sign_up(self, admin: str, token: str, username: str) -> str:
        """Signs somebody up, confirms, approves and logs in; returns the session's token."""
        signed, _ = self.zato("POST", "/signup", username=username, password=PASSWORD)
        self.zato("PATCH", "/signup", confirm_token=signed["confirm_token"])
        user, _ = self.ask("GET", f"/v1/users/{username}", token=token)
        user_id = "zusr" + user["id"].lower().lstrip("0")
        self.zato("POST", "/approve", ust=admin, user_id=user_id)
        return self.login(username, PASSWORD)

    def events_after(self, position: int, token: str) -> list[dict]:
        """The facts behind a position, page by page."""
        events = []
        while True:
            page, _ = self.ask("GET", f"/v1/events?after={position}&limit={PAGE}", token=token)
            events += page["items"]
            if page["next"] is None:
                return events
            position = page["next"]


@dataclass
class Writer:
    """Somebody who writes attributes of its own, and knows what it was promised."""

    name: str
    ust: str
    value_bytes: int = 0
    written: int = 0
    # By attribute: the value acknowledged last; and values asked for and not acknowledged since.
    promised: dict[str, str] = field(default_factory=dict)
    unsure: dict[str, list[str]] = field(default_factory=dict)
    # Acknowledged and not yet compared with the log: position, value.
    positions: list[tuple[int, str]] = field(default_factory=list)

    def write(self, client: Client) -> None:
        """One write. Whatever is raised: it may have been done, or not."""
        self.written += 1
        name = f"key{self.written % KEYS}"
        value = f"{self.name}-{self.written}-".ljust(self.value_bytes, "x")
        self.unsure.setdefault(name, []).append(value)
        _, position = client.zato("PUT", "/attr", ust=self.ust, name=name, value=value)
        self.unsure.pop(name)
        self.promised[name] = value
        self.positions.append((position, value))

    def check(self, client: Client) -> list[str]:
        """Reads back every attribute and says which are not as promised."""
        lost = []
        for number in range(KEYS):
            name = f"key{number}"
            answer, _ = client.zato("GET", "/attr", ust=self.ust, name=name)
            value, promised = answer.get("value"), self.promised.get(name)
            if value != promised and value not in self.unsure.get(name, []):
                lost.append(f"{self.name} {name}: promised {brief(promised)}, is {brief(value)}")
            elif value is not None:
                self.promised[name] = value
        self.unsure.clear()
        return lost


@dataclass
class Crowd:
    """The people who write, and what of the log was compared already."""

    token: str
    writers: list[Writer]
    acknowledged: int = 0
    compared: int = 0

    @classmethod
    def gather(cls, server: Server, size: int, value_bytes: tuple[int, ...] = (0,)):
        """Signs `size` people up on a server that was started for the first time; their values are
        at least as long as `value_bytes` says, in turn."""
        client = Client(server)
        admin = client.login("admin", server.password)
        names = [f"writer{number}" for number in range(size)]
        users = [client.sign_up(admin, server.token, name) for name in names]
        return cls(server.token, [Writer(*who) for who in zip(names, users, cycle(value_bytes))])

    def load(self, server: Server) -> "Load":
        return Load(server, self)

    def check(self, server: Server) -> list[str]:
        """Compares log and attributes with what was promised; says what is lost or altered."""
        client = Client(server)
        found = []
        events = client.events_after(self.compared, self.token)
        for position, event in enumerate(events, self.compared + 1):
            if event["position"] != position:
                found.append(f"position {event['position']} where {position} was due")
        by_position = {event["position"]: event for event in events}
        for writer in self.writers:
            for position, value in writer.positions:
                if not tells(by_position.get(position), value):
                    found.append(f"{brief(value)} at {position}: {by_position.get(position)}")
            self.acknowledged += len(writer.positions)
            writer.positions.clear()
            found += writer.check(client)
        self.compared += len(events)
        return found

    def pending(self) -> int:
        """Acknowledged since the last check."""
        return sum(len(writer.positions) for writer in self.writers)


class Load:
    """All writers at once, each on a thread and a connection, until the block is left."""

    def __init__(self, server: Server, crowd: Crowd):
        self._server = server
        self._crowd = crowd
        self._stop = threading.Event()
        self.refused: list[Refused] = []

    def _work(self, writer: Writer) -> None:
        try:
            client = Client(self._server)
            while not self._stop.is_set():
                writer.write(client)
        except Refused as refused:
            self.refused.append(refused)
        except (OSError, http.client.HTTPException, ValueError):
            # The server is gone; what was under way stays unsure.
            pass

    def until(self, acknowledged: int, seconds: float) -> None:
        """Waits for so many acknowledged writes, or for the time, or for the first refusal."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.refused:
            if self._crowd.pending() >= acknowledged:
                return
            time.sleep(0.001)

    def __enter__(self):
        crowd = self._crowd.writers
        self._threads = [threading.Thread(target=self._work, args=(w,)) for w in crowd]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()


def tells(event: dict | None, value: str) -> bool:
    """Whether a fact says that an attribute was set to this value."""
    if event is None or event["event"] != "user.attribute_set":
        return False
    # Of a long value an event says only that it is long; the attribute itself is compared too.
    return any(change.get("new") in (value, {"long": True}) for change in event["changes"])


def brief(value) -> str:
    return repr(value if value is None else value[:40])
