"""Pages of the sealed fields."""

from django.urls import path, register_converter

from crm.fields import views
from crm.fields.converters import LabelConverter

register_converter(LabelConverter, "sealed_label")

app_name = "fields"

urlpatterns = [
    path("reveal/<sealed_label:label>/<ref:reference>/", views.reveal, name="reveal"),
]
