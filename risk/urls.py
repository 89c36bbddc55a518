"""Addresses of the monitoring pages."""

from django.urls import path

from risk.views import alerts, backtests, cases, inquiries, register, rules, verdicts

app_name = "risk"

urlpatterns = [
    path("alerts/", alerts.alert_list, name="alert_list"),
    path("alerts/next/", alerts.alert_claim_next, name="alert_claim_next"),
    path("alerts/assign/", alerts.alert_assign_many, name="alert_assign_many"),
    path("alerts/<ref:reference>/", alerts.alert_detail, name="alert"),
    path("alerts/<ref:reference>/claim/", alerts.alert_claim, name="alert_claim"),
    path("alerts/<ref:reference>/return/", alerts.alert_return, name="alert_return"),
    path("alerts/<ref:reference>/note/", alerts.alert_note, name="alert_note"),
    path("alerts/<ref:reference>/dismiss/", alerts.alert_dismiss, name="alert_dismiss"),
    path("alerts/<ref:reference>/assign/", alerts.alert_assign, name="alert_assign"),
    path("alerts/<ref:reference>/snooze/", alerts.alert_snooze, name="alert_snooze"),
    path("alerts/<ref:reference>/case/", alerts.alert_open_case, name="alert_open_case"),
    path("alerts/<ref:reference>/join/", alerts.alert_join_case, name="alert_join_case"),
    path("verdicts/", verdicts.assessment_list, name="assessment_list"),
    path("verdicts/<ref:reference>/again/", verdicts.judge_again, name="judge_again"),
    path("cases/", cases.case_list, name="case_list"),
    path("cases/<ref:reference>/", cases.case_detail, name="case"),
    path("cases/<ref:reference>/note/", cases.case_note, name="case_note"),
    path("cases/<ref:reference>/step/", cases.case_step, name="case_step"),
    path("cases/<ref:reference>/ask/", cases.case_ask, name="case_ask"),
    path("cases/<ref:reference>/freeze/", cases.case_freeze, name="case_freeze"),
    path("cases/<ref:reference>/lift/", cases.case_lift, name="case_lift"),
    path("cases/<ref:reference>/close/", cases.case_close, name="case_close"),
    path("cases/<ref:reference>/report/", cases.case_report, name="case_report"),
    path("rules/", rules.rule_list, name="rule_list"),
    path("rules/<slug:code>/", rules.rule_detail, name="rule"),
    path("backtests/", backtests.backtest_list, name="backtest_list"),
    path("backtests/new/", backtests.backtest_new, name="backtest_new"),
    path("backtests/<ref:reference>/", backtests.backtest, name="backtest"),
    path("backtests/<ref:reference>/hits/", backtests.backtest_hits, name="backtest_hits"),
    path("register/", register.register_list, name="register"),
    path("register/<ref:reference>/", register.register_row, name="register_row"),
    path("register/<ref:reference>/exempt/", register.register_exempt, name="register_exempt"),
    path("register/<ref:reference>/reported/", register.register_reported, name="register_reported"),
    path("register/<ref:reference>/reopen/", register.register_reopen, name="register_reopen"),
    path("inquiries/", inquiries.inquiry_list, name="inquiry_list"),
    path("inquiries/<ref:reference>/", inquiries.inquiry_detail, name="inquiry"),
    path("inquiries/<ref:reference>/withdraw/", cases.inquiry_withdraw, name="inquiry_withdraw"),
]
