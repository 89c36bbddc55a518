"""Pages about customers."""

from customers.views.keeping import customer_erase, customer_holds, hold_lift
from customers.views.pages import customer_change, customer_create, customer_detail, customer_labels, customer_list
from customers.views.sign_ins import customer_sign_in, customer_sign_in_end
from customers.views.standins import customer_stand_in, portfolio_stand_in, stand_ins
from customers.views.why import why

__all__ = [
    "customer_change",
    "customer_create",
    "customer_detail",
    "customer_erase",
    "customer_holds",
    "customer_labels",
    "customer_list",
    "customer_sign_in",
    "customer_sign_in_end",
    "customer_stand_in",
    "hold_lift",
    "portfolio_stand_in",
    "stand_ins",
    "why",
]
