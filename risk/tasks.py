"""Background work of monitoring."""

from crm.access.actor import Actor
from crm.jobs.queue import enqueue
from crm.jobs.task import task
from risk.services import backtests, screening


@task(name="risk.judge")
def judge(*, ids: list[int], actor: Actor) -> None:
    """Judge those of these transactions that still owe it; doing it twice changes nothing."""
    outcome = screening.judge(ids=ids, actor=actor)
    if outcome.owed_again:
        enqueue("risk.judge_owed")


@task(name="risk.judge_owed")
def judge_owed(*, actor: Actor) -> None:
    """Judge the oldest transactions that owe it, and come again while some are left."""
    ids = screening.owed_ids()
    if ids and screening.judge(ids=ids, actor=actor).judged:
        enqueue("risk.judge_owed")


@task(name="risk.backtest")
def backtest(*, job_id: int, actor: Actor) -> None:
    """Try rules on the past; a killed worker leaves nothing, the next one begins again."""
    backtests.make(actor=actor, job_id=job_id)
