"""The list of verdicts."""

from django.http import HttpRequest, HttpResponse

from crm.access.gate import gated
from crm.lists.views import render_list
from risk.views.lists import AssessmentList


@gated("risk.view_assessment")
def assessment_list(request: HttpRequest) -> HttpResponse:
    """Show first judgements."""
    return render_list(request, AssessmentList())
