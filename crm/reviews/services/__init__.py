"""The verbs of reviews of rights."""

from crm.reviews.services.campaigns import BEGIN, begin, keep_going, owes_something
from crm.reviews.services.decisions import KIND, REVIEW, VIEW, ask_for_removal, confirm, remove_rights
from crm.reviews.services.standing import Standing, standing

__all__ = [
    "BEGIN",
    "KIND",
    "REVIEW",
    "VIEW",
    "Standing",
    "ask_for_removal",
    "begin",
    "confirm",
    "keep_going",
    "owes_something",
    "remove_rights",
    "standing",
]
