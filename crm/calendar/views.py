"""The bank's days: what differs from Monday to Friday, and changing a day to come."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from crm.access.errors import DomainError
from crm.access.gate import gated
from crm.access.services import actor_of, may
from crm.calendar import services
from crm.calendar.forms import DayForm
from crm.calendar.models import BusinessDay


@gated("calendar.view_businessday")
def days(request: HttpRequest) -> HttpResponse:
    """Holidays and make-up days of one year (``?year=2026``), with their source."""
    years = [day.year for day in BusinessDay.objects.dates("day", "year")]
    asked = request.GET.get("year", "")
    year = int(asked) if asked.isascii() and asked.isdigit() and len(asked) == 4 and int(asked) in years else services.today().year
    rows = BusinessDay.objects.filter(day__year=year)
    special = rows.filter(day__week_day__in=(1, 7), is_business=True) | rows.exclude(day__week_day__in=(1, 7)).filter(is_business=False)
    context = {
        "year": year,
        "years": years,
        "rows": special.order_by("day"),
        "working": rows.filter(is_business=True).count(),
        "coverage": services.coverage(),
        "provisional": rows.filter(is_provisional=True).exists(),
        "can_change": may(actor_of(request), "calendar.change_businessday"),
    }
    return render(request, "calendar/days.html", context)


@gated("calendar.change_businessday")
def day_change(request: HttpRequest) -> HttpResponse:
    """Makes a day to come a business day or not."""
    form = DayForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            row = services.change_day(actor=actor_of(request), **form.values())
        except DomainError as refusal:
            form.add_error("day", str(refusal))
        else:
            messages.success(request, _("The calendar was changed. Later due dates are counted anew."))
            return redirect(f"{reverse('calendar:days')}?year={row.day.year}")
    return render(request, "calendar/day_change.html", {"form": form})
