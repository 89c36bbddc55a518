"""Who reviews the rights of people, begins a review, and reads what came of it."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ROLES: dict[str, dict[str, str | tuple[str, str]]] = {
    "branch-manager": {"reviews.view_personreview": "branch", "reviews.review_person": ("branch", "advanced")},
    "security-officer": {
        "reviews.view_personreview": "all",
        "reviews.review_person": ("all", "advanced"),
        "reviews.begin_campaign": ("all", "advanced"),
    },
    "auditor": {"reviews.view_personreview": "all"},
    "audit-officer": {"reviews.view_personreview": "all"},
}

# What the security officer reads in the role table.
LABELS: dict[str, Promise] = {
    "reviews.begin_campaign": _("Begin reviews of rights"),
    "reviews.review_person": _("Review the rights of people"),
    "reviews.view_personreview": _("View reviews of rights"),
}

# Duties that cannot meet in one person.
CONFLICTS: tuple[tuple[str, str, Promise], ...] = (
    ("audit.view_event", "reviews.review_person", _("Who examines takes no part in what is examined.")),
)
