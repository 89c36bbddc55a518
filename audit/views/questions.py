"""Questions to the log, as forms with an answer below, and the compliance check."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from audit import forms
from audit.services import checking, questions
from crm.access.errors import DomainError
from crm.access.gate import gated
from crm.access.services import actor_of
from crm.log.actions import label_of

RESULTS = {"done": gettext_lazy("Done"), "refused": gettext_lazy("Refused"), "failed": gettext_lazy("Failed")}


@dataclass(frozen=True)
class Question:
    """One question: how it is put, its form, who answers, and the template of the answer."""

    title: Promise
    form: type[Form]
    ask: Callable[..., Any]
    template: str = "audit/_answer.html"


QUESTIONS = {
    "customer": Question(gettext_lazy("Who looked at this customer?"), forms.CustomerQuestion, questions.who_looked),
    "person": Question(gettext_lazy("What did this person do?"), forms.PersonQuestion, questions.what_did),
    "exports": Question(gettext_lazy("Who exported what?"), forms.ExportQuestion, questions.who_exported),
    "rights": Question(gettext_lazy("What could this person see?"), forms.RightsQuestion, questions.what_could_see, "audit/_rights.html"),
    "request": Question(gettext_lazy("The whole story of a request"), forms.RequestQuestion, questions.story, "audit/_story.html"),
}


@gated(questions.ASK)
@require_safe
def question_list(request: HttpRequest) -> HttpResponse:
    """Show the questions that can be put."""
    rows = [{"title": one.title, "url": reverse("audit:question", args=[name])} for name, one in QUESTIONS.items()]
    return render(request, "audit/questions.html", {"questions": rows})


@gated(questions.ASK)
@require_safe
def question(request: HttpRequest, name: str) -> HttpResponse:
    """Put one question; the answer stands below the form."""
    asked = QUESTIONS[name]
    # Somebody who comes from a customer's page has said which, not yet when.
    form = asked.form(initial=request.GET.dict()) if set(request.GET) == {"customer"} else asked.form(request.GET or None)
    context: dict[str, Any] = {"title": asked.title, "form": form, "template": asked.template, "answer": None}
    if form.is_valid():
        try:
            context["answer"] = asked.ask(actor=actor_of(request), **form.cleaned_data)
        except DomainError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
    answer = context["answer"]
    if isinstance(answer, questions.Answer):
        context["counts"] = [_counted(row) for row in answer.counts]
        context["details"] = name == "exports"
    return render(request, "audit/question.html", context)


def _counted(row: dict[str, Any]) -> tuple[str, int]:
    who = " ".join(part for part in (row.get("actor_number", ""), row.get("actor_name", "")) if part)
    words = [who, label_of(row["action"]), str(RESULTS[row["result"]]) if row.get("result", "done") != "done" else ""]
    return " · ".join(word for word in words if word), row["number"]


@gated(checking.VIEW)
@require_safe
def compliance_check(request: HttpRequest) -> HttpResponse:
    """Show the facts of the compliance check, each from the floor that knows it; what nobody knows is said."""
    rows = checking.look(actor=actor_of(request))
    return render(request, "audit/compliance.html", {"rows": rows})
