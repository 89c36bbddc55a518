"""How far a permission reaches: the second half of every answer about access."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Reach(models.TextChoices):
    """Ordered none < self < source < own < branch < all; ``none`` is falsy.

    >>> Reach.OWN < Reach.BRANCH, bool(Reach.NONE)
    (True, False)
    """

    NONE = "none", _("Nothing")
    SELF = "self", _("Themselves")
    SOURCE = "source", _("Own sources")
    OWN = "own", _("Own customers")
    BRANCH = "branch", _("Own branch and below")
    ALL = "all", _("The whole bank")

    @property
    def rank(self) -> int:
        """Return the place in the order, 0 for none."""
        return RANKS[self.value]

    def __bool__(self) -> bool:
        return self.value != "none"

    def __lt__(self, other: str) -> bool:
        return self.rank < RANKS[str(other)]

    def __le__(self, other: str) -> bool:
        return self.rank <= RANKS[str(other)]

    def __gt__(self, other: str) -> bool:
        return self.rank > RANKS[str(other)]

    def __ge__(self, other: str) -> bool:
        return self.rank >= RANKS[str(other)]


RANKS = {"none": 0, "self": 1, "source": 2, "own": 3, "branch": 4, "all": 5}


class Level(models.TextChoices):
    """The manual's three classes of permission, shown beside each in the role table."""

    BASIC = "basic", _("Basic")
    BUSINESS = "business", _("Business")
    ADVANCED = "advanced", _("Advanced")

    @property
    def rank(self) -> int:
        """Return the place in the order basic < business < advanced."""
        return list(Level).index(self)
