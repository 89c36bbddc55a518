"""From a fresh clone to a ready `.venv`: the first half of every `make` word. Standard library only, for any python3 from 3.11 on.

    python3 tools/bootstrap.py [--dev] [MODULE [ARGUMENT ...]]

Makes `.venv`, installs the locked requirements when the lock has changed since the last time, then becomes `python -m MODULE`.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed.json"
SMALLEST = (3, 11)


def main() -> None:
    """Prepare the environment, then hand over to the module asked for."""
    words = sys.argv[1:]
    dev = "--dev" in words[:1]
    words = words[1:] if dev else words
    if sys.version_info < SMALLEST:
        stop(f"Python 3.11 or newer is needed; python3 is {sys.version.split()[0]}. Name another: make PYTHON=python3.12")
    with open(ROOT / "Makefile") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two words of make at once must not install over each other
        make_environment()
        install("requirements-dev.lock" if dev else "requirements.lock")
    if words:
        os.chdir(ROOT)
        os.execve(PYTHON, [str(PYTHON), "-m", *words], compiled())


def make_environment() -> None:
    """Make `.venv` where there is none that works."""
    if PYTHON.exists() and subprocess.run([PYTHON, "-c", ""], check=False).returncode == 0:
        return
    say("Making the Python environment .venv")
    shutil.rmtree(VENV, ignore_errors=True)
    if uv := shutil.which("uv"):
        command = [uv, "venv", "--quiet", "--no-project", "--python", sys.executable, str(VENV)]
    else:
        command = [sys.executable, "-m", "venv", str(VENV)]
    if subprocess.run(command, env=environment(), check=False).returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        stop("The environment could not be made. On Debian and Ubuntu: apt install python3-venv")


def install(lock: str) -> None:
    """Install what the lock names, by hash and as wheels only, unless exactly this is installed."""
    wanted = hashlib.sha256((ROOT / lock).read_bytes()).hexdigest()
    base = hashlib.sha256((ROOT / "requirements.lock").read_bytes()).hexdigest()
    installed = json.loads(STAMP.read_text()) if STAMP.exists() else {}
    if installed.get(lock) == wanted:
        return
    began = time.monotonic()
    say(f"Installing the packages of {lock}")
    if not (with_uv(lock) or with_pip(lock)):
        stop("The packages could not be installed (the lines above say why). Is the package index reachable from here?")
    # The larger lock holds the smaller one; after the smaller one the tools of the larger may be of another day.
    STAMP.write_text(json.dumps({lock: wanted, "requirements.lock": base}))
    say(f"Installed in {time.monotonic() - began:.0f} s")


def with_uv(lock: str) -> bool:
    """Whether uv is there and did it."""
    uv = shutil.which("uv")
    if not uv:
        return False
    command = [uv, "pip", "install", "--quiet", "--python", str(PYTHON), "--require-hashes", "--only-binary", ":all:", "-r", lock]
    return subprocess.run(command, cwd=ROOT, env=environment(), check=False).returncode == 0


def with_pip(lock: str) -> bool:
    """Whether pip did it."""
    if subprocess.run([PYTHON, "-m", "pip", "--version"], stdout=subprocess.DEVNULL, check=False).returncode:
        subprocess.run([PYTHON, "-m", "ensurepip", "--default-pip"], stdout=subprocess.DEVNULL, check=False)
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:"]
    # Not compiling what is never imported saves a third of the time; Python compiles the rest when it first runs.
    command += ["--no-deps", "--no-compile", "--progress-bar", "off", "-r", lock]
    return subprocess.run(command, cwd=ROOT, env=environment() | {"PIP_ROOT_USER_ACTION": "ignore"}, check=False).returncode == 0


def compiled() -> dict[str, str]:
    """The environment of what runs: told to leave no compiled files beside sources, Python compiles Django anew in each process."""
    variables = dict(os.environ)
    if variables.pop("PYTHONDONTWRITEBYTECODE", ""):
        variables.setdefault("PYTHONPYCACHEPREFIX", str(ROOT / ".local" / "compiled"))
    return variables


def environment() -> dict[str, str]:
    """The environment for installers: no interpreter is ever downloaded."""
    return dict(os.environ) | {"UV_PYTHON_DOWNLOADS": "never"}


def say(text: str) -> None:
    """A line for the person at the terminal."""
    print(f"  {text}", flush=True)


def stop(text: str) -> NoReturn:
    """End with a message that says what to do."""
    sys.exit(f"\n{text}\n")


if __name__ == "__main__":
    main()
