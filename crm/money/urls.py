"""Pages of rates."""

from django.urls import path

from crm.money import views

app_name = "money"

urlpatterns = [path("", views.rates, name="rates")]
