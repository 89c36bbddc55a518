"""From the commit of a transaction to its alert on the queue page and the notice sent, with web, worker and clock running.

    python -m benchmarks.notices [--history 500000] [--accounts 5000] [--alerts 60] [--rate 20]

Customers make cash deposits just below the limit, the third of which must raise an alert; ordinary transactions arrive meanwhile at
``rate`` a second. Seconds from the answer to the third deposit (it is committed by then) until a signed-in risk officer's queue page shows
the alert, and until the mail to every officer on duty lies in the folder. Floor: p95 of 5 s for both.
"""

import argparse
import json
import threading
import time
import urllib.request
from collections.abc import Sequence
from typing import Any

from benchmarks.open_loop import Call, percentiles, send
from benchmarks.serving import admit_partner, serving
from benchmarks.world import Size, running

DEPOSITS = ("48600.00", "49000.00", "49900.00")
PATIENCE = 60
FLOOR = 5.0
LOOK = 0.1


def measured(options: argparse.Namespace) -> dict[str, Any]:
    """Return the figures."""
    with running(Size(options.accounts, options.history)) as world:
        token = admit_partner(["channel", "core"])
        seconds = options.alerts * options.gap
        rows = world.draw(options.alerts + int(seconds * options.rate) + 100, who="ordinary").payloads()
        accounts = sorted({row["account"] for row in rows})[: options.alerts]
        with serving(world) as product:
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            noise = [row for row in rows if row["account"] not in set(accounts)][: int(seconds * options.rate)]
            calls = [Call("/api/v1/transactions/", json.dumps({**row, "source": "channel"}).encode(), "noise") for row in noise]
            due = [number / options.rate for number in range(len(calls))]
            background = threading.Thread(target=send, args=(product.port, headers, due, calls))
            background.start()
            seen = [_raise_one(product.port, headers, account, options.gap) for account in accounts]
            background.join()
    pages, mails = ([one[name] for one in seen] for name in ("page", "mail"))
    found = {"alerts": len(seen), "noise_per_s": options.rate, "page_s": percentiles(pages), "mail_s": percentiles(mails)}
    reached = {"page_s_p95": found["page_s"]["p95"], "mail_s_p95": found["mail_s"]["p95"]}
    return found | {"floors": {name: {"floor": FLOOR, "found": value, "met": value <= FLOOR} for name, value in reached.items()}}


def _raise_one(port: int, headers: dict[str, str], account: str, gap: float) -> dict[str, float]:
    """Send one customer's deposits and wait for what follows; at least ``gap`` seconds pass."""
    begun = time.monotonic()
    for number, amount in enumerate(DEPOSITS):
        _post(port, headers, _deposit(account, number, amount))
    committed = time.monotonic()
    found = {"page": float("inf"), "mail": float("inf")}
    while time.monotonic() < committed + PATIENCE and float("inf") in found.values():
        for name, happened in (("page", _on_page), ("mail", _mailed)):
            if found[name] == float("inf") and happened(account):
                found[name] = time.monotonic() - committed
        time.sleep(LOOK)
    time.sleep(max(0.0, begun + gap - time.monotonic()))
    return found


def _deposit(account: str, number: int, amount: str) -> dict[str, str]:
    return {
        "source": "core",  # it reports what has happened: a credit counts once it is booked
        "external_id": f"N-{account}-{number}",
        "account": account,
        "direction": "C",
        "amount": amount,
        "currency": "CNY",
        "occurred_at": f"2026-10-20T1{number}:00:00+08:00",
        "kind": "deposit",
        "instrument": "cash",
        "channel": "counter",
    }


def _post(port: int, headers: dict[str, str], body: dict[str, str]) -> None:
    request = urllib.request.Request(f"http://localhost:{port}/api/v1/transactions/", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        if answer.status not in (200, 201):
            raise RuntimeError(answer.read())


def _references(account: str) -> Sequence[str]:
    from crm.fields.blind import blind_index
    from products.models import Account
    from risk.models import Alert

    index = blind_index("products.account.number", account)
    customers = Account.objects.filter(number_index=index).values("customer")  # the rule looks at a customer's deposits on all accounts
    return list(Alert.objects.filter(customer__in=customers).values_list("reference", flat=True))


def _on_page(account: str) -> bool:
    from django.test import Client
    from django.urls import reverse

    from crm.staff.models import User

    references = _references(account)
    if not references:
        return False
    client = Client()
    client.force_login(User.objects.get(number="82001"))
    page = client.get(reverse("risk:alert_list"), {"size": "200"}).content.decode()  # more than this part raises
    return any(reference in page for reference in references)


def _mailed(account: str) -> bool:
    from crm.notify.models import Notice

    references = set(_references(account))
    notices = [notice for notice in Notice.objects.filter(kind="alert.raised").order_by("-pk")[:400] if references & set(notice.url_args)]
    return bool(notices) and all(notice.mail_state == "sent" for notice in notices)


def options_of(words: list[str] | None = None) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("history", 500_000), ("accounts", 5_000), ("alerts", 60), ("rate", 20)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--gap", type=float, default=2.0)
    return parser.parse_args(words)


if __name__ == "__main__":
    print(json.dumps(measured(options_of())))
