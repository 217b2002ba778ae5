#!/usr/bin/env python3
"""Checks an export of Muster and its manifest, without any code of Muster.

    verify_export.py FILE KEY [--manifest FILE] [--checkpoint KEPT]

Plain Python 3.11; signatures are checked by the package `cryptography` if it is there, else by
`openssl pkeyutl`. What is checked, and why that is enough: docs/export.md, "Checking one".
Exit code 0: it holds. 4: it does not; a line a finding. 1: a checkpoint cannot be compared.
"""

import argparse
import base64
import csv
import datetime
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

EPOCH = datetime.datetime(1970, 1, 1)
STREAMS = {1: "user", 2: "session", 5: "system"}
ACTORS = {1: "anonymous", 2: "user", 3: "machine", 4: "operator", 5: "system"}
DIALECTS = {1: "muster", 2: "zato"}
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def unbase64(text):
    return base64.b64decode(text, validate=True)


def sha256(data):
    return hashlib.sha256(data).digest()


# Notes (C2SP signed-note, ed25519)


def ed25519(public, signature, message):
    """Whether the signature is that of the message."""
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError:
        return ed25519_by_openssl(public, signature, message)
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        return True
    except InvalidSignature:
        return False


def ed25519_by_openssl(public, signature, message):
    with tempfile.TemporaryDirectory() as name:
        at = pathlib.Path(name)
        # SubjectPublicKeyInfo of RFC 8410.
        (at / "key").write_bytes(bytes.fromhex("302a300506032b6570032100") + public)
        (at / "signature").write_bytes(signature)
        (at / "message").write_bytes(message)
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-rawin"]
        files = ["-inkey", at / "key", "-sigfile", at / "signature", "-in", at / "message"]
        return subprocess.run(command + files, capture_output=True).returncode == 0


class Key:
    """A verifier key: `name+hash+base64`."""

    def __init__(self, text):
        self.name, digits, key = text.strip().split("+", 2)
        key = unbase64(key)
        self.public = key[1:]
        if key[0] != 1 or len(self.public) != 32 or self.id(self.name).hex() != digits:
            raise SystemExit(f"no key: {text}")

    def id(self, name):
        return sha256(name.encode() + b"\n\x01" + self.public)[:4]

    def lines(self, note, name):
        """The lines of a note that this key signed under a name; nothing if it did not."""
        text, _, signatures = note.rpartition("\n\n")
        text += "\n"
        for line in signatures.splitlines():
            dash, _, rest = line.partition(" ")
            who, _, signature = rest.partition(" ")
            if dash != "\u2014" or who != name:
                continue
            signature = unbase64(signature)
            if signature[:4] == self.id(name) and ed25519(self.public, signature[4:], text.encode()):
                return text.splitlines()
        return None

    def name_for(self, log):
        """The store's key goes by the epoch; another store's is another key."""
        same_store = log.rpartition("/")[0] == self.name.rpartition("/")[0]
        return log if same_store else self.name

    def checkpoint(self, note):
        """Log, size and root of a checkpoint that this key signed."""
        lines = self.lines(note, self.name_for(note.split("\n", 1)[0]))
        if lines is None or len(lines) < 3:
            return None
        return lines[0], int(lines[1]), unbase64(lines[2])


# The tree (RFC 6962)


class Tree:
    """Subtrees from left to right, joined as soon as two of a size are neighbours."""

    def __init__(self):
        self.count, self.peaks = 0, []

    def add(self, leaves, node):
        while self.peaks and self.peaks[-1][0] == leaves and self.count // leaves % 2 == 1:
            _, left = self.peaks.pop()
            self.count -= leaves
            leaves, node = leaves * 2, sha256(b"\x01" + left + node)
        self.peaks.append((leaves, node))
        self.count += leaves

    def root(self):
        if not self.peaks:
            return sha256(b"")
        *larger, (_, root) = self.peaks
        for _, left in reversed(larger):
            root = sha256(b"\x01" + left + root)
        return root


def largest(first, count):
    """The number of leaves of the largest subtree that begins at leaf `first`, within `count`."""
    leaves = 1
    while leaves * 2 <= count and first % (leaves * 2) == 0:
        leaves *= 2
    return leaves


# Lines


def ulid(data):
    number, letters = int.from_bytes(data, "big"), ""
    for _ in range(26):
        number, letter = divmod(number, 32)
        letters = CROCKFORD[letter] + letters
    return None if data == bytes(16) else letters


def in_clear(record):
    """What a record's head says."""
    at = EPOCH + datetime.timedelta(microseconds=int.from_bytes(record[24:32], "little", signed=True))
    return {
        "stream.kind": STREAMS[record[0]],
        "stream.id": ulid(record[1:17]),
        "stream.version": int.from_bytes(record[17:21], "little"),
        "at": at.strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z",
        "actor.kind": ACTORS[record[32]],
        "actor.id": ulid(record[33:49]),
        "via.credential": ulid(record[49:65]),
        "via.dialect": DIALECTS[record[67]],
    }


def at(fact, path):
    for key in path.split("."):
        fact = fact[key]
    return fact


def read_line(form, line):
    """A line as a fact, and its record."""
    text = line.decode()
    if form == "csv":
        names = "position at event kind id version actor_kind actor_id name sentence changes via record"
        cell = dict(zip(names.split(), next(csv.reader([text])), strict=True))
        fact = {
            "position": int(cell["position"]),
            "at": cell["at"],
            "stream": {"kind": cell["kind"], "id": cell["id"] or None, "version": int(cell["version"])},
            "actor": {"kind": cell["actor_kind"], "id": cell["actor_id"] or None},
            "via": json.loads(cell["via"]),
        }
        return fact, unbase64(cell["record"])
    fact = json.loads(text)
    if form == "ocsf":
        event, fact = fact, fact["unmapped"]["fact"]
        assert event["metadata"]["sequence"] == fact["position"], "metadata.sequence"
        assert event["metadata"]["original_time"] == fact["at"], "metadata.original_time"
        return fact, unbase64(event["unmapped"]["record"])
    return fact, unbase64(fact["record"])


def positions(stretches):
    for first, last in stretches:
        yield from range(first, last + 1)


class Check:
    def __init__(self, key, kept):
        self.key, self.kept, self.findings = key, kept, []

    def found(self, what):
        self.findings.append(what)

    def manifest(self, data):
        end = data.rindex(b',"signature":')
        body, note = data[len(b'{"body":') : end], json.loads(data[end + 13 :].rstrip()[:-1])
        said = json.loads(body)
        lines = self.key.lines(note, self.key.name_for(said["log"]))
        if lines is None:
            self.found("the manifest is not signed by the key")
        elif lines != [said["log"] + " export", said["id"], base64.b64encode(sha256(body)).decode()]:
            self.found("the manifest was changed after it was signed")
        return said

    def file(self, path, said):
        checkpoint = self.key.checkpoint(said["checkpoint"])
        if checkpoint is None or checkpoint[0] != said["log"]:
            self.found("the checkpoint is not signed by the key, or is about another log")
            return
        _, size, root = checkpoint
        step, hashes = said["line_hash_bytes"], unbase64(said["lines"])
        expected = [hashes[n : n + step] for n in range(0, len(hashes), step)]
        cover, tree, roots = unbase64(said["cover"]), Tree(), {}
        whole, wanted = hashlib.sha256(), positions(said["positions"])

        def pass_to(position):
            """Puts the subtrees before a position into the tree."""
            nonlocal cover
            while tree.count < position - 1:
                count = largest(tree.count, position - 1 - tree.count)
                node, cover = cover[:32], cover[32:]
                tree.add(count, node)
                roots[tree.count] = tree.root() if self.wants(tree.count) else None

        if self.wants(0):
            roots[0] = tree.root()
        number, ended = 0, b"\r\n" if said["format"] == "csv" else b"\n"
        with open(path, "rb") as lines:
            for number, line in enumerate(lines, 1):
                whole.update(line)
                text = line.removesuffix(ended)
                hashed = sha256(text)[:step]
                if number > len(expected) or hashed != expected[number - 1]:
                    self.found(f"line {number} is not the one that was handed out")
                if said["format"] == "csv" and number == 1:
                    continue
                try:
                    position = next(wanted, None)
                    fact, record = read_line(said["format"], text)
                    self.line(number, position, fact, record)
                except Exception as error:
                    self.found(f"line {number} cannot be read: {error!r}")
                    return
                pass_to(fact["position"])
                tree.add(1, sha256(b"\x00" + record))
                roots[tree.count] = tree.root() if self.wants(tree.count) else None
        if number != len(expected):
            self.found(f"there are {number} lines, and {len(expected)} were handed out")
        if whole.hexdigest() != said["sha256"]:
            self.found("the file is not the one that was handed out")
        pass_to(size + 1)
        if tree.count != size or tree.root() != root or cover:
            self.found(f"records and cover do not lead to the root of {size} facts that was signed")
        if self.kept and not self.findings:
            self.compare(said["log"], roots)

    def wants(self, size):
        return self.kept is not None and self.kept[1] == size

    def line(self, number, position, fact, record):
        if fact["position"] != position:
            self.found(f"line {number} is about position {fact['position']}, not {position}")
        for path, value in in_clear(record).items():
            if at(fact, path) != value:
                self.found(f"line {number}, position {position}: {path} is not what its record says, {value}")

    def compare(self, log, roots):
        kept_log, size, root = self.kept
        if kept_log.rpartition("/")[0] != log.rpartition("/")[0]:
            self.found("the checkpoint that was kept is about another log")
        elif roots.get(size) is None:
            print(f"the checkpoint of {size} facts cannot be compared with this export", file=sys.stderr)
            sys.exit(1)
        elif roots[size] != root:
            self.found(f"the log up to position {size} is not the one whose checkpoint was kept")


def main():
    parser = argparse.ArgumentParser(description="Checks an export and its manifest.")
    parser.add_argument("file")
    parser.add_argument("key", help="muster/STORE/EPOCH+HASH+BASE64")
    parser.add_argument("--manifest", help="default: FILE.manifest.json")
    parser.add_argument("--checkpoint", help="a checkpoint that was kept")
    asked = parser.parse_args()
    key, kept = Key(asked.key), None
    if asked.checkpoint:
        kept = key.checkpoint(pathlib.Path(asked.checkpoint).read_text(encoding="utf-8"))
        if kept is None:
            raise SystemExit("the checkpoint that was kept is not signed by the key")
    check = Check(key, kept)
    manifest = pathlib.Path(asked.manifest or asked.file + ".manifest.json")
    said = check.manifest(manifest.read_bytes())
    check.file(asked.file, said)
    for finding in check.findings:
        print(f"found: {finding}", file=sys.stderr)
    if check.findings:
        sys.exit(4)
    print(f"it holds: {said['count']} facts")


if __name__ == "__main__":
    main()
