"""One engine for every list: filter, search, sort, columns, keyset paging, counts, saved views, next/previous, Excel.

A list in an app::

    from crm.lists.columns import Column
    from crm.lists.definitions import ListDefinition
    from crm.lists.filters import Choice, DateRange, Flag, NumberRange, Preset, Related, Text

    class AlertList(ListDefinition):
        name = "risk.alert"                               # unique; part of tokens and saved views
        title = _("Alert queue")
        permission = "risk.view_alert"                    # asserted by render_list and export_xlsx
        export_permission = "risk.export_alert"           # "" = no Excel button
        columns = (
            Column("priority", _("Priority"), kind="badge", sort="priority", level=lambda row: row.level),
            Column("customer", _("Customer"), value="customer.name", sort="customer__name_pinyin", head=True),
            Column("amount", _("Amount at risk"), kind="money", sort="amount"),
            Column("due_at", _("Time limit"), kind="due", sort="due_at"),
            Column("closed_at", _("Closed"), kind="moment", sort="closed_at", shown=False),   # offered in the column choice
        )
        filters = (
            Choice("state", _("State"), AlertState.choices, multiple=True),
            Related("branch", _("Branch"), lambda actor: Branch.objects.visible_to(actor.user), field="branch", to_field="code"),
            DateRange("raised", _("Raised"), field="raised_at"),            # ?raised_from=2026-11-01&raised_to=2026-11-30, bank's days
            NumberRange("amount", _("Amount"), field="amount"),            # ?amount_min=&amount_max=
            Flag("mine", _("Mine"), lambda rows, actor: rows.filter(assignee=actor.user)),
        )
        presets = (Preset(_("Mine and unclaimed"), {"mine": "on"}), Preset(_("High"), {"state": "open"}))
        search = ("reference", "customer__name", "customer__name_pinyin")  # ?q=, each word in any; or override find(rows, query)
        default_sort = ("-priority", "due_at")                             # column names or field paths

        def queryset(self, actor):                                         # scoped; select_related for columns and sort paths
            return Alert.objects.visible_to(actor.user).select_related("customer", "rule")

        def row_url(self, row):
            return reverse("risk:alert", args=[row.reference])

    @gated("risk.view_alert")
    def alert_list(request):
        return render_list(request, AlertList(), extra={"open": ...})      # template="lists/page.html" unless you extend it

The detail page shows its place in the list: `here = position(request)` (`crm.lists.positions`) and `{% position here %}` in `head`.

*Template.* `lists/page.html` extends `base.html`; extend it and fill the blocks `list_head` (badges, acts), `list_above`, `list_beside`
(a panel at the right of the list). A cell of your own: `Column(..., template="risk/_rule_cell.html")` gets `row`, `value`.
A list inside another page: `{% include "lists/_list.html" %}` with `extra={...}` and your own template; one list a page.

Ticked rows: `pick_form = "assign"` puts a box before each row that belongs to your `<form id="assign">` and sends `pick=<reference>`.

*Parameters.* Every query parameter goes through one declared form; an unknown or bad one answers 400 with a sentence. Names that
your view reads itself stand in `extra_parameters`. Links to a filtered list: `AlertList().url("risk:alert_list", state="open")`.

*Promises, tested by `crm.lists.testing.check_list`:* the same number of queries for one row as for three; each row once, in order,
whichever way one pages; nothing out of the reader's scope; bad parameters never a 500.

*Paging* is by keyset: the place is the last row's sort values, sealed in the `at` parameter, so it stays right while rows come and
go. Counts are exact up to 10,000, then the planner's estimate, written as "about".
"""
