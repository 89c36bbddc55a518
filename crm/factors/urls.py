"""The addresses of this app."""

from django.urls import path

from crm.factors.views import own, people, sign_in, step_up, tokens

app_name = "factors"
urlpatterns = [
    path("sign-in/code/", sign_in.code, name="code"),
    path("sign-in/set-up/", sign_in.enrol, name="enrol"),
    path("sign-in/set-up/picture.svg", sign_in.enrol_picture, name="enrol_picture"),
    path("factors/", own.own, name="own"),
    path("factors/app/", own.add_app, name="add_app"),
    path("factors/app/picture.svg", own.add_picture, name="add_picture"),
    path("factors/passkey/", own.add_a_passkey, name="add_passkey"),
    path("factors/recovery/", own.recovery, name="recovery"),
    path("factors/tokens/", tokens.tokens, name="tokens"),
    path("factors/<ref:reference>/name/", own.rename, name="rename"),
    path("factors/<ref:reference>/remove/", own.remove, name="remove"),
    path("staff/<ref:reference>/factors/", people.person, name="person"),
    path("step-up/", step_up.step_up, name="step_up"),
]
