"""Pages about the role table."""

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from crm.access.errors import DomainError
from crm.access.gate import gated
from crm.access.services import actor_of, get_visible, may
from crm.staff.forms import RolePermissionForm
from crm.staff.models import Role, RolePermission
from crm.staff.services.role_changes import PROPOSE, propose_role_permission
from crm.staff.services.role_table import permission_label


@gated("staff.view_role")
@require_safe
def role_list(request: HttpRequest) -> HttpResponse:
    """Show every role with how many people hold it and how much it may."""
    rows = Role.objects.visible_to(actor_of(request)).annotate(
        held_by=Count("people", filter=Q(people__is_active=True), distinct=True),
        may_do=Count("permissions", filter=~Q(permissions__reach="none"), distinct=True),
    )
    return render(request, "staff/role_list.html", {"roles": rows})


@gated("staff.view_role")
@require_http_methods(["GET", "HEAD", "POST"])
def role(request: HttpRequest, code: str) -> HttpResponse:
    """Show what a role may do; a security officer proposes another reach, which a second one decides."""
    actor = actor_of(request)
    found = get_visible(Role.objects.all(), actor, "staff.view_role", code=code)
    form = RolePermissionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            asked = propose_role_permission(actor=actor, role=found, **form.cleaned_data)
        except DomainError as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            messages.success(request, _("The change is proposed; another security officer decides."))
            return redirect("approvals:request", asked.reference)
    rows = [(permission_label(row.permission), row) for row in RolePermission.objects.filter(role=found)]
    context = {"role": found, "permissions": rows, "form": form, "may_change": may(actor, PROPOSE)}
    return render(request, "staff/role.html", context)
