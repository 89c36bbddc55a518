"""Addresses of approvals."""

from django.urls import path

from crm.approvals import views

app_name = "approvals"
urlpatterns = [
    path("", views.request_list, name="request_list"),
    path("<ref:reference>/", views.request_detail, name="request"),
    path("<ref:reference>/decide/", views.request_decide, name="request_decide"),
    path("<ref:reference>/withdraw/", views.request_withdraw, name="request_withdraw"),
]
