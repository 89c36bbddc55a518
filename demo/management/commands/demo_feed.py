"""Adds a transaction every second while the product runs, through the same service as every other door."""

import logging
import signal
import threading
import time
from argparse import ArgumentParser
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError, close_old_connections
from django.db.models import Count
from django.utils import timezone

from crm.access.actor import FEED, Actor
from crm.access.errors import DomainError
from demo.feed import Feed, Payer
from demo.loading.bank import MOBILE
from products.choices import AccountStatus
from products.models import Account
from transactions.choices import Status
from transactions.models import Source, Transaction
from transactions.services import Outcome, Recorded, Step, change_status, record

logger = logging.getLogger(__name__)
COMPLETED_AFTER = timedelta(seconds=4)
"""How long the mobile bank takes to say that the core has booked a payment."""


class Command(BaseCommand):
    """`manage.py demo_feed`: until it is stopped, or `--count 100` of them."""

    help = "Record one made-up transaction a second, now and then an interesting or a late one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--rate", type=float, default=1.0, help="transactions a second")
        parser.add_argument("--count", type=int, default=0, help="stop after so many (0: never)")
        parser.add_argument("--seed", type=int, help="make the same ones again")

    def handle(self, *_args: Any, **options: Any) -> None:
        if not 0.01 <= options["rate"] <= 100:
            raise CommandError("--rate takes 0.01 to 100.")
        self._ending = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_signal: self._ending.set())
        actor = replace(FEED, origin="command")
        feed = self._feed(options["seed"])
        waiting: deque[tuple[datetime, str, str]] = deque()
        sent = 0
        due = time.monotonic()
        while not self._ending.is_set() and (not options["count"] or sent < options["count"]):
            sent += self._tick(actor, feed, waiting)
            due += 1 / options["rate"]
            self._ending.wait(max(0.0, due - time.monotonic()))
        self.stdout.write(f"{sent} transactions sent")

    def _feed(self, seed: int | None) -> Feed:
        """Return the feed over the open accounts in yuan, with what they had in the last 24 hours."""
        rows = Account.objects.filter(currency="CNY", customer__kind="person", status=AccountStatus.NORMAL, branch__code__lt="9")
        payers = [Payer(*row) for row in rows.order_by("pk").values_list("reference", "customer__reference")]
        if not payers:
            raise CommandError("There are no accounts to feed: `manage.py load_demo` first.")
        since = timezone.now() - timedelta(hours=24)
        recent = Transaction.objects.filter(source__code=MOBILE, occurred_at__gte=since)
        used = Counter(
            dict(recent.values_list("customer__reference").annotate(count=Count("pk")).values_list("customer__reference", "count"))
        )
        return Feed(MOBILE, payers, Random(seed), used)

    def _tick(self, actor: Actor, feed: Feed, waiting: deque[tuple[datetime, str, str]]) -> int:
        """Send what is due now; a database that is away costs this second's transaction, not the feed."""
        now = timezone.now()
        try:
            rows = feed.next(now)
            answers = record(actor=actor, rows=rows) if rows else []
            self._remember(answers, now, waiting)
            self._complete(actor, now, waiting)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("the feed waits for the database: %s", type(error).__name__)
            close_old_connections()
            self._ending.wait(2)
            return 0
        return len(rows)

    def _remember(self, answers: Sequence[Recorded], now: datetime, waiting: deque[tuple[datetime, str, str]]) -> None:
        for answer in answers:
            if answer.problem is not None:
                logger.warning("the feed's %s was not stored: %s", answer.external_id, answer.problem)
            elif answer.outcome == Outcome.NEW:
                waiting.append((now + COMPLETED_AFTER, answer.reference, answer.external_id))

    def _complete(self, actor: Actor, now: datetime, waiting: deque[tuple[datetime, str, str]]) -> None:
        """Say of payments a few seconds old that they are booked; what the rules hold stays held."""
        source = Source.objects.get(code=MOBILE) if waiting and waiting[0][0] <= now else None
        while source and waiting and waiting[0][0] <= now:
            _due, reference, external_id = waiting.popleft()
            if not Transaction.objects.filter(reference=reference, status__in=(Status.RECEIVED, Status.APPROVED)).exists():
                continue
            try:
                change_status(
                    actor=actor,
                    reference=reference,
                    step=Step(status=Status.COMPLETED, at=now, source=source, external_id=f"{external_id}-ok"),
                )
            except DomainError as refusal:
                logger.info("the feed's %s was not completed: %s", external_id, refusal)
