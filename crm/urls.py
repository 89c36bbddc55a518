"""The roof over all pages: every app's addresses, named by string."""

from importlib.util import find_spec

from django.urls import include, path

# While the rooms are being built, an app whose urls are not there yet is left out; the finished list is plain.
ROOMS = [
    ("", "crm.staff.urls"),
    ("", "crm.operations.urls"),
    ("", "crm.ui.urls"),
    ("", "crm.fields.urls"),
    ("jobs/", "crm.jobs.urls"),
    ("notices/", "crm.notify.urls"),
    ("lists/", "crm.lists.urls"),
    ("approvals/", "crm.approvals.urls"),
    ("audit/", "audit.urls"),
    ("customers/", "customers.urls"),
    ("products/", "products.urls"),
    ("transactions/", "transactions.urls"),
    ("risk/", "risk.urls"),
    ("reports/", "reports.urls"),
]
urlpatterns = [
    *[path(prefix, include(module)) for prefix, module in ROOMS if find_spec(module)],
    path("admin/", include("crm.access.admin_urls")),
]
