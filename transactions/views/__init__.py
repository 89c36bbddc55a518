"""Pages."""

from transactions.views.api_docs import api_page, api_schema
from transactions.views.files import (
    import_columns,
    import_create,
    import_detail,
    import_errors,
    import_list,
    import_progress,
    import_reject,
    import_release,
)
from transactions.views.ledger import (
    transaction_act,
    transaction_create,
    transaction_detail,
    transaction_list,
    transaction_status,
)

__all__ = [
    "api_page",
    "api_schema",
    "import_columns",
    "import_create",
    "import_detail",
    "import_errors",
    "import_list",
    "import_progress",
    "import_reject",
    "import_release",
    "transaction_act",
    "transaction_create",
    "transaction_detail",
    "transaction_list",
    "transaction_status",
]
