"""Work that lies on people's desks when the demo world opens: freezes of authorities, and a change that waits for a second person."""

from __future__ import annotations

from crm.access.actor import Actor
from crm.access.middleware import staff_actor
from crm.staff.models import User
from customers.models import Customer
from customers.services import change_customer
from demo.world import World
from products.choices import Authority, FreezeKind
from products.services import place_freeze

FREEZES = (
    (FreezeKind.AUTHORITY, Authority.COURT, "（2026）京0101执保第218号", "协助冻结存款通知书"),
    (FreezeKind.PAYMENT_STOP, Authority.POLICE, "京公（经）止付字〔2026〕第37号", "电信网络诈骗案件紧急止付"),
)


def begin_work(world: World) -> None:
    """Have the risk officer place two freezes of authorities, and a relationship manager propose a new mobile number."""
    told = {label.customer for label in world.labels}
    quiet = [one for one in world.customers if one.life == "quiet" and one.core_number not in told]
    officer = _actor("82001")
    for (kind, authority, document, reason), one in zip(FREEZES, quiet, strict=False):
        customer = Customer.objects.get(core_number=one.core_number)
        account = customer.accounts.order_by("pk").first()
        place_freeze(actor=officer, customer=customer, account=account, kind=kind, authority=authority, document=document, reason=reason)
    for one in quiet[len(FREEZES) : len(FREEZES) + 1]:
        customer = Customer.objects.get(core_number=one.core_number)
        mobile = one.mobile[:-4] + f"{(int(one.mobile[-4:]) + 1) % 10_000:04d}"
        change_customer(
            actor=_actor(one.manager), customer=customer, version=customer.version, values={"mobile": mobile}, reason="客户来行更换手机号码"
        )


def _actor(number: str) -> Actor:
    return staff_actor(User.objects.select_related("branch").get(number=number), origin="command")
