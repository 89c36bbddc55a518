"""Addresses of the pages about accounts and freezes."""

from django.urls import path

from products import views

app_name = "products"

urlpatterns = [
    path("accounts/", views.account_list, name="account_list"),
    path("accounts/<ref:reference>/", views.account_detail, name="account"),
    path("accounts/<ref:reference>/change/", views.account_change, name="account_change"),
    path("accounts/<ref:reference>/freeze/", views.account_freeze, name="account_freeze"),
    path("customers/<ref:reference>/accounts/new/", views.account_open, name="account_open"),
    path("customers/<ref:reference>/freeze/", views.customer_freeze, name="customer_freeze"),
    path("freezes/", views.freeze_list, name="freeze_list"),
    path("freezes/<ref:reference>/", views.freeze_detail, name="freeze"),
    path("freezes/<ref:reference>/confirm/", views.freeze_confirm, name="freeze_confirm"),
    path("freezes/<ref:reference>/lift/", views.freeze_lift, name="freeze_lift"),
    path("freezes/<ref:reference>/tell-core/", views.freeze_tell_core, name="freeze_tell_core"),
]
