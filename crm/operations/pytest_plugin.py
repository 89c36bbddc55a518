"""Loaded by `-p` before pytest-django reads the settings: names this run's servers in the environment, ends them at the end."""

import os
from collections.abc import Iterator

import pytest

from crm.operations.testing import Run

RUN = Run()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests() -> Iterator[None]:
    """Before anything of Django is imported."""
    RUN.enter()
    yield


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """With workers the servers start once, here; without, with the first test that wants a database."""
    if RUN.ours and getattr(config.option, "numprocesses", None) and not config.option.collectonly:
        RUN.start()


def pytest_unconfigure() -> None:
    """After the last test."""
    RUN.leave()
    if RUN.ours:
        os.environ.pop("CRM_TEST_HOME", None)
