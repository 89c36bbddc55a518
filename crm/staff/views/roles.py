"""Pages of the role table."""

from typing import Any

from django.apps import apps
from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from crm.access.errors import DomainError
from crm.access.gate import gated
from crm.access.reach import Reach
from crm.access.services import actor_of, get_visible, may
from crm.staff.forms import NewRoleForm, RoleForm
from crm.staff.models import Role, RolePermission
from crm.staff.services.role_changes import PROPOSE, create_role, propose_role, reaches_of
from crm.staff.services.role_table import level_of, stock_permissions
from crm.ui import menu


@gated("staff.view_role")
@require_safe
def role_list(request: HttpRequest) -> HttpResponse:
    """Show every role with how many people hold it, how much it may, and whether the bank changed it."""
    actor = actor_of(request)
    rows = list(
        Role.objects.visible_to(actor).annotate(
            held_by=Count("people", filter=Q(people__is_active=True), distinct=True),
            may_do=Count("permissions", filter=~Q(permissions__reach="none"), distinct=True),
        )
    )
    stock, held = stock_permissions(), RolePermission.objects.values_list("role__code", "permission", "reach")
    reaches = {(code, permission): reach for code, permission, reach in held}
    for row in rows:
        theirs = {permission: reach for (code, permission), reach in reaches.items() if code == row.code}
        row.differs = bool(_differing(row.code, theirs, stock))
        row.is_stock = any(code == row.code for code, _permission in stock)
    return render(request, "staff/role_list.html", {"roles": rows, "may_add": may(actor, PROPOSE)})


def _differing(code: str, held: dict[str, str], stock: Any) -> set[str]:
    """Return the permissions that a stock role holds otherwise than delivered; none for a role of the bank's own."""
    delivered = {permission: reach for (role, permission), (reach, _level) in stock.items() if role == code}
    if not delivered:
        return set()
    return {name for name in {*held, *delivered} if held.get(name, Reach.NONE.value) != delivered.get(name, Reach.NONE.value)}


@gated("staff.change_role")
@require_http_methods(["GET", "HEAD", "POST"])
def role_add(request: HttpRequest) -> HttpResponse:
    """Make a role that may do nothing yet."""
    form = NewRoleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = create_role(actor=actor_of(request), **form.cleaned_data)
        except DomainError as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            messages.success(request, _("The role is made. Give it permissions; another security officer decides."))
            return redirect("staff:role", made.code)
    return render(request, "staff/role_add.html", {"form": form})


@gated("staff.view_role")
@require_http_methods(["GET", "HEAD", "POST"])
def role(request: HttpRequest, code: str) -> HttpResponse:
    """Show what a role may do and which pages it opens; a security officer proposes changes, which a second one decides together."""
    actor = actor_of(request)
    found = get_visible(Role.objects.all(), actor, "staff.view_role", code=code)
    stock, held = stock_permissions(), reaches_of(found)
    permissions = sorted({permission for _role, permission in stock} | set(held))
    form = RoleForm(request.POST or None, held=held, ceiling=found.ceiling, permissions=permissions)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            asked = propose_role(actor=actor, role=found, reaches=form.reaches(), ceiling=values["ceiling"], reason=values["reason"])
        except DomainError as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("The change is proposed; another security officer decides."))
            return redirect("approvals:request", asked.reference)
    context = {
        "role": found,
        "form": form,
        "may_change": may(actor, PROPOSE),
        "groups": _groups(form, held, stock, found.code),
        "held": sum(reach != Reach.NONE for reach in held.values()),
        "pages": [item for item in menu.registered() if _opens(item.permission, held)],
        "reach_labels": dict(Reach.choices),
    }
    return render(request, "staff/role.html", context)


def _groups(form: RoleForm, held: dict[str, str], stock: Any, code: str) -> list[dict[str, Any]]:
    """Return the matrix by app: each permission with its field, reach, level and whether it differs from what was delivered."""
    differing, groups = _differing(code, held, stock), dict[str, list[Any]]()
    for permission in form.permissions:
        reach = Reach(held.get(permission, Reach.NONE.value))
        line = {
            "name": permission,
            "field": form[permission],
            "reach": reach,
            "level": level_of(permission, stock),
            "differs": permission in differing,
        }
        groups.setdefault(permission.partition(".")[0], []).append(line)
    return [{"app": apps.get_app_config(app).verbose_name, "lines": lines} for app, lines in groups.items()]


def _opens(permission: str | tuple[str, ...], held: dict[str, str]) -> bool:
    wanted = (permission,) if isinstance(permission, str) else permission
    return any(held.get(name, Reach.NONE.value) != Reach.NONE.value for name in wanted if name)
