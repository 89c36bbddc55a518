"""Back-tests: what is asked for, what comes of it beside what is live, cancelled, killed, looked at, and when the hits go.

Requirements: R102, R216, R339.
"""

import re
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from openpyxl import load_workbook

from crm.access.actor import SYSTEM
from crm.access.errors import NotVisible, Refused
from crm.jobs import queue
from crm.jobs import services as jobs
from crm.jobs.choices import JobState
from crm.log import services as log
from crm.log.models import Event
from crm.notify.models import Notice
from crm.tests.personas import Bank, as_actor, browser
from products.models import Account
from risk.choices import Compared, RuleState
from risk.models import Alert, Assessment, Backtest, BacktestHit, Rule, RuleVersion
from risk.services import backtests, screening, trials
from risk.services.replaying import replay
from risk.services.trials import CHUNK
from risk.tests.work import cash_in
from risk.views.backtests import HitList
from transactions.models import Source, Transaction
from transactions.tests.personas import NOON, recorded

pytestmark = pytest.mark.django_db(transaction=True)
FIRST, LAST = date(2026, 11, 19), date(2026, 11, 21)


def draft(code: str, **values: str) -> RuleVersion:
    """A version in test of a shipped rule, with other thresholds."""
    live = RuleVersion.objects.get(rule__code=code, state=RuleState.LIVE)
    parameters = {**live.parameters}
    for name, value in values.items():
        parameters[name] = {**parameters[name], "value": value}
    with transaction.atomic():
        log.record(actor=SYSTEM, action="rules.loaded")
        return RuleVersion.objects.create(
            rule=live.rule, number=live.number + 1, state=RuleState.TEST, definition=live.definition, parameters=parameters
        )


def made(actor: Any, versions: list[int], mode: str = "corrected", first: date = FIRST, last: date = LAST) -> Backtest:
    with queue.captured():
        rows = RuleVersion.objects.filter(pk__in=versions).select_related("rule")
        backtest = backtests.ask(actor=actor, first_day=first, last_day=last, mode=mode, versions=rows)
    backtests.make(actor=actor, job_id=backtest.job_id)
    return Backtest.objects.select_related("job").get(pk=backtest.pk)


def told(backtest: Backtest) -> dict[str, Any]:
    """Return the result, which is there."""
    assert isinstance(backtest.result, dict)
    return backtest.result


@pytest.fixture
def day(core: Source, mobile: Source, salary_account: Account, spare_account: Account, shanghai_account: Account) -> list[Transaction]:
    """Cash below the limit, money passing through, withdrawals; judged as in life."""
    rows = cash_in(salary_account, 1, 4)
    rows.append(recorded(spare_account, 20, source="core", amount=Decimal(60_000), direction="C"))
    rows.append(recorded(spare_account, 21, source="core", amount=Decimal(58_000), occurred_at=NOON + timedelta(minutes=9)))
    rows += [recorded(shanghai_account, 30 + n, kind="withdrawal", occurred_at=NOON + timedelta(minutes=10 + n)) for n in range(3)]
    screening.judge(ids=[row.pk for row in rows])
    return rows


@pytest.fixture
def supervisor(bank: Bank) -> Any:
    return as_actor(bank.people["82002"])


def test_the_live_rules_find_what_judging_found(day: list[Transaction], supervisor: Any) -> None:
    """As known and as corrected: the same hits as stored, all the same as live, alerts and freezes as in life; nothing is written."""
    before = (Alert.objects.count(), Assessment.objects.count())
    stored = set(Assessment.objects.values_list("transaction", "hits__rule_version")) - {(row.pk, None) for row in day}
    live = trials.live_versions()
    for mode in ("corrected", "known"):
        backtest = made(supervisor, live, mode)
        assert backtest.job.state == JobState.DONE, backtest.job.error
        hits = set(BacktestHit.objects.filter(backtest=backtest).values_list("transaction", "rule_version"))
        assert hits == {pair for pair in stored if pair[1] in live}
        assert {hit.compared for hit in backtest.hits.all()} == {Compared.SAME}
        assert told(backtest)["judged"] == len(day)
        assert told(backtest)["alerts"]["total"] == [Alert.objects.count()] * 2
        assert told(backtest)["frozen"]["counts"] == {"new": 0, "same": 1, "gone": 0}
        assert told(backtest)["labels"]["hold"] == [1, 1]
    assert (Alert.objects.count(), Assessment.objects.count()) == before


def test_a_threshold_that_changes_is_set_beside_what_is_live(day: list[Transaction], supervisor: Any) -> None:
    """A looser draft brings new hits, a stricter one loses them; its freeze goes with them."""
    looser = made(supervisor, backtests.with_draft(draft("structuring", count="2")))
    line = next(line for line in told(looser)["rules"] if line["code"] == "structuring")
    assert (line["hits"], line["new"], line["same"], line["gone"]) == (3, 1, 2, 0)
    stricter = made(supervisor, backtests.with_draft(draft("rapid-pass-through", floor="70000")))
    line = next(line for line in told(stricter)["rules"] if line["code"] == "rapid-pass-through")
    assert (line["hits"], line["new"], line["same"]) == (0, 0, 0)
    assert line["gone"] >= 1
    assert told(stricter)["frozen"]["counts"] == {"new": 0, "same": 0, "gone": 1}
    assert told(stricter)["alerts"]["rules"]["rapid-pass-through"] == [0, 1]


def test_facts_left_out_change_no_answer(day: list[Transaction]) -> None:
    """Behind their gates facts are not computed; the answers are those of the whole judgement."""
    trial = trials.trial_of(trials.live_versions(), known=False)
    ids = [row.pk for row in day]
    whole = {row.pk: row for row in replay(trial.program, ids, known=False)}
    found = {row.pk: row for chunk in trials.run(trial, FIRST, LAST) for row in chunk.rows}
    assert found
    for pk, row in whole.items():
        if pk in found:
            assert (found[pk].answers, found[pk].label, found[pk].points) == (row.answers, row.label, row.points)
            assert sorted(found[pk].actions) == sorted(row.actions)
        else:
            assert (row.label, max(row.answers) <= 0) == ("allow", True), (row, trial.program.rules[row.answers.index(1)].code)


def test_references_are_read_at_the_date_of_the_event(core: Source, salary_account: Account, supervisor: Any) -> None:
    """No look-ahead: a country listed from the 21st hits nothing of the 20th, however late it is tried; nor does tomorrow's segment."""
    from customers.models import Customer
    from risk.models import DatedValue

    rows = [recorded(salary_account, n, source="core", counterparty_country="FR", occurred_at=NOON + timedelta(days=n)) for n in (0, 1)]
    with transaction.atomic():
        DatedValue.objects.create(table="high_risk_country", key="FR", value=1, valid_from=date(2026, 11, 21))
        DatedValue.objects.create(table="week_limit", key="student", value=50, valid_from=date(2000, 2, 1))
        Customer.objects.filter(pk=salary_account.customer_id).update(segment="student")
        log.record(actor=SYSTEM, action="rules.loaded")
    backtest = made(supervisor, trials.live_versions())
    hits = set(backtest.hits.values_list("transaction", "rule_version__rule__code"))
    assert (rows[1].pk, "high-risk-geography") in hits
    assert (rows[0].pk, "high-risk-geography") not in hits
    assert not {code for _pk, code in hits if code == "high-cumulative-amount"}


def test_a_killed_worker_begins_again_and_doubles_nothing(day: list[Transaction], supervisor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with queue.captured():
        rows = RuleVersion.objects.filter(pk__in=trials.live_versions()).select_related("rule")
        backtest = backtests.ask(actor=supervisor, first_day=FIRST, last_day=LAST, mode="corrected", versions=rows)

    class Killed(BaseException):
        pass

    def killed(*_values: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(backtests, "_store", killed)
        backtests.make(actor=supervisor, job_id=backtest.job_id)
    assert not backtest.hits.exists()
    for _again in range(2):
        backtests.make(actor=supervisor, job_id=backtest.job_id)
    backtest.refresh_from_db()
    assert backtest.job.state == JobState.DONE
    assert backtest.hits.count() == sum(line["hits"] for line in told(backtest)["rules"])
    assert Event.objects.filter(action="backtest.done").count() == 1


def test_cancelling_stops_it_and_keeps_nothing(day: list[Transaction], supervisor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with queue.captured():
        rows = RuleVersion.objects.filter(pk__in=trials.live_versions()).select_related("rule")
        backtest = backtests.ask(actor=supervisor, first_day=FIRST, last_day=LAST, mode="corrected", versions=rows)
    monkeypatch.setattr(trials, "CHUNK", 1)
    chunk = trials._chunk

    def asked_to_stop(*values: Any) -> trials.Chunk:
        if not backtest.job.cancel_asked_at:
            backtest.job.refresh_from_db()
            backtest.job = jobs.cancel(actor=supervisor, job=backtest.job)
        return chunk(*values)

    monkeypatch.setattr(trials, "_chunk", asked_to_stop)
    backtests.make(actor=supervisor, job_id=backtest.job_id)
    backtest = Backtest.objects.get(pk=backtest.pk)
    assert (backtest.job.state, backtest.result, backtest.hits.count()) == (JobState.CANCELLED, None, 0)


def test_only_supervisors_start_and_each_look_is_logged(day: list[Transaction], bank: Bank, supervisor: Any, client: Client) -> None:
    with pytest.raises(Refused):
        made(as_actor(bank.people["82001"]), trials.live_versions())
    backtest = made(supervisor, trials.live_versions())
    officer = browser(bank.people["82001"])
    for path in ("", "hits/"):
        assert officer.get(f"/risk/backtests/{backtest.reference}/{path}").status_code == 200
    assert Event.objects.filter(action="backtest.viewed", target_ref=backtest.reference).count() == 2
    assert officer.get("/risk/backtests/new/").status_code == 403
    assert browser(bank.people["80001"]).get("/risk/backtests/").status_code == 403


def test_the_form_says_what_is_wrong_and_starts(day: list[Transaction], bank: Bank) -> None:
    person = browser(bank.people["82002"])
    wanted = {"first_day": "2026-11-21", "last_day": "2026-11-19", "mode": "corrected", "choice": "live"}
    answer = person.post("/risk/backtests/new/", wanted)
    assert answer.status_code == 200
    assert answer.context["form"].errors["last_day"] == ["The last day comes before the first."]
    for field, days, sentence in (
        ("last_day", {"last_day": "2031-01-01"}, "Choose a day that has begun."),
        ("first_day", {"first_day": "2016-11-21"}, "Choose at most three years."),
    ):
        answer = person.post("/risk/backtests/new/", {**wanted, **days})
        assert answer.context["form"].errors[field] == [sentence]
    answer = person.post("/risk/backtests/new/", {**wanted, "choice": "picked"})
    assert set(answer.context["form"].errors) == {"last_day", "versions"}  # all mistakes at once
    answer = person.post("/risk/backtests/new/", {**wanted, "last_day": "2026-11-21", "choice": "picked"})
    assert answer.context["form"].errors["versions"]
    live = RuleVersion.objects.get(rule__code="structuring", state=RuleState.LIVE)
    assert person.get("/risk/backtests/new/?rule=structuring").context["form"].initial["choice"] == "picked"
    answer = person.post("/risk/backtests/new/", {**wanted, "last_day": "2026-11-21", "choice": "draft", "versions": [live.pk]})
    assert answer.context["form"].errors["versions"] == ["These versions are live already: choose others, or try all live rules."]
    version = draft("structuring", count="2")
    rule = Rule.objects.get(code="structuring")
    form = person.get(f"/risk/backtests/new/?rule={rule.code}").context["form"]
    assert form.initial["versions"] == [version.pk]
    with queue.captured():
        answer = person.post(
            "/risk/backtests/new/",
            {**wanted, "first_day": "2026-11-19", "last_day": "2026-11-21", "choice": "draft", "versions": [version.pk]},
        )
    backtest = Backtest.objects.get()
    assert answer["Location"] == f"/risk/backtests/{backtest.reference}/"
    chosen = set(backtest.versions.values_list("pk", flat=True))
    assert chosen == set(backtests.with_draft(version))


def test_some_rules_alone_lose_nothing_of_the_others(day: list[Transaction], supervisor: Any, bank: Bank) -> None:
    """They stand beside what is live of these rules; the page names them, and who asked is told."""
    version = draft("structuring", count="2")
    with queue.captured():
        asked = backtests.ask(actor=supervisor, first_day=FIRST, last_day=LAST, mode="corrected", versions=[version], choice="picked")
    backtests.make(actor=supervisor, job_id=asked.job_id)
    asked.refresh_from_db()
    (line,) = told(asked)["rules"]
    assert (line["code"], line["version"], line["live"]) == ("structuring", version.number, version.number - 1)
    assert (line["new"], line["same"], line["gone"]) == (1, 2, 0)
    assert asked.hits.count() == 3
    page = browser(bank.people["82002"]).get(f"/risk/backtests/{asked.reference}/").content.decode()
    assert f"Structuring below a limit v{version.number}" in page
    notice = Notice.objects.get(kind="backtest.done")
    assert (notice.user_id, notice.url_args, notice.params["hits"]) == (bank.people["82002"].pk, [asked.reference], "3")


def test_progress_shows_early() -> None:
    """The first pieces of work are small."""
    with_customers = [(customer, 100) for customer in range(2_000)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trials, "ask", lambda *_args, **_kwargs: with_customers)
        chunks = [count for _whose, count in trials.plan(FIRST, LAST)]
    assert chunks[:4] == [1_000, 2_000, 3_000, 4_000]
    assert sum(chunks) == 200_000
    assert max(chunks) <= CHUNK


def test_the_hits_of_a_back_test_are_a_list_like_any_other(day: list[Transaction], supervisor: Any, bank: Bank) -> None:
    """Conditions, a saved view, the file, the neighbours of a row; never another back-test's hits, nor those out of reach."""
    loose = draft("structuring", count="2")
    mine, other = made(supervisor, backtests.with_draft(loose)), made(supervisor, trials.live_versions())
    person, page = browser(bank.people["82002"]), f"/risk/backtests/{mine.reference}/hits/"
    typed = {"next": page, "of": mine.reference, "compared": "new", "band": ""}
    assert person.post("/lists/risk.backtesthit/show/", typed)["Location"] == f"{page}?compared=new"
    answer = person.get(page, {"compared": "new"})
    (row,) = [row.row for row in answer.context["rows"]]
    link = re.search(rf'"(/transactions/{row.transaction.reference}/\?in=[^"]+)"', answer.content.decode())
    assert link
    here = person.get(link[1]).context["here"]
    assert (here.rank, here.total, here.list_url) == (1, 1, f"{page}?compared=new")
    answer = person.post(
        "/lists/risk.backtesthit/views/save/", {"next": page, "of": mine.reference, "label": "New ones", "query": "compared=new"}
    )
    assert answer["Location"] == page
    said = {"purpose": "review", "words": "规则评审"}
    file = person.post("/lists/risk.backtesthit/export/", {"next": page, "of": mine.reference, "query": "", **said})
    sheet = load_workbook(BytesIO(file.content)).worksheets[0]
    exported = Event.objects.get(action="list.exported")
    assert exported.data["of"] == mine.reference  # the line says whose hits
    told_of = [str(value) for line in sheet.iter_rows(values_only=True) for value in line if re.fullmatch("T-[A-Z0-9]{13}", str(value))]
    assert sorted(told_of) == sorted(mine.hits.values_list("transaction__reference", flat=True))
    assert HitList(mine.reference).queryset(supervisor).count() == mine.hits.count() > other.hits.count() > 0
    for of, reader in (("", supervisor), ("B-00000000", supervisor), (mine.reference, as_actor(bank.people["80001"]))):
        with pytest.raises(NotVisible):
            HitList(of).queryset(reader)
    elsewhere = browser(bank.people["84001"]).get(link[1])  # may read transactions and no back-test: the address tells her nothing of it
    assert (elsewhere.status_code, elsewhere.context["here"]) == (200, None)


def test_hits_go_after_ninety_days_and_figures_stay(day: list[Transaction], supervisor: Any) -> None:
    backtest = made(supervisor, trials.live_versions())
    assert backtests.remove_old() == 0
    with transaction.atomic():
        Backtest.objects.update(requested_at=timezone.now() - timedelta(days=91))
        log.record(actor=SYSTEM, action="rules.loaded")
    assert backtests.remove_old() == 1
    backtest.refresh_from_db()
    assert (backtest.hits.count(), told(backtest)["judged"]) == (0, len(day))
    assert backtests.remove_old() == 0
