"""Pages about customers."""

from customers.views.keeping import customer_erase, customer_holds, hold_lift
from customers.views.pages import customer_change, customer_create, customer_detail, customer_labels, customer_list

__all__ = [
    "customer_change",
    "customer_create",
    "customer_detail",
    "customer_erase",
    "customer_holds",
    "customer_labels",
    "customer_list",
    "hold_lift",
]
