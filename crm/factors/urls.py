"""The addresses of this app."""

from django.urls import path

from crm.factors.views import sign_in, step_up

app_name = "factors"
urlpatterns = [
    path("sign-in/code/", sign_in.code, name="code"),
    path("sign-in/set-up/", sign_in.enrol, name="enrol"),
    path("sign-in/set-up/picture.svg", sign_in.enrol_picture, name="enrol_picture"),
    path("step-up/", step_up.step_up, name="step_up"),
]
