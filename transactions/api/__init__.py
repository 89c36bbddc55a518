"""The doors for other systems: transactions, their status, and decisions that cannot wait.

Input is read strictly: amounts and times are text in ASCII, one meaning each; unknown fields, numbers where text belongs and
characters that look alike are refused with 400 and the reason.
"""

from django.urls import path

from transactions.api.views import Decisions, TransactionDetail, TransactionList, TransactionStatus

app_name = "transactions-api"

urlpatterns = [
    path("transactions/", TransactionList.as_view(), name="transaction_list"),
    path("transactions/<ref:reference>/", TransactionDetail.as_view(), name="transaction"),
    path("transactions/<ref:reference>/status/", TransactionStatus.as_view(), name="transaction_status"),
    path("decisions/", Decisions.as_view(), name="decisions"),
]
