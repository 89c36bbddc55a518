"""Addresses of the transaction pages."""

from django.urls import path

from transactions import views

app_name = "transactions"

urlpatterns = [
    path("", views.transaction_list, name="transaction_list"),
    path("new/", views.transaction_create, name="transaction_create"),
    path("files/", views.import_list, name="import_list"),
    path("files/new/", views.import_create, name="import_create"),
    path("files/<ref:reference>/", views.import_detail, name="import"),
    path("files/<ref:reference>/progress/", views.import_progress, name="import_progress"),
    path("files/<ref:reference>/columns/", views.import_columns, name="import_columns"),
    path("files/<ref:reference>/load/", views.import_release, name="import_release"),
    path("files/<ref:reference>/give-up/", views.import_reject, name="import_reject"),
    path("files/<ref:reference>/errors.csv", views.import_errors, {"kind": "csv"}, name="import_errors"),
    path("files/<ref:reference>/errors.xlsx", views.import_errors, {"kind": "xlsx"}, name="import_errors_excel"),
    path("api/", views.api_page, name="api"),
    path("api/schema/", views.api_schema, name="api_schema"),
    path("<ref:reference>/", views.transaction_detail, name="transaction"),
    path("<ref:reference>/status/", views.transaction_status, name="transaction_status"),
    path("<ref:reference>/act/<slug:act>/", views.transaction_act, name="transaction_act"),
]
