"""Pages of notices."""

from django.urls import path

from crm.notify import views

app_name = "notify"

urlpatterns = [
    path("", views.notices, name="notices"),
    path("read/", views.read, name="notice_read"),
    path("bell/", views.bell, name="bell"),
    path("mails/", views.mails, name="mails"),
    path("mails/again/", views.mails_again, name="mails_again"),
    path("<ref:reference>/", views.notice, name="notice"),
]
