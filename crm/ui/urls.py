"""Addresses of the pages' own acts."""

from django.urls import path

from crm.ui import views

app_name = "ui"
urlpatterns = [
    path("search/", views.search, name="search"),
    path("unit/", views.unit, name="unit"),
    path("styleguide/", views.styleguide, name="styleguide"),
]
