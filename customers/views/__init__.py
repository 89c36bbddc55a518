"""Pages about customers."""

from customers.views.pages import customer_change, customer_create, customer_detail, customer_labels, customer_list

__all__ = ["customer_change", "customer_create", "customer_detail", "customer_labels", "customer_list"]
