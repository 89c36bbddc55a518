"""A small disk of the database's own: a file system in a file, mounted where the cluster lies, that can be filled and emptied."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from crm.operations.servers.homes import Home
from crm.operations.servers.postgres import Postgres

GIGABYTES = 8
"""Sparse: it costs what is written. The disk is full when a ballast takes what is left of it."""


@dataclass
class Volume:
    """A mounted file system."""

    place: Path

    @property
    def ballast(self) -> Path:
        """Return the file that takes the room."""
        return self.place / "ballast"

    def fill(self) -> int:
        """Leave no byte; return how many were free."""
        free = shutil.disk_usage(self.place).free
        left = free
        with self.ballast.open("ab") as file:
            while left > 4096:
                try:
                    os.posix_fallocate(file.fileno(), file.seek(0, os.SEEK_END), left)
                except OSError:
                    left //= 2
        return free

    def empty(self) -> None:
        """Give the space back."""
        self.ballast.unlink(missing_ok=True)


@contextmanager
def volume(home: Home, *, wanted: bool) -> Iterator[Volume | None]:
    """A volume mounted at the cluster's folder; None where it is not wanted, or where the machine does not let us."""
    place = Postgres(home).data
    if not wanted or not _mounted(home, place):
        yield None
        return
    try:
        yield Volume(place)
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=False)
        (home.path / "disk").unlink(missing_ok=True)


def _mounted(home: Home, place: Path) -> bool:
    if os.geteuid() != 0 or not shutil.which("mkfs.ext4"):
        return False
    image = home.path / "disk"
    with image.open("wb") as file:
        file.truncate(GIGABYTES * 2**30)
    place.mkdir()
    making = ["mkfs.ext4", "-q", "-F", "-m", "0", "-E", "lazy_itable_init=1,lazy_journal_init=1", str(image)]
    for command in (making, ["mount", "-o", "loop", str(image), str(place)]):
        if subprocess.run(command, capture_output=True, check=False).returncode:
            place.rmdir()
            return False
    (place / "lost+found").rmdir()
    home.give(place)
    return True
