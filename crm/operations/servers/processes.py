"""Child processes that never outlive us."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from crm.operations.servers.homes import Account

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _become(account: Account | None, death_signal: int, parent: int) -> Callable[[], None]:
    """What a child does before exec: drop to the account, ask the kernel for a signal when we die, even by kill -9."""

    def in_child() -> None:
        # A shell starts what runs in its background with Ctrl-C ignored, and that is inherited: children must hear it as a request to end.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if account:
            os.setgroups([])
            os.setgid(account.gid)
            os.setuid(account.uid)
        # After setuid: a change of identity clears the wish.
        _libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return in_child


def spawn(
    command: Sequence[str],
    *,
    log: Path | None,
    environment: dict[str, str],
    folder: Path,
    account: Account | None = None,
    death_signal: int = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a child in a group of its own (Ctrl-C reaches only us) that receives `death_signal` when we disappear."""
    with contextlib.ExitStack() as stack:
        output = stack.enter_context(log.open("ab")) if log else None
        return subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=folder,
            env=environment,
            preexec_fn=_become(account, death_signal, os.getpid()),
            process_group=0,
        )


def end(process: subprocess.Popen[bytes], *, asking: int, patience: float) -> bool:
    """Stop a child: ask, wait, then kill its whole group. True when asking was enough."""
    if process.poll() is not None:
        return True
    process.send_signal(asking)
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
        return False
    return True


def working_in(folder: Path) -> list[int]:
    """Ids of the living processes whose working directory is `folder` (a postmaster and its backends sit in their data folder)."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if (entry / "cwd").readlink() == folder:
                    found.append(int(entry.name))
    return sorted(found)


def end_left_over(folder: Path, *, asking: int, patience: float) -> None:
    """End processes that a killed supervisor left in `folder`: the eldest is asked first, then all are killed."""
    deadline = time.monotonic() + patience
    asked: set[int] = set()
    while left := working_in(folder):
        overdue = time.monotonic() > deadline
        for pid in left if overdue else left[:1]:
            if overdue or pid not in asked:
                asked.add(pid)
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL if overdue else asking)
        time.sleep(0.05)


def tail(log: Path, lines: int = 8) -> str:
    """The last lines of a log, for a message about why something did not start."""
    if not log.exists():
        return "(no log)"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
