"""Pages about files of transactions: upload, columns, check, loading, what was wrong."""

import csv
import io
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from openpyxl import Workbook

from crm.access.errors import DomainError
from crm.access.gate import gated
from crm.access.services import actor_of, get_visible, may
from crm.lists import sheets
from crm.lists.positions import position
from crm.lists.views import render_list
from crm.log import services as log
from transactions.choices import ImportMode, ImportState
from transactions.forms import ColumnsForm, ReleaseForm, UploadForm
from transactions.models import FileImport
from transactions.services import imports, tables, uploads
from transactions.services.rows import concealed, number_text
from transactions.services.words import FIELDS
from transactions.validators import REASONS, reason_text
from transactions.views.lists import ImportList, import_level

VIEW, ADD = "transactions.view_fileimport", "transactions.add_fileimport"
SHOWN = 50
PREVIEW = 8
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@gated(VIEW)
def import_list(request: HttpRequest) -> HttpResponse:
    """List the uploaded files in reach."""
    return render_list(request, ImportList(), template="transactions/import_list.html", extra={"may_add": may(actor_of(request), ADD)})


@gated(ADD)
def import_create(request: HttpRequest) -> HttpResponse:
    """Upload a file."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            row = imports.take_in(
                actor=actor_of(request),
                source=form.cleaned_data["source"],
                file_name=upload.name,
                pieces=upload.chunks(),
                mapping=form.cleaned_data["mapping"],
            )
        except DomainError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            return redirect("transactions:import_columns", reference=row.reference)
    return render(request, "transactions/import_form.html", {"form": form})


@gated(ADD)
def import_columns(request: HttpRequest, reference: str) -> HttpResponse:
    """Say which heading means what, then have the file checked."""
    row = _row(request, reference, ADD)
    if row.state not in imports.EDITABLE or row.removed_at:
        return redirect("transactions:import", reference=reference)
    table = tables.read(uploads.load(row.stored_as), limit=PREVIEW)
    form = ColumnsForm(request.POST or None, row=row, heading=table.heading)
    if request.method == "POST" and form.is_valid():
        try:
            imports.check(
                actor=actor_of(request),
                row=row,
                columns=form.columns(),
                defaults=form.defaults(),
                save_as=form.cleaned_data["save_as"],
            )
        except DomainError as refusal:
            form.add_error("save_as" if refusal.field == "save_as" else None, str(refusal))
        else:
            return redirect("transactions:import", reference=reference)
    context = {"form": form, "row": row, "table": table, "preview": _preview(table, row)}
    return render(request, "transactions/import_columns.html", context)


def _preview(table: tables.Table, row: FileImport) -> list[list[dict[str, Any]]]:
    """The first rows; of account numbers the last four, like everywhere, also in columns that nobody has told us of yet."""
    hidden = {row.columns.get(name) for name in ("account", "counterparty_account")}
    shown = []
    for _number, cells in table.rows:
        texts = [number_text(cell) if isinstance(cell, float) else str(cell) for cell in cells]
        shown.append(
            [
                {"text": f"…{text[-4:]}" if heading in hidden and text else concealed(text), "label": heading}
                for heading, text in zip(table.heading, texts, strict=False)
            ]
        )
    return shown


@gated(VIEW)
def import_detail(request: HttpRequest, reference: str) -> HttpResponse:
    """Show a file: what it holds, what was or would be loaded, what is wrong with it."""
    row = _row(request, reference, VIEW)
    mode = ImportMode.SKIP_BAD_ROWS if row.rows_bad else row.mode  # all or nothing is known to be nothing when a row is bad
    context = {**_state(request, row), "here": position(request), "form": ReleaseForm(initial={"mode": mode})}
    return render(request, "transactions/import.html", context)


@gated(VIEW, polling=True)
def import_progress(request: HttpRequest, reference: str) -> HttpResponse:
    """Show the part of the file's page that asks for itself while a worker is on it."""
    row = _row(request, reference, VIEW)
    context = _state(request, row)
    answer = render(request, "transactions/_import.html", context)
    if not context["working"]:
        # Buttons and figures around the panel have changed with the state.
        answer["HX-Refresh"] = "true"
    return answer


def _state(request: HttpRequest, row: FileImport) -> dict[str, Any]:
    may_add = may(actor_of(request), ADD, row)
    working = row.job is not None and row.job.is_open
    errors = list(row.row_errors.order_by("row", "id")[:SHOWN])
    return {
        "row": row,
        "level": import_level(row),
        "working": working,
        "errors": [{"row": e.row, "column": e.column, "reason": _reason(e)} for e in errors],
        "columns": [(FIELDS[name], heading) for name, heading in row.columns.items() if name in FIELDS],
        "may_edit": may_add and not working and row.state in imports.EDITABLE and not row.removed_at,
        "may_release": may_add and not working and row.state in imports.RELEASABLE and not row.removed_at,
        "may_reject": may_add and not working and row.state in (*imports.EDITABLE, ImportState.FAILED),
    }


def _reason(error: Any) -> str:
    return str(reason_text(error.reason_code, error.params)) if error.reason_code in REASONS else error.reason_code


@gated(ADD)
@require_POST
def import_release(request: HttpRequest, reference: str) -> HttpResponse:
    """Have a checked file loaded."""
    row = _row(request, reference, ADD)
    form = ReleaseForm(request.POST)
    if form.is_valid():
        imports.release(actor=actor_of(request), row=row, mode=form.cleaned_data["mode"])
        messages.info(request, _("The file is being loaded. You may leave this page."))
    return redirect("transactions:import", reference=reference)


@gated(ADD)
@require_POST
def import_reject(request: HttpRequest, reference: str) -> HttpResponse:
    """Give a file up before it is loaded."""
    imports.reject(actor=actor_of(request), row=_row(request, reference, ADD))
    messages.info(request, _("The file is given up; nothing of it is loaded."))
    return redirect("transactions:import", reference=reference)


@gated(VIEW)
def import_errors(request: HttpRequest, reference: str, kind: str) -> HttpResponse:
    """Download what is wrong: row, column, reason, as CSV or Excel."""
    actor = actor_of(request)
    row = _row(request, reference, VIEW)
    heads = [_("Row"), _("Column"), _("Reason")]
    lines = [[e.row, e.column, _reason(e)] for e in row.row_errors.order_by("row", "id")]
    with transaction.atomic():
        log.record(actor=actor, action="file_import.errors_read", target=row, data={"rows": len(lines), "as": kind})
    if kind == "csv":
        answer = HttpResponse(_csv([heads, *lines]), content_type="text/csv; charset=utf-8")
    else:
        book = Workbook(write_only=True)
        sheets.add_sheet(book, _("Bad rows"), actor=actor, conditions=str(row), heads=heads, rows=lines)
        answer = HttpResponse(sheets.to_bytes(book), content_type=EXCEL)
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(f'{row.reference}-errors.{kind}')}"
    answer["Cache-Control"] = "no-store"
    return answer


def _csv(lines: list[list[Any]]) -> bytes:
    """The lines for a spreadsheet: with a mark that says UTF-8, and no cell that it would take for a formula."""
    out = io.StringIO(newline="")
    csv.writer(out).writerows([[harmless(cell) for cell in line] for line in lines])
    return out.getvalue().encode("utf-8-sig")


def harmless(cell: Any) -> Any:
    """Return the cell, text that a spreadsheet would compute marked as text."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _row(request: HttpRequest, reference: str, permission: str) -> FileImport:
    rows = FileImport.objects.select_related("source", "uploaded_by", "job", "mapping")
    return get_visible(rows, actor_of(request), permission, reference=reference)
