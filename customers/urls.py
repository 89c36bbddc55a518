"""Addresses of the customer pages."""

from django.urls import path

from customers import views

app_name = "customers"

urlpatterns = [
    path("", views.customer_list, name="customer_list"),
    path("new/", views.customer_create, name="customer_create"),
    path("<ref:reference>/", views.customer_detail, name="customer"),
    path("<ref:reference>/change/", views.customer_change, name="customer_change"),
    path("<ref:reference>/sign-in/", views.customer_sign_in, name="sign_in"),
    path("<ref:reference>/sign-in/end/", views.customer_sign_in_end, name="sign_in_end"),
    path("<ref:reference>/labels/", views.customer_labels, name="customer_labels"),
    path("<ref:reference>/stand-in/", views.customer_stand_in, name="customer_stand_in"),
    path("why/", views.why, name="why"),
    path("stand-ins/", views.stand_ins, name="stand_ins"),
    path("stand-ins/portfolio/", views.portfolio_stand_in, name="portfolio_stand_in"),
    path("<ref:reference>/holds/", views.customer_holds, name="customer_holds"),
    path("<ref:reference>/erase/", views.customer_erase, name="customer_erase"),
    path("holds/<ref:reference>/lift/", views.hold_lift, name="hold_lift"),
]
