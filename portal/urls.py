"""Addresses of the customer's own pages."""

from django.urls import path

from portal import views

app_name = "portal"
urlpatterns = [
    path("", views.home, name="home"),
    path("accounts/", views.accounts, name="accounts"),
    path("transactions/", views.transactions, name="transactions"),
    path("products/", views.products, name="products"),
    path("consents/", views.consents, name="consents"),
    path("sign-ins/", views.sign_ins, name="sign_ins"),
]
