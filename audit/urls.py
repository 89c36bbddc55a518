"""Addresses of the auditor's rooms."""

from django.urls import path, re_path

from audit.views import lists, pages

app_name = "audit"
urlpatterns = [
    path("", lists.event_list, name="event_list"),
    path("chain/", pages.chain, name="chain"),
    path("chain/verify/", pages.chain_verify, name="chain_verify"),
    path("lines/<uuid:uid>/", pages.event_detail, name="event"),
    re_path(r"^requests/(?P<request_id>[A-Za-z0-9_-]{1,64})/$", pages.request_story, name="request"),
]
