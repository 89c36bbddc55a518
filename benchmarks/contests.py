"""What several people and channels do to the same rows at once, each contest with what must hold and how it is seen in the database.

Whether something came before something else is read from the chain of the audit log: its head is held from a commit's seal to the commit's
end, so places in the chain are the order of commits, whatever locks the services take or forget.
"""

import random
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from functools import partial

from django.db import transaction
from django.utils import timezone

from benchmarks.arena import Act
from benchmarks.bouts import Contest, ask, court_order, lift, pay, pay_and_judge, rows
from crm.access.actor import IMPORTER, SYSTEM, Actor
from crm.access.references import new_reference
from crm.approvals import services as approvals
from crm.log import services as log
from products.choices import FreezeKind
from products.models import Account, Freeze
from products.services.freezes import ask_to_lift, place_freeze
from risk.models import Alert
from risk.services import queue, screening
from transactions.services import record
from transactions.tests.personas import movement

LOOKS = 5
"""How often an approver looks again at what has changed while she read."""

FROZEN_PAID = """
WITH line AS (SELECT e.action, e.customer, e.target_ref, s.seq FROM log_event e JOIN log_seal s ON s.event_id = e.id)
SELECT r.target_ref FROM line r JOIN transactions_transaction t ON t.reference = r.target_ref
 WHERE r.action = 'transaction.recorded' AND t.direction = 'D' AND t.external_id LIKE %(name)s
   AND coalesce((SELECT max(seq) FROM line f WHERE f.action = 'freeze.placed' AND f.customer = r.customer AND f.seq < r.seq), 0)
     > coalesce((SELECT max(seq) FROM line l WHERE l.action = 'freeze.lifted' AND l.customer = r.customer AND l.seq < r.seq), 0)"""
UNDER_WAY = """
SELECT count(*) FROM transactions_transaction
 WHERE account_id = %(account)s AND direction = 'D' AND status IN ('received', 'approved', 'held', 'released', 'completed')
   AND external_id LIKE %(name)s"""


def _subject(account: Account, number: int) -> Account | None:
    """What is frozen in a round: the account, or the whole customer."""
    return account if number % 2 else None


class FreezeAgainstPayment(Contest):
    """A freeze is placed among payments through three doors."""

    promise = "no debit is accepted by a commit after the freezing one, and none accepted before it goes on"
    patience = (0.2,)

    def acts(self, number: int, threads: int) -> Sequence[Act]:
        """One freezes the account or, every other round, its whole customer; the others pay."""
        account, officer = self.world.account(number), self.world.officers[number % len(self.world.officers)]

        def freeze() -> str:
            self.placed = place_freeze(
                actor=officer,
                customer=account.customer,
                account=_subject(account, number),
                kind=FreezeKind.DEBIT_BLOCK,
                reason="contest",
                document=str(number),
            )
            return "placed"

        doors = (pay, lambda row: ask(self.world.partner, row), pay_and_judge)
        payers = [lambda place=place: doors[place % 3](self.payment(number, "FP", place)) for place in range(1, threads)]
        return [freeze, *payers]

    def settled(self, number: int, answers: Sequence[str | BaseException]) -> None:
        """Nothing is under way on the frozen account; then the freeze is lifted."""
        ((left,),) = rows(UNDER_WAY, account=self.world.account(number).pk, name=f"M-FP-{number}-%")
        if left:
            self.blame(number, f"{left} debits go on although frozen")
        lift(self.world, Freeze.objects.standing().get(customer=self.world.account(number).customer))

    def finish(self) -> None:
        """By the chain of the log."""
        for (reference,) in rows(FROZEN_PAID, name="M-FP-%"):
            self.blame(-1, f"{reference} was accepted after the freeze")


class TwoWithdrawalsOneLimit(Contest):
    """Withdrawals against what an amount freeze leaves free."""

    promise = "what is accepted is exactly what is free, in whatever order"
    FREE, EACH = 5, Decimal(100)

    def acts(self, number: int, threads: int) -> Sequence[Act]:
        """Freeze all but five withdrawals of what the account holds, then withdraw with every thread."""
        account = self.world.account(number)
        turn = number // len(self.world.accounts)
        left = Decimal(10**9) - turn * self.FREE * self.EACH - self.FREE * self.EACH
        place_freeze(
            actor=self.world.officers[0],
            customer=account.customer,
            account=_subject(account, number),
            kind=FreezeKind.AMOUNT,
            amount=left,
            reason="contest",
        )
        return [partial(self._withdraw, number, place) for place in range(threads)]

    def _withdraw(self, number: int, place: int) -> str:
        row = self.payment(number, "LI", place, amount=self.EACH)
        return pay(row) if place % 2 else ask(self.world.partner, row)

    def settled(self, number: int, answers: Sequence[str | BaseException]) -> None:
        """Count what was accepted."""
        account = self.world.account(number)
        ((taken,),) = rows(UNDER_WAY, account=account.pk, name=f"M-LI-{number}-%")
        if taken != min(self.FREE, len(answers)):
            self.blame(number, f"{taken} accepted, {self.FREE} were free")
        lift(self.world, Freeze.objects.standing().get(customer=account.customer))


ORDERED = """
SELECT t.event_order, s.seq, a.label,
       (SELECT n.label FROM risk_assessment n WHERE n.transaction_id = t.id ORDER BY n.revision DESC LIMIT 1),
       t.status
  FROM transactions_transaction t JOIN log_event e ON e.target_ref = t.reference AND e.action = 'transaction.recorded'
  JOIN log_seal s ON s.event_id = e.id JOIN risk_assessment a ON a.transaction_id = t.id AND a.revision = 1
 WHERE t.external_id LIKE %(name)s ORDER BY t.event_order"""


class WithdrawalsOneRule(Contest):
    """Withdrawals of which a rule holds the third within an hour, decided while the channel waits."""

    promise = "each verdict knows every earlier withdrawal committed before it; in the end two pass and the others are held"
    ALLOWED = 2

    def acts(self, number: int, threads: int) -> Sequence[Act]:
        """Every thread asks for a decision on a withdrawal of the same minute."""
        drawn = [self.payment(number, "WR", place, kind="withdrawal") for place in range(threads)]
        return [partial(ask, self.world.partner, row) for row in drawn]

    def settled(self, number: int, answers: Sequence[str | BaseException]) -> None:
        """Compare with the serial order of the commits, then with the order of the events."""
        while ids := screening.owed_ids():
            screening.judge(ids=ids)
        found = rows(ORDERED, name=f"M-WR-{number}-%")
        if len(found) != len(answers):
            self.blame(number, f"{len(found)} of {len(answers)} withdrawals are stored and judged")
        for place, (order, seq, first, latest, status) in enumerate(found):
            known = sum(1 for other in found if other[0] < order and other[1] < seq)
            if (first == "hold") != (known >= self.ALLOWED):
                self.blame(number, f"{first} knowing {known}")
            if (latest == "hold", status == "held") != (place >= self.ALLOWED, place >= self.ALLOWED):
                self.blame(number, f"in the end {latest}, {status} at place {place + 1}")


class TwoApprovers(Contest):
    """Several people decide on one request, some for, some against."""

    promise = "one decision is taken, the freeze follows it, everybody else is refused in words"

    def acts(self, number: int, threads: int) -> Sequence[Act]:
        """Ask for a lifting, let every thread decide on it."""
        account, officer = self.world.account(number), self.world.officers[0]
        freeze = place_freeze(
            actor=officer, customer=account.customer, account=account, kind=FreezeKind.DEBIT_BLOCK, reason=f"contest {number}"
        )
        self.request = ask_to_lift(actor=self.world.officers[1], freeze=freeze, reason="contest")
        self.freeze = freeze
        return [self._decider(place) for place in range(threads)]

    def _decider(self, place: int) -> Act:
        request, actor, approve = self.request, self.world.supervisors[place], place % 2 == 0

        def decide() -> str:
            done = approvals.decide(actor=actor, request=request, approve=approve, reason="seen", shown_hash=request.shown_hash)
            return str(done.state)

        return decide

    def settled(self, number: int, answers: Sequence[str | BaseException]) -> None:
        """Read the request, its lines, the freeze and what the core is told."""
        ((state, decider),) = rows("SELECT state, decided_by_id FROM approvals_changerequest WHERE id = %(pk)s", pk=self.request.pk)
        lines = rows(
            "SELECT action, actor_id FROM log_event WHERE target_ref = %(ref)s AND action IN ('approval.applied', 'approval.refused')",
            ref=self.request.reference,
        )
        if lines != [(f"approval.{state}", decider)] or list(answers).count(state) != 1:
            self.blame(number, f"{state} by {decider}, lines {lines}, answers {answers}")
        ((ended,),) = rows("SELECT state FROM products_freeze WHERE id = %(pk)s", pk=self.freeze.pk)
        lifts = rows("SELECT 1 FROM log_event WHERE action = 'freeze.lifted' AND target_ref = %(ref)s", ref=self.freeze.reference)
        told = rows("SELECT 1 FROM products_coreinstruction WHERE freeze_id = %(pk)s AND act = 'lift'", pk=self.freeze.pk)
        if (ended == "lifted", len(lifts), len(told)) != ((True, 1, 1) if state == "applied" else (False, 0, 0)):
            self.blame(number, f"request {state}, freeze {ended}, {len(lifts)} lifts, {len(told)} told")
        if ended != "lifted":
            lift(self.world, self.freeze)


class LiftAgainstCourt(Contest):
    """A second person lifts our freeze while a court's order arrives, among payments."""

    promise = "our freeze ends, one court order stands and no money moves under either"
    patience = (0.02, 0.2, 0.2, 0.2)

    def acts(self, number: int, threads: int) -> Sequence[Act]:
        """One approves the lifting, three bring the same order, the others pay."""
        account, officer = self.world.account(number), self.world.officers[0]
        own = place_freeze(
            actor=officer, customer=account.customer, account=account, kind=FreezeKind.DEBIT_BLOCK, reason=f"contest {number}"
        )
        request = ask_to_lift(actor=self.world.officers[1], freeze=own, reason="contest")
        self.own = own

        def approve() -> str:
            actor = self.world.supervisors[number % len(self.world.supervisors)]
            # The order may arrive while she reads: then the page says so, and she looks again.
            shown = request.shown_hash
            for _ in range(LOOKS):
                try:
                    return str(approvals.decide(actor=actor, request=request, approve=True, reason="seen", shown_hash=shown).state)
                except approvals.ShownDiffers:
                    shown = approvals.hash_of(request)
            return "looked in vain"

        orders = [lambda place=place: court_order(self.world.officers[2 + place], account, f"(2026)-{number}") for place in range(3)]
        payers = [lambda place=place: pay(self.payment(number, "LC", place)) for place in range(4, threads)]
        return [approve, *orders, *payers]

    def settled(self, number: int, answers: Sequence[str | BaseException]) -> None:
        """Read what stands, and by the chain which payments came between."""
        standing = rows(
            "SELECT authority, document FROM products_freeze WHERE account_id = %(pk)s AND state IN ('pending', 'in_force', 'failed')",
            pk=self.world.account(number).pk,
        )
        if standing != [("court", f"(2026)-{number}")] or answers[0] != "applied":
            self.blame(number, f"standing {standing}, lifting {answers[0]!r}")
        if list(answers[1:4]).count("placed") != 1:
            self.blame(number, f"orders {answers[1:4]}")
        if (left := rows(UNDER_WAY, account=self.world.account(number).pk, name=f"M-LC-{number}-%"))[0][0]:
            self.blame(number, f"{left} debits go on")
        for freeze in Freeze.objects.standing().filter(account=self.world.account(number)):
            lift(self.world, freeze, "end")

    def finish(self) -> None:
        """Between the lifting and the order money may have been accepted; it was stopped by the order. Never while one stood."""
        for (reference,) in rows(STOOD, name="M-LC-%"):
            self.blame(-1, f"{reference} was accepted although a freeze stood")


STOOD = """
WITH line AS (
  SELECT e.action, e.target_ref,
         sum(CASE e.action WHEN 'freeze.placed' THEN 1 WHEN 'freeze.lifted' THEN -1 ELSE 0 END)
           OVER (PARTITION BY e.customer ORDER BY s.seq) AS standing
    FROM log_event e JOIN log_seal s ON s.event_id = e.id
   WHERE e.action IN ('freeze.placed', 'freeze.lifted', 'transaction.recorded'))
SELECT r.target_ref FROM line r JOIN transactions_transaction t ON t.reference = r.target_ref
 WHERE r.action = 'transaction.recorded' AND t.direction = 'D' AND t.external_id LIKE %(name)s AND r.standing > 0"""


class DuplicateIds(Contest):
    """The same ids from every thread, in batches of different order, some with another amount."""

    promise = "one row for each id, the same answer to everybody who said the same, a conflict to the others"
    IDS = 3

    def acts(self, number: int, threads: int) -> Sequence[Act]:
        """Every thread sends all ids of two customers; each fourth thread says another amount."""
        self.said: list[tuple[int, int, str, int]] = []
        return [partial(self._send, number, place) for place in range(threads)]

    def _send(self, number: int, place: int) -> str:
        cents, at = 1 if place % 4 == 3 else 0, self.world.moment(number)
        given = [
            movement(
                self.world.account(number + one % 2),
                f"DU-{number}-{one}",
                occurred_at=at,
                amount=Decimal(100 + cents),
            )
            for one in range(self.IDS)
        ]
        random.Random(number * 1000 + place).shuffle(given)
        answers = record(actor=IMPORTER, rows=given)
        screening.judge(ids=[answer.pk for answer in answers])
        for answer in answers:
            self.said.append((int(answer.external_id.rsplit("-", 1)[1]), cents, str(answer.outcome), answer.pk))
        return "sent"

    def settled(self, number: int, answers: Sequence[str | BaseException]) -> None:
        """Each id once, recorded and judged once in the log, and every answer agrees with the row."""
        for one in range(self.IDS):
            found = rows(
                "SELECT id, (amount - 100)::int, (SELECT count(*) FROM risk_assessment a WHERE a.transaction_id = t.id AND revision = 1)"
                " FROM transactions_transaction t WHERE external_id = %(name)s",
                name=f"M-DU-{number}-{one}",
            )
            said = [(cents, outcome, pk) for which, cents, outcome, pk in self.said if which == one]
            if len(found) != 1 or found[0][2] != 1 or len(said) != len(answers):
                self.blame(number, f"{found} for {len(said)} answers")
                continue
            stored = found[0]
            wanted = {True: {"new", "same"}, False: {"conflict"}}
            agree = all(outcome in wanted[cents == stored[1]] and pk == stored[0] for cents, outcome, pk in said)
            if not agree or sum(outcome == "new" for _cents, outcome, _pk in said) != 1:
                self.blame(number, f"{stored} answered {said}")


def claim(actor: Actor) -> str:
    """Take the next alert; answer that it was got."""
    return f"claimed:{queue.claim_next(actor=actor).reference}"


class ClaimNext(Contest):
    """Every officer takes the next alert at once; there are fewer alerts than officers."""

    promise = "each alert goes to one officer, each officer gets one at most, and who gets none is told that none waits"

    def acts(self, number: int, threads: int) -> Sequence[Act]:
        """Raise three quarters as many alerts as there are officers."""
        self.count = max(threads * 3 // 4, 1)
        now = timezone.now()
        with transaction.atomic():
            Alert.objects.filter(state__in=queue.WAITING).update(state="dismissed", disposition="false_positive")
            self.alerts = Alert.objects.bulk_create(
                Alert(
                    reference=new_reference("W", 8),
                    rule=self.world.rules[place % len(self.world.rules)],
                    customer=self.world.accounts[place % len(self.world.accounts)].customer,
                    band="mid",
                    priority=place % 5,
                    first_hit_at=now,
                    last_hit_at=now,
                    due_at=now + timedelta(hours=4),
                )
                for place in range(self.count)
            )
            log.record(actor=SYSTEM, action="alert.raised", data={"alerts": self.count})
        return [partial(claim, actor) for actor in self.world.officers[:threads]]

    def settled(self, number: int, answers: Sequence[str | BaseException]) -> None:
        """Every alert has one officer, by the table and by the log."""
        references = [alert.reference for alert in self.alerts]
        lines = rows(
            "SELECT target_ref, count(*), count(DISTINCT actor_id) FROM log_event"
            " WHERE action = 'alert.claimed' AND target_ref = ANY(%(refs)s) GROUP BY 1",
            refs=references,
        )
        if sorted(lines) != sorted((reference, 1, 1) for reference in references):
            self.blame(number, f"claimed {sorted(lines)} of {self.count}")
        given = rows("SELECT reference, claimed_by_id FROM risk_alert WHERE reference = ANY(%(refs)s)", refs=references)
        got = [(str(answer).removeprefix("claimed:"), self.world.officers[place].user_id) for place, answer in enumerate(answers)]
        answered = {reference: officer for reference, officer in got if reference in references}
        if dict(given) != answered or len(set(answered.values())) != len(answered):
            self.blame(number, f"{given} but answered {answered}")
        if list(answers).count("refused:queue_empty") != len(answers) - self.count:
            self.blame(number, f"answers {answers}")


CONTESTS: dict[str, type[Contest]] = {
    "freeze against payment": FreezeAgainstPayment,
    "withdrawals against one limit": TwoWithdrawalsOneLimit,
    "withdrawals against one rule": WithdrawalsOneRule,
    "two approvers": TwoApprovers,
    "lift against court order": LiftAgainstCourt,
    "duplicate ids": DuplicateIds,
    "claim next": ClaimNext,
}
