"""`make reset`: remove everything this clone has stored, its servers' folder included. Needs no package, so it works without `.venv`."""

import fcntl
import os
import signal
import sys
from pathlib import Path

from crm.operations.servers.homes import Home, HomeError
from crm.operations.servers.processes import end_left_over

ROOT = Path(__file__).resolve().parents[3]


def main() -> int:
    """Remove the home unless it is in use; external servers are never touched."""
    try:
        home = Home(Path(os.environ.get("CRM_HOME") or ROOT / ".local"))
    except HomeError as error:
        print(error, file=sys.stderr)
        return 1
    if not home.path.exists():
        print(f"There is nothing in {home.path}.")
        return 0
    if not (home.secrets / "marker").exists() and any(home.path.iterdir()) and home.path != ROOT / ".local":
        print(f"{home.path} is no state folder of this product (it has no marker); remove it yourself.", file=sys.stderr)
        return 1
    with (home.path / "run.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("This clone is running. Stop it first with Ctrl-C in its terminal.", file=sys.stderr)
            return 1
        for folder in (home.state / "postgres", home.state / "valkey"):
            end_left_over(folder, asking=signal.SIGTERM, patience=10)
        home.remove()
    print(f"Removed {home.path}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
