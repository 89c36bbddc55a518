"""The addresses of this app."""

from django.urls import path

from crm.staff.api.token import Token
from crm.staff.views import branches, clients, home, own, people, roles, sign_in

app_name = "staff"
urlpatterns = [
    path("", home.home, name="home"),
    path("sign-in/", sign_in.sign_in, name="sign_in"),
    path("sign-in/next/", sign_in.half, name="half"),
    path("sign-in/token/", sign_in.redeem, name="redeem"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    path("language/", sign_in.language, name="language"),
    path("theme/", sign_in.theme, name="theme"),
    path("sessions/", own.sessions, name="sessions"),
    path("sessions/end-others/", own.sessions_end_others, name="sessions_end_others"),
    path("sessions/<ref:reference>/end/", own.session_end, name="session_end"),
    path("password/", own.password, name="password"),
    path("staff/", people.user_list, name="user_list"),
    path("staff/new/", people.user_add, name="user_add"),
    path("staff/<ref:reference>/", people.user, name="user"),
    path("staff/<ref:reference>/leave/", people.user_leave, name="user_leave"),
    path("staff/<ref:reference>/release/", people.user_release, name="user_release"),
    path("staff/<ref:reference>/roles/", people.user_roles, name="user_roles"),
    path("staff/<ref:reference>/active/", people.user_active, name="user_active"),
    path("staff/<ref:reference>/token/", people.user_token, name="user_token"),
    path("branches/", branches.branch_list, name="branch_list"),
    path("branches/new/", branches.branch_add, name="branch_add"),
    path("partners/", clients.client_list, name="client_list"),
    path("partners/<slug:code>/", clients.client, name="client"),
    path("partners/<slug:code>/terms/", clients.client_terms, name="client_terms"),
    path("partners/<slug:code>/secret/", clients.client_secret, name="client_secret"),
    path("partners/<slug:code>/end/", clients.client_end, name="client_end"),
    path("partners/<slug:code>/off/", clients.client_off, name="client_off"),
    path("api/v1/token/", Token.as_view(), name="token"),
    path("roles/", roles.role_list, name="role_list"),
    path("roles/new/", roles.role_add, name="role_add"),
    path("roles/<slug:code>/", roles.role, name="role"),
]
