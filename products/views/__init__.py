"""Pages about accounts and freezes."""

from products.views.accounts import account_change, account_detail, account_open
from products.views.freezes import (
    account_freeze,
    customer_freeze,
    freeze_confirm,
    freeze_detail,
    freeze_lift,
    freeze_tell_core,
)
from products.views.lists import account_list, freeze_list

__all__ = [
    "account_change",
    "account_detail",
    "account_freeze",
    "account_list",
    "account_open",
    "customer_freeze",
    "freeze_confirm",
    "freeze_detail",
    "freeze_lift",
    "freeze_list",
    "freeze_tell_core",
]
