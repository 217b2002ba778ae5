"""File systems on loop devices, unmounted and removed whatever happens. They need root."""

import ctypes
import fcntl
import mmap
import os
import shutil
import struct
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

# EXT4_IOC_SHUTDOWN, and its way to stop at once, without writing the file system's journal.
SHUTDOWN = 0x8004587D
WITHOUT_FLUSHING = 2
FALLOC_FL_PUNCH_HOLE_KEEP_SIZE = 3
BLOCK = 4096


def run(*command) -> str:
    ended = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if ended.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {ended.stderr.strip()}")
    return ended.stdout


@contextmanager
def scratch():
    """A directory on a real disk (`TMPDIR` says where) that is removed in the end."""
    path = Path(tempfile.mkdtemp(prefix="muster-drill-"))
    try:
        yield path
    finally:
        shutil.rmtree(path)


def make_ext4(image: Path, mebibytes: int, *options: str) -> None:
    """An ext4 file system in a sparse file."""
    with open(image, "wb") as file:
        file.truncate(mebibytes << 20)
    run("mkfs.ext4", "-q", "-F", "-m", "0", *options, image)


@contextmanager
def mounted(image: Path, at: Path, options: str = "loop"):
    """Mounts an image for the length of the block."""
    at.mkdir(exist_ok=True)
    run("mount", "-o", options, image, at)
    try:
        yield at
    finally:
        # A server that was just killed may hold a file for a moment; a lazy unmount waits for it.
        run("umount", "--lazy", at)


@contextmanager
def tmpfs(at: Path, mebibytes: int):
    """A file system in memory, whose size can be changed."""
    at.mkdir(exist_ok=True)
    run("mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "drill", at)
    try:
        yield at
    finally:
        run("umount", "--lazy", at)


def cut_power(at: Path) -> None:
    """From now on nothing reaches the device: the image is as a power cut leaves it."""
    directory = os.open(at, os.O_RDONLY)
    try:
        fcntl.ioctl(directory, SHUTDOWN, struct.pack("I", WITHOUT_FLUSHING))
    finally:
        os.close(directory)


def loop_of(at: Path) -> Path:
    """The loop device that is mounted here."""
    return Path(run("findmnt", "-n", "-o", "SOURCE", at).strip())


def copy_image(image: Path, to: Path) -> None:
    run("cp", "--sparse=always", image, to)


def copy_tree(source: Path, to: Path) -> None:
    """A copy in which runs of zeros take no room."""
    run("cp", "-a", "--sparse=always", source, to)


def write_synced(path: Path, content: bytes) -> None:
    """A file whose content and name are on the disk."""
    path.write_bytes(content)
    run("sync", path, path.parent)


def write_directly(path: Path, byte: bytes) -> None:
    """Writes a block past the page cache, to the device's own cache; does not sync it."""
    block = mmap.mmap(-1, BLOCK)
    block.write(byte * BLOCK)
    file = os.open(path, os.O_WRONLY | os.O_DIRECT)
    try:
        os.pwrite(file, block, 0)
    finally:
        os.close(file)


def punch(image: Path, offset: int, length: int) -> None:
    """Gives a range of the image back: it reads as zeros, and must be allocated to be written."""
    libc = ctypes.CDLL(None, use_errno=True)
    file = os.open(image, os.O_RDWR)
    try:
        done = libc.fallocate(
            file,
            FALLOC_FL_PUNCH_HOLE_KEEP_SIZE,
            ctypes.c_longlong(offset),
            ctypes.c_longlong(length),
        )
        if done != 0:
            raise OSError(ctypes.get_errno(), f"punching a hole into {image}")
    finally:
        os.close(file)


def fill(directory: Path, leave_mebibytes: int = 0) -> Path:
    """A file that takes all the room there is, but for so much."""
    path = directory / "ballast"
    with open(path, "wb") as file:
        size = 1 << 30
        while size >= BLOCK:
            try:
                os.posix_fallocate(file.fileno(), os.fstat(file.fileno()).st_size, size)
            except OSError:
                size //= 2
        file.truncate(max(os.fstat(file.fileno()).st_size - (leave_mebibytes << 20), 0))
    return path
