"""The list of verdicts, and asking for another one after a failure."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm.access.errors import DomainError
from crm.access.gate import gated
from crm.access.services import actor_of, get_visible
from crm.lists.views import render_list
from risk.forms import ReasonForm
from risk.services import again
from risk.views.lists import AssessmentList
from transactions.models import Transaction


@gated("risk.view_assessment")
def assessment_list(request: HttpRequest) -> HttpResponse:
    """Show first judgements."""
    return render_list(request, AssessmentList())


@gated(again.AGAIN)
@require_POST
def judge_again(request: HttpRequest, reference: str) -> HttpResponse:
    """Have a transaction judged anew."""
    actor = actor_of(request)
    row = get_visible(Transaction.objects.select_related("customer"), actor, again.AGAIN, reference=reference)
    form = ReasonForm(request.POST)
    if form.is_valid():
        try:
            again.judge_again(actor=actor, row=row, reason=form.cleaned_data["reason"])
            messages.success(request, _("The transaction will be judged again in a moment."))
        except DomainError as refusal:
            messages.error(request, str(refusal))
    else:
        messages.error(request, _("Give a reason of at least four characters."))
    return redirect("transactions:transaction", reference=reference)
