"""Addresses of the report pages."""

from django.urls import path

from reports import views

app_name = "reports"

urlpatterns = [
    path("", views.run_list, name="run_list"),
    path("new/", views.run_create, name="run_create"),
    path("subscription/", views.subscription, name="subscription"),
    path("<ref:reference>/", views.run_detail, name="run"),
    path("<ref:reference>/progress/", views.run_progress, name="run_progress"),
    path("<ref:reference>/again/", views.run_again, name="run_again"),
    path("<ref:reference>/excel/", views.run_excel, name="run_excel"),
]
