"""The roof over all pages: every app's addresses, named by string."""

from django.urls import include, path

urlpatterns = [
    path("", include("crm.staff.urls")),
    path("", include("crm.factors.urls")),
    path("", include("crm.operations.urls")),
    path("", include("crm.ui.urls")),
    path("", include("crm.fields.urls")),
    path("rates/", include("crm.money.urls")),
    path("calendar/", include("crm.calendar.urls")),
    path("jobs/", include("crm.jobs.urls")),
    path("notices/", include("crm.notify.urls")),
    path("", include("crm.exports.urls")),
    path("reviews/", include("crm.reviews.urls")),
    path("lists/", include("crm.lists.urls")),
    path("approvals/", include("crm.approvals.urls")),
    path("audit/", include("audit.urls")),
    path("customers/", include("customers.urls")),
    path("products/", include("products.urls")),
    path("transactions/", include("transactions.urls")),
    path("api/v1/", include("transactions.api")),
    path("my/", include("portal.urls")),
    path("risk/", include("risk.urls")),
    path("reports/", include("reports.urls")),
    path("admin/", include("crm.access.admin_urls")),
]
handler400 = "crm.access.pages.bad_request"
handler403 = "crm.access.pages.forbidden"
handler404 = "crm.access.pages.not_found"
handler500 = "crm.access.pages.server_error"
