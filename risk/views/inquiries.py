"""Pages of inquiries: what a relationship manager sees of a case, and it is not the case."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from crm.access.errors import DomainError
from crm.access.gate import gated
from crm.access.services import actor_of, get_visible, may
from crm.lists.views import render_list
from risk.choices import InquiryState
from risk.forms import AnswerForm
from risk.models import Inquiry
from risk.services import inquiries
from risk.views.lists import InquiryList


@gated("risk.view_inquiry")
def inquiry_list(request: HttpRequest) -> HttpResponse:
    """Show the inquiries in reach."""
    return render_list(request, InquiryList())


@gated("risk.view_inquiry")
def inquiry_detail(request: HttpRequest, reference: str) -> HttpResponse:
    """Show the questions; the managing relationship manager answers here."""
    actor = actor_of(request)
    inquiry = get_visible(Inquiry.objects.select_related("customer", "asked_by", "asked_of", "case"), actor, reference=reference)
    answers = inquiry.state == InquiryState.ASKED and may(actor, "risk.answer_inquiry", inquiry)
    form = AnswerForm(request.POST or None) if answers else None
    if request.method == "POST" and form is not None and form.is_valid():
        try:
            inquiries.answer(actor=actor, inquiry=inquiry, text=form.cleaned_data["text"])
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Your answer is on its way. Thank you."))
            return redirect("risk:inquiry", reference=reference)
    context = {"inquiry": inquiry, "form": form, "sees_case": may(actor, "risk.view_case")}
    return render(request, "risk/inquiry.html", context)
