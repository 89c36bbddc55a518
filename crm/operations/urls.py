"""Addresses of the operations' pages."""

from django.urls import path

from crm.operations import views

app_name = "operations"
urlpatterns = [path("health/", views.health, name="health")]
