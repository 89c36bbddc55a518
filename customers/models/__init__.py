"""Customers, what hangs on them here, and the grants to see them."""

from customers.models.grants import CustomerGrant, PortfolioGrant
from customers.models.keeping import IdentityCheck, LegalHold
from customers.models.people import Customer, CustomerFigures, CustomerQuerySet, barred_from, holds, of_customers

__all__ = [
    "Customer",
    "CustomerFigures",
    "CustomerGrant",
    "CustomerQuerySet",
    "IdentityCheck",
    "LegalHold",
    "PortfolioGrant",
    "barred_from",
    "holds",
    "of_customers",
]
