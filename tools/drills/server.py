"""The real server as a child process: start, stop, kill; and `muster` at the command line."""

import os
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

START_SECONDS_MAX = 120
STOP_SECONDS_MAX = 60
COMMAND_SECONDS_MAX = 300

REPOSITORY = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("MUSTER", REPOSITORY / "target/release/muster"))


class NotStarted(Exception):
    """The server ended, or did not become ready."""

    def __init__(self, code: int | None, said: str):
        super().__init__(f"exit {code}: {said.strip()[-600:]}")
        self.code = code
        self.said = said


class Server:
    """A server that is ready. Leaving the `with` block kills it."""

    def __init__(self, data: Path):
        began = time.monotonic()
        # Its log is kept elsewhere: the disk below `data` is about to suffer.
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            [BINARY, "serve", "--data", data, "--listen", "127.0.0.1:0"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env={**os.environ, "MUSTER_LOG": "warn"},
            text=True,
        )
        self.password = self.token = self.address = None
        late = threading.Timer(START_SECONDS_MAX, self._process.kill)
        late.start()
        for line in self._process.stdout:
            match line.split():
                case ["password", password]:
                    self.password = password
                case ["token", token]:
                    self.token = token
                case ["listening", "on", url]:
                    host, port = url.removeprefix("http://").rsplit(":", 1)
                    self.address = (host, int(port))
                    break
        late.cancel()
        if self.address is None:
            raise NotStarted(self._process.wait(), self.log())
        self.ready_ms = (time.monotonic() - began) * 1000

    def log(self) -> str:
        """What it has said on standard error so far."""
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), size, 0).decode(errors="replace")

    def runs(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """`kill -9`: no warning, no last words."""
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def stop(self) -> int:
        """Asks it to stop, and returns its exit code."""
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(STOP_SECONDS_MAX)
        self._process.stdout.close()
        return code

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.runs():
            self.kill()
        self._log.close()


def start_and_kill(data: Path, seconds: float, before=lambda: None) -> None:
    """Kills a start that is probably not ready yet; `before` happens just before."""
    command = [BINARY, "serve", "--data", data, "--listen", "127.0.0.1:0"]
    nothing = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing) as process:
        time.sleep(seconds)
        before()
        process.kill()


def command(data: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Runs a subcommand of `muster` on a data directory, or through the server that holds it."""
    return subprocess.run(
        [BINARY, *arguments, "--data", data],
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS_MAX,
    )


def verify(data: Path) -> list[str]:
    """What `muster verify` finds; empty if nothing."""
    ended = command(data, "verify", "--json")
    if ended.returncode == 0:
        return []
    return [f"verify: exit {ended.returncode}: {(ended.stdout + ended.stderr).strip()[:600]}"]
