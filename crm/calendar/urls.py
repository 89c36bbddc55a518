"""Pages of the calendar."""

from django.urls import path

from crm.calendar import views

app_name = "calendar"

urlpatterns = [
    path("", views.days, name="days"),
    path("change/", views.day_change, name="day_change"),
]
