"""The words that bank files use: headings, codes, sides. Recognised in Chinese and English, never guessed."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from transactions.choices import Channel, Direction, Instrument, Kind

FIELDS = {
    "external_id": _("Transaction id of the source"),
    "account": _("Account number"),
    "occurred_at": _("Date and time"),
    "date": pgettext_lazy("file column", "Date"),
    "time": pgettext_lazy("file column", "Time"),
    "debit": _("Debit amount"),
    "credit": _("Credit amount"),
    "amount": _("Amount, signed or beside a debit/credit column"),
    "direction": _("Debit or credit"),
    "currency": _("Currency"),
    "kind": _("Transaction type"),
    "instrument": _("Cash or transfer"),
    "channel": _("Channel"),
    "counterparty_name": _("Counterparty name"),
    "counterparty_account": _("Counterparty account"),
    "counterparty_bank": _("Counterparty bank"),
    "counterparty_country": _("Counterparty country"),
    "cross_border": _("Cross-border"),
    "customer_initiated": _("Started by the customer"),
    "operator": _("Operator"),
    "remark": _("Remark"),
    "transfer_id": _("Transfer id"),
}
"""What a column of a file may mean, with the words for it on the page."""

IDENTIFIERS = frozenset({"external_id", "account", "counterparty_account", "transfer_id", "operator"})
"""Columns of digits that are no numbers: a numeric cell there has lost digits or leading zeros already."""

HEADINGS: dict[str, Sequence[str]] = {
    "external_id": (
        "交易流水号",
        "流水号",
        "交易编号",
        "交易序号",
        "业务流水号",
        "transaction id",
        "transaction number",
        "reference",
        "serial number",
        "external id",
        "id",
    ),
    "account": (
        "账号",
        "帐号",
        "账户",
        "账户号码",
        "本方账号",
        "客户账号",
        "卡号",
        "account",
        "account number",
        "account no",
        "own account",
    ),
    "occurred_at": (
        "交易时间",
        "交易日期时间",
        "发生时间",
        "记账时间",
        "date and time",
        "datetime",
        "transaction time",
        "occurred at",
        "timestamp",
    ),
    "date": ("交易日期", "日期", "记账日期", "入账日期", "date", "transaction date", "booking date", "value date"),
    "time": ("时间", "交易时刻", "time", "time of day"),
    "debit": ("借方", "借方金额", "借方发生额", "支出", "支出金额", "转出金额", "debit", "debit amount", "withdrawals", "paid out"),
    "credit": (
        "贷方",
        "贷方金额",
        "贷方发生额",
        "收入",
        "收入金额",
        "转入金额",
        "存入金额",
        "credit",
        "credit amount",
        "deposits",
        "paid in",
    ),
    "amount": ("金额", "交易金额", "发生额", "amount", "transaction amount"),
    "direction": ("借贷", "借贷标志", "借贷方向", "收支", "收付标志", "方向", "direction", "debit/credit", "dc", "d/c", "dr/cr", "side"),
    "currency": ("币种", "币别", "货币", "currency", "ccy"),
    "kind": ("交易类型", "业务类型", "交易种类", "type", "transaction type", "kind"),
    "instrument": ("现转标志", "现金转账", "钞汇标志", "cash or transfer", "instrument"),
    "channel": ("交易渠道", "渠道", "channel"),
    "counterparty_name": ("对方户名", "交易对手", "对手户名", "对方名称", "counterparty", "counterparty name", "payee", "payer"),
    "counterparty_account": ("对方账号", "对方帐号", "对手账号", "counterparty account", "counterparty account number"),
    "counterparty_bank": ("对方开户行", "对方行名", "对手开户行", "counterparty bank"),
    "counterparty_country": ("对方国家", "对方国别", "对手国家", "counterparty country", "country"),
    "cross_border": ("跨境", "跨境标志", "是否跨境", "cross-border", "cross border"),
    "customer_initiated": ("客户发起", "是否客户发起", "customer initiated", "started by the customer"),
    "operator": ("操作员", "柜员", "柜员号", "经办", "operator", "teller"),
    "remark": ("摘要", "附言", "备注", "交易备注", "用途", "remark", "remarks", "description", "memo", "purpose"),
    "transfer_id": ("转账编号", "汇款编号", "transfer id"),
}

DIRECTIONS: dict[Direction, Sequence[str]] = {
    Direction.DEBIT: ("d", "dr", "debit", "借", "借方", "支", "支出", "付", "出", "out"),
    Direction.CREDIT: ("c", "cr", "credit", "贷", "贷方", "收", "收入", "入", "in"),
}
KINDS: dict[Kind, Sequence[str]] = {
    Kind.DEPOSIT: ("存款", "存入", "现金存入"),
    Kind.WITHDRAWAL: ("取款", "支取", "取现", "现金支取"),
    Kind.TRANSFER: ("转账", "汇款", "跨境汇款", "转帐"),
    Kind.PAYMENT: ("支付", "消费", "缴费"),
    Kind.SALARY: ("工资", "代发工资", "薪资"),
    Kind.LOAN_DISBURSEMENT: ("放款", "贷款发放"),
    Kind.LOAN_REPAYMENT: ("还款", "贷款归还", "还贷"),
    Kind.WEALTH_PURCHASE: ("理财购买", "理财申购", "申购", "认购"),
    Kind.WEALTH_REDEMPTION: ("理财赎回", "赎回"),
    Kind.INVESTMENT: ("投资", "投资服务"),
    Kind.INTEREST: ("利息", "结息"),
    Kind.TAX: ("税", "税款", "缴税"),
    Kind.FEE: ("手续费", "费用"),
    Kind.TERM_ROLLOVER: ("定期转存", "转存", "续存"),
}
INSTRUMENTS: dict[Instrument, Sequence[str]] = {Instrument.CASH: ("现金", "现"), Instrument.TRANSFER: ("转账", "转", "转帐")}
CHANNELS: dict[Channel, Sequence[str]] = {
    Channel.COUNTER: ("柜面", "柜台"),
    Channel.MOBILE: ("手机银行", "手机"),
    Channel.WEB: ("网银", "网上银行", "internet banking", "online banking"),
    Channel.ATM: ("自助取款机", "自助设备"),
    Channel.POS: ("刷卡", "pos机"),
    Channel.THIRD_PARTY: ("第三方支付", "第三方", "third-party payment"),
    Channel.BATCH: ("批量", "代发", "系统批量"),
}
YES = ("y", "yes", "true", "1", "是")
NO = ("n", "no", "false", "0", "否")
CURRENCIES = {"人民币": "CNY", "rmb": "CNY", "美元": "USD", "欧元": "EUR", "港币": "HKD", "港元": "HKD", "日元": "JPY", "英镑": "GBP"}

_UNIT = re.compile(r"\((?:元|人民币|cny|yuan|rmb)\)$")


def plain(text: str) -> str:
    """Return a heading or code in the form in which it is looked up: half width, lower case, single blanks, no unit, no marks."""
    value = " ".join(unicodedata.normalize("NFKC", text).replace("_", " ").split()).casefold()
    return _UNIT.sub("", value).strip(" *:：")


_FIELD_OF = {plain(word): name for name, words in HEADINGS.items() for word in (*words, name)}


def _table(words: Mapping[Any, Sequence[str]], labels: Mapping[Any, str]) -> dict[str, str]:
    found = {plain(word): code for code, known in words.items() for word in known}
    return found | {plain(code): code for code in words} | {plain(label): code for code, label in labels.items()}


# English labels as they stand in the code: what a file says must not depend on who reads it.
CODES: dict[str, dict[str, str]] = {
    "direction": _table(DIRECTIONS, {}),
    "kind": _table(KINDS, {kind: kind.value.replace("_", " ") for kind in Kind}),
    "instrument": _table(INSTRUMENTS, {}),
    "channel": _table(CHANNELS, {Channel.MOBILE: "mobile banking"}),
}


def detect(headings: Sequence[str]) -> dict[str, str]:
    """Return our field → heading for each heading that is known; the first of two that mean the same wins."""
    found: dict[str, str] = {}
    for heading in headings:
        name = _FIELD_OF.get(plain(heading))
        if name and name not in found:
            found[name] = heading
    # One column named 交易时间 beside 交易日期 holds the time of day, not the whole moment.
    if "occurred_at" in found and "date" in found and "time" not in found:
        found["time"] = found.pop("occurred_at")
    return found


def missing(columns: Mapping[str, str], defaults: Mapping[str, str]) -> list[str]:
    """Return what is still needed before a file can be read, as names of fields (of alternatives: the first)."""
    has = {name for name, heading in columns.items() if heading}
    needed = [name for name in ("external_id", "account") if name not in has]
    if not {"occurred_at", "date"} & has:
        needed.append("occurred_at")
    if not ({"debit", "credit"} <= has or "amount" in has):
        needed.append("amount")
    return needed + [name for name in ("kind", "channel") if name not in has and not defaults.get(name)]
