"""Pages of exports, and the door of every list."""

from django.urls import path

from crm.exports import views

app_name = "exports"
urlpatterns = [
    path("lists/<str:name>/export/", views.list_export, name="list"),
    path("exports/", views.permit_list, name="permit_list"),
    path("exports/caps/", views.cap_list, name="cap_list"),
    path("exports/<ref:reference>/", views.permit_detail, name="permit"),
    path("exports/<ref:reference>/file/", views.permit_file, name="permit_file"),
]
