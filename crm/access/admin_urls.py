"""Addresses of the auditors' admin; complete once every app has registered its tables."""

from crm.access.admin import auditor_site

app_name = "admin"
urlpatterns = auditor_site.get_urls()
