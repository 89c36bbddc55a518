"""Labelled stories: each live scenario as it should be noticed, and its near misses, which must not fire."""

from __future__ import annotations

from random import Random

from demo.clock import Span
from demo.ledger import Book
from demo.people import Registry
from demo.plants import flows, habits, large_value, structuring, withdrawals
from demo.plants.plot import Plot
from demo.world import Customer, Label


def write_plots(span: Span, book: Book, random: Random, registry: Registry, customers: list[Customer]) -> list[Label]:
    """Write every story into *book* and return what each should lead to."""
    plot = Plot(span, book, random, registry, customers)
    for write in (
        *large_value.STORIES, *structuring.STORIES, *flows.STORIES, *habits.STORIES, *withdrawals.STORIES,
    ):  # fmt: skip
        write(plot)
    return plot.labels
