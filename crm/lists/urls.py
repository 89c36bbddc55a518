"""The small verbs around every list."""

from django.urls import path

from crm.lists import views

app_name = "lists"
urlpatterns = [
    path("<str:name>/show/", views.list_show, name="show"),
    path("<str:name>/views/save/", views.view_save, name="view_save"),
    path("<str:name>/views/remove/", views.view_delete, name="view_delete"),
]
