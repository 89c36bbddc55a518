"""Pages about the tree of branches."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from crm.access.gate import gated
from crm.access.services import actor_of, may
from crm.staff.forms import BranchForm
from crm.staff.models import Branch
from crm.staff.services.people import create_branch


@gated("staff.view_branch")
@require_safe
def branch_list(request: HttpRequest) -> HttpResponse:
    """Show the tree of branches within the reader's reach."""
    actor = actor_of(request)
    rows = list(Branch.objects.visible_to(actor).select_related("parent"))
    for row in rows:
        row.depth = len(row.ancestor_paths) - 1  # type: ignore[attr-defined]
    context = {"branches": rows, "may_add": may(actor, "staff.add_branch")}
    return render(request, "staff/branch_list.html", context)


@gated("staff.add_branch")
@require_http_methods(["GET", "HEAD", "POST"])
def branch_add(request: HttpRequest) -> HttpResponse:
    """Create a branch below another."""
    actor = actor_of(request)
    form = BranchForm(request.POST or None, actor=actor)
    if request.method == "POST" and form.is_valid():
        create_branch(actor=actor, **form.cleaned_data)
        messages.success(request, _("The branch is created."))
        return redirect("staff:branch_list")
    return render(request, "staff/branch_add.html", {"form": form})
