"""The real server on a fresh directory, with the definitions that the walk needs."""

import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
START_SECONDS_MAX = 120
STOP_SECONDS_MAX = 30

BASIC_AUTH = ("pubapi", "a password: with a colon")
JWT = ("partner", "a secret of the partner's, of 32 bytes at least")

CONFIGURATION = f"""
log = "warn"

[zato.apps]
all = ["CRM", "ERP"]

[[zato.basic_auth]]
name = "{BASIC_AUTH[0]}"
username = "{BASIC_AUTH[0]}"
password = "{BASIC_AUTH[1]}"

[[zato.jwt]]
name = "{JWT[0]}"
username = "{JWT[0]}"
secret = "{JWT[1]}"
"""


def binary() -> Path:
    """What MUSTER names, else the build that is newer."""
    if named := os.environ.get("MUSTER"):
        return Path(named)
    built = [ROOT / "target" / profile / "muster" for profile in ("debug", "release")]
    built = [path for path in built if path.exists()]
    if not built:
        raise SystemExit("there is no muster in target/: run `cargo build`, or name one in MUSTER")
    return max(built, key=lambda path: path.stat().st_mtime)


class Server:
    """Started on entering, stopped and removed on leaving."""

    def __init__(self):
        self.binary = binary()
        self.directory = Path(tempfile.mkdtemp(prefix="muster-walk-"))
        self.data = self.directory / "data"
        self.configuration = self.directory / "muster.toml"
        self.log = self.directory / "log"

    def __enter__(self):
        self.configuration.write_text(CONFIGURATION)
        # It holds secrets; the server says so of a file that others may read.
        self.configuration.chmod(0o600)
        command = [self.binary, "serve", "--listen", "127.0.0.1:0", "--data", self.data]
        command += ["--config", self.configuration]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, text=True, env=self._environment()
            )
        try:
            self._read_first_print()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def command(self, *arguments: str) -> str:
        """Runs another command of the binary beside the server."""
        command = [self.binary, *arguments, "--data", self.data]
        run = subprocess.run(
            command, capture_output=True, text=True, env=self._environment(), timeout=60
        )
        assert run.returncode == 0, f"muster {' '.join(arguments)}: {run.stderr}"
        return run.stdout

    def mail(self, username: str, kind: str) -> dict:
        """The newest mail of this kind that waits for somebody; no SMTP server takes it."""
        lines = self.command("outbox", "list", "--json").splitlines()
        mails = [json.loads(line) for line in lines]
        mails = [mail for mail in mails if (mail["username"], mail["kind"]) == (username, kind)]
        assert mails, f"no mail {kind} for {username}"
        return mails[-1]

    def said(self) -> str:
        """What it logged."""
        return self.log.read_text(errors="replace")

    def _read_first_print(self):
        lines: queue.Queue = queue.Queue()
        threading.Thread(target=self._follow, args=(lines,), daemon=True).start()
        printed = {}
        while True:
            try:
                line = lines.get(timeout=START_SECONDS_MAX)
            except queue.Empty:
                raise SystemExit(f"the server does not start:\n{self.said()}") from None
            if line is None:
                raise SystemExit(f"the server ended:\n{self.said()}")
            if line.startswith("listening on http://"):
                self.host, port = line.removeprefix("listening on http://").strip().rsplit(":", 1)
                self.port = int(port)
                break
            if len(words := line.split()) == 2:
                printed[words[0]] = words[1]
        self.username = printed["super-user"]
        self.password = printed["password"]

    def _follow(self, lines: queue.Queue):
        for line in self.process.stdout:
            lines.put(line)
        lines.put(None)

    @staticmethod
    def _environment() -> dict:
        own = ("MUSTER_DATA", "MUSTER_LISTEN", "MUSTER_LOG", "MUSTER_CONFIG")
        return {key: value for key, value in os.environ.items() if key not in own}
