#!/usr/bin/env python3
"""Walks every operation of the Zato SSO API of a fresh server, as an integrator would.

One line a step, then `N passed, 0 failed`; the exit code is 1 if a step failed. Run `cargo build`
first, or name a binary in the variable MUSTER.
"""

import json
import subprocess
import sys
import traceback
from pathlib import Path
from types import SimpleNamespace

import process
from client import OPERATIONS, Client, Refused


class World(SimpleNamespace):
    """The server, a client, and what steps leave for those after them: ids and tokens."""

    server: process.Server
    sso: Client


STEPS = []


def step(function):
    """Adds a step; its name is the sentence."""
    STEPS.append(function)
    return function


def refused(codes: list[str], call, /, *arguments, http_status: int = 403, **parameters) -> None:
    """The call is refused with exactly these codes, and nothing else is said."""
    try:
        answer = call(*arguments, **parameters)
    except Refused as error:
        assert (error.http_status, error.codes) == (http_status, codes), f"{error}, not {codes}"
        assert error.body.keys() == {"cid", "status", "sub_status"}, error.body
    else:
        raise AssertionError(f"it was not refused with {codes}: {answer}")


def every_operation_was_done(w: World):
    """Nothing of the contract's section 3 was left out."""
    assert [row[0] for row in OPERATIONS] == list(range(1, 40)), "the table has a gap"
    assert len({row[1:3] for row in OPERATIONS}) == 39, "the table has an operation twice"
    left_out = [row for row in OPERATIONS if row[0] not in w.sso.done]
    assert not left_out, f"never done: {left_out}"


def the_server_had_nothing_to_complain_about(w: World):
    """Neither a panic nor an error is in its log, and what it keeps fits together."""
    assert not w.server.said(), w.server.said()
    w.server.command("verify")


def an_export_of_all_that_holds_without_muster(w: World):
    """An auditor's own verifier accepts what was exported in every form, and finds a value that was changed."""
    settings = [json.loads(line) for line in w.server.command("config", "--json").splitlines()]
    key = next(row["value"] for row in settings if row["key"] == "log.key")
    for form in ("jsonl", "csv", "ocsf"):
        path = w.server.directory / f"export.{form}"
        w.server.command("export", "--format", form, "--out", str(path))
        exported = path.read_bytes()
        assert verified(path, key) == 0, f"an export as {form} does not hold"
        assert b"was locked" in exported.lower(), "nobody was locked"
        changed = exported.replace(b"Was locked", b"Was praised", 1)
        path.write_bytes(changed)
        assert verified(path, key) == 4, f"a changed export as {form} holds"


def verified(export: Path, key: str) -> int:
    """The exit code of the verifier."""
    verifier = process.ROOT / "tests" / "clients" / "audit" / "verify_export.py"
    run = subprocess.run([sys.executable, verifier, export, key], capture_output=True, text=True)
    assert run.returncode in (0, 4), run.stdout + run.stderr
    return run.returncode


def main() -> int:
    import steps  # noqa: F401, for its steps

    failed = 0
    with process.Server() as server:
        world = World(server=server, sso=Client(server.host, server.port, "CRM"))
        last = [
            every_operation_was_done,
            an_export_of_all_that_holds_without_muster,
            the_server_had_nothing_to_complain_about,
        ]
        for function in STEPS + last:
            sentence = function.__name__.replace("_", " ")
            try:
                function(world)
                print(f"ok      {sentence}")
            except Exception:
                failed += 1
                print(f"FAILED  {sentence}\n{traceback.format_exc()}")
    print(f"{len(STEPS) + len(last) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    # Steps import this module by its name; it must not be there twice.
    sys.modules["walk"] = sys.modules["__main__"]
    sys.exit(main())
