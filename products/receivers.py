"""What follows inside the app when a freeze is placed: people hear of an automatic one, whatever else is told of its reason."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_noop

from crm.notify.models import Notice
from crm.notify.services import notify
from crm.staff.services.duty import people_on_duty, people_who_may
from products.models import Freeze

AUTOMATIC = "freeze.automatic"
CONFIRM = "products.confirm_freeze"
STILL_WAITS = gettext_noop("Automatic freeze %(freeze)s still waits for confirmation")


def tell_of_automatic(*, freeze: Freeze, **_signal: Any) -> None:
    """Tell those who confirm, those on duty if any is: the customer is blocked now, and the freeze lapses unless one says it stands."""
    if freeze.lapses_at is None:
        return
    branch = freeze.customer.opening_branch
    notify(
        recipients=list(people_on_duty(CONFIRM, branch)) or people_who_may(CONFIRM, branch),
        kind=AUTOMATIC,
        subject=gettext_noop("Automatic freeze %(freeze)s waits for confirmation"),
        body=gettext_noop(
            "Money cannot leave any more. Look at the reason, then confirm the freeze or ask to lift it: after 24 hours it lapses."
        ),
        params={"freeze": freeze.reference},
        url_name="products:freeze",
        url_args=(freeze.reference,),
        key=f"automatic:{freeze.reference}",
    )


def waits_for_confirmation(notice: Notice) -> bool:
    """Whether nobody has confirmed or ended the freeze of a notice."""
    return _freeze_of(notice) is not None


def those_who_decide(notice: Notice) -> Iterable[Any]:
    """The supervisors on duty, who decide on freezes."""
    freeze = _freeze_of(notice)
    return people_on_duty("products.lift_freeze", freeze.customer.opening_branch) if freeze else []


def _freeze_of(notice: Notice) -> Freeze | None:
    waiting = Freeze.objects.standing().filter(reference=notice.params["freeze"], lapses_at__isnull=False)
    return waiting.select_related("customer__opening_branch").first()
