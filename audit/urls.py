"""Addresses of the auditor's rooms."""

from django.urls import path, re_path

from audit.views import alarms, lists, pages, questions

app_name = "audit"
urlpatterns = [
    path("", lists.event_list, name="event_list"),
    path("alarms/", alarms.alarm_list, name="alarm_list"),
    path("alarms/thresholds/", alarms.threshold_list, name="thresholds"),
    path("alarms/<ref:reference>/", alarms.alarm_detail, name="alarm"),
    path("chain/", pages.chain, name="chain"),
    path("chain/verify/", pages.chain_verify, name="chain_verify"),
    path("compliance/", questions.compliance_check, name="compliance"),
    path("questions/", questions.question_list, name="questions"),
    re_path(r"^questions/(?P<name>customer|person|exports|rights|request)/$", questions.question, name="question"),
    path("lines/<uuid:uid>/", pages.event_detail, name="event"),
    re_path(r"^requests/(?P<request_id>[A-Za-z0-9_-]{1,64})/$", pages.request_story, name="request"),
]
