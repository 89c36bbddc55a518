"""What each role may do with transactions and their files, how far, and who may see a counterparty's account in clear."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm.fields.policy import FieldPolicy

ROLES: dict[str, dict[str, str]] = {
    "relationship-manager": {"transactions.view_transaction": "own", "transactions.add_transaction": "own"},
    "branch-manager": {
        "transactions.view_transaction": "branch",
        "transactions.release_transaction": "branch",
        "transactions.revoke_transaction": "branch",
        "transactions.view_fileimport": "branch",
    },
    "risk-officer": {
        "transactions.view_transaction": "all",
        "transactions.view_refusal": "all",
        "transactions.release_transaction": "all",
        "transactions.reveal_counterparty": "all",
    },
    "risk-supervisor": {
        "transactions.view_transaction": "all",
        "transactions.view_refusal": "all",
        "transactions.release_transaction": "all",
        "transactions.reverse_transaction": "all",
        "transactions.revoke_transaction": "all",
        "transactions.reveal_counterparty": "all",
        "transactions.export_transaction": "all",
    },
    "operations": {
        "transactions.view_transaction": "branch",
        "transactions.add_transaction": "branch",
        "transactions.reverse_transaction": "branch",
        "transactions.revoke_transaction": "branch",
        "transactions.view_fileimport": "branch",
        "transactions.add_fileimport": "branch",
        "transactions.change_columnmapping": "all",
        "transactions.view_api": "all",
    },
    "service-agent": {"transactions.view_transaction": "all"},
    "auditor": {
        "transactions.view_transaction": "all",
        "transactions.view_refusal": "all",
        "transactions.view_fileimport": "all",
    },
    "system-officer": {"transactions.view_api": "all"},
    "customer": {"transactions.view_transaction": "self"},
    "partner": {
        "transactions.view_transaction": "source",
        "transactions.add_transaction": "source",
        "transactions.change_status": "source",
        "transactions.decide_transaction": "source",
    },
    "service-system": {
        "transactions.view_transaction": "all",
        "transactions.add_transaction": "all",
        "transactions.change_status": "all",
        "transactions.follow_verdict": "all",
        "transactions.rate_transaction": "all",
        "transactions.change_fileimport": "all",
        "transactions.load_history": "all",
    },
    "service-importer": {
        "transactions.view_transaction": "all",
        "transactions.add_transaction": "all",
        "transactions.load_history": "all",
        "transactions.change_status": "all",
        "transactions.add_source": "all",
    },
    "service-feed": {
        "transactions.view_transaction": "all",
        "transactions.add_transaction": "all",
        "transactions.change_status": "all",
    },
}

POLICIES = (
    FieldPolicy(
        label="transactions.transaction.counterparty_account",
        name=_("counterparty account"),
        purpose=_("Tracing the way of money"),
        permission="transactions.reveal_counterparty",
        step_up=True,
    ),
)

# What the security officer reads in the role table.
LABELS: dict[str, Promise] = {
    "transactions.add_fileimport": _("Upload transaction files"),
    "transactions.add_source": _("Record source systems"),
    "transactions.add_transaction": _("Record transactions"),
    "transactions.change_columnmapping": _("Change column mappings"),
    "transactions.change_fileimport": _("Release transaction files"),
    "transactions.change_status": _("Report the status of transactions"),
    "transactions.decide_transaction": _("Have transactions decided at once"),
    "transactions.export_transaction": _("Export transactions"),
    "transactions.follow_verdict": _("Carry out verdicts"),
    "transactions.load_history": _("Load history"),
    "transactions.rate_transaction": _("Rate transactions again when rates arrive"),
    "transactions.release_transaction": _("Release or decline held transactions"),
    "transactions.reveal_counterparty": _("View counterparty accounts in full"),
    "transactions.reverse_transaction": _("Reverse transactions"),
    "transactions.revoke_transaction": _("Revoke transactions"),
    "transactions.view_api": _("Read the API description"),
    "transactions.view_fileimport": _("View transaction files"),
    "transactions.view_refusal": _("View reasons for refusal"),
    "transactions.view_transaction": _("View transactions"),
}
