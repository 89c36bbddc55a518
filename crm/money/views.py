"""The rates in force."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from crm.access.gate import gated
from crm.money import services
from crm.money.models import Rate


@gated("money.view_rate")
def rates(request: HttpRequest) -> HttpResponse:
    """The rate that counts today for each currency, its day and its source."""
    day = timezone.localdate()
    rows = Rate.objects.filter(day__lte=day).order_by("currency", "-day").distinct("currency")
    shown = [{"rate": rate, "counts": services.rates().rate(rate.currency, day) is not None} for rate in rows]
    return render(request, "money/rates.html", {"rates": shown, "day": day})
