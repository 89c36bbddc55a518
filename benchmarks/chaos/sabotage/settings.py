"""The product's settings, with the saboteur among its apps."""

from crm.settings import *  # noqa: F403 - the product's own, all of them
from crm.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "benchmarks.chaos.sabotage.apps.SabotageConfig"]
