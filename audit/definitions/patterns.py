"""Patterns that raise an alarm, as data: which lines, by whom they are gathered, what is counted, from how many on, within how long.

A threshold or window can be changed at run time (`audit.PatternSetting`, asked by one officer and decided by another), never switched off
and never beyond ``HIGHEST`` times what stands here. The figures are ours: ten times what one person does on a busy day in the demo bank.
"""

from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from audit.choices import PATTERN_LABELS

Measure = Literal["lines", "distinct", "sum", "travel"]
HIGHEST = 10


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """Lines ``where`` something happened, gathered by ``subject``; ``thing`` is what is counted apart or summed (SQL over ``e``)."""

    code: str
    label: str | Promise
    told: str | Promise
    where: str
    subject: str = "e.actor_number"
    thing: str = "''"
    measure: Measure = "lines"
    threshold: int
    window: int
    unit: str | Promise
    person: bool = True
    off_hours: bool = False


STAFF = "e.actor_kind = 'staff' AND e.result = 'done'"
DAY = 86_400
PAGE = 50  # lines of a list's page, unless another size was asked for

PATTERNS: dict[str, Pattern] = {
    pattern.code: pattern
    for pattern in (
        Pattern(
            code="spraying",
            label=PATTERN_LABELS["spraying"],
            told=_("One address tried passwords on many employee numbers."),
            where="e.action IN ('staff.sign_in_failed', 'staff.sign_in_locked')",
            subject="e.address",
            thing="coalesce(e.data->>'name_mark', e.target_ref)",
            measure="distinct",
            threshold=5,
            window=600,
            unit=_("numbers"),
            person=False,
        ),
        Pattern(
            code="spraying_wide",
            label=PATTERN_LABELS["spraying_wide"],
            told=_("The same password, or addresses of one network, tried many employee numbers."),
            where="e.action = 'staff.spraying_suspected'",
            subject="coalesce(e.data->>'by', '') || ' ' || coalesce(e.data->>'key', '')",
            threshold=1,
            window=900,
            unit=_("findings"),
            person=False,
        ),
        Pattern(
            code="travel",
            label=PATTERN_LABELS["travel"],
            told=_("One person signed in from two places between which nobody travels in that time."),
            where=f"e.action = 'staff.signed_in' AND {STAFF}",
            thing="e.address",
            measure="travel",
            threshold=900,
            window=43_200,
            unit=_("km/h"),
        ),
        Pattern(
            code="mass_viewing",
            label=PATTERN_LABELS["mass_viewing"],
            told=_("One person looked at very many customers."),
            where=f"e.customer <> '' AND e.action LIKE '%%viewed' AND {STAFF}",
            thing="e.customer",
            measure="distinct",
            threshold=100,
            window=600,
            unit=pgettext_lazy("so many", "customers"),
        ),
        Pattern(
            code="list_paging",
            label=PATTERN_LABELS["list_paging"],
            told=_("One person read very many lines of lists that name customers."),
            where=f"e.action = 'list.viewed' AND e.data->>'list' ~ '^(customers|products|transactions|risk)[.]' AND {STAFF}",
            thing=f"coalesce((substring(e.data->'asked'->>'size' FROM '^[0-9]{{1,4}}$'))::bigint, {PAGE})",
            measure="sum",
            threshold=150 * PAGE,
            window=600,
            unit=pgettext_lazy("so many", "rows"),
        ),
        Pattern(
            code="search_burst",
            label=PATTERN_LABELS["search_burst"],
            told=_("One person searched very often."),
            where=f"e.action = 'search.made' AND {STAFF}",
            threshold=200,
            window=600,
            unit=_("searches"),
        ),
        Pattern(
            code="bulk_export",
            label=PATTERN_LABELS["bulk_export"],
            told=_("One person exported very many rows."),
            where=f"e.action = 'export.made' AND {STAFF}",
            thing="coalesce((substring(e.data->>'rows' FROM '^[0-9]{1,9}$'))::bigint, 0)",
            measure="sum",
            threshold=10_000,
            window=3_600,
            unit=pgettext_lazy("so many", "rows"),
        ),
        Pattern(
            code="mass_download",
            label=PATTERN_LABELS["mass_download"],
            told=_("One person downloaded very many files."),
            where=(f"e.action IN ('job.downloaded', 'export.downloaded') AND e.origin <> 'task' AND {STAFF}"),
            threshold=20,
            window=600,
            unit=_("files"),
        ),
        Pattern(
            code="export_burst",
            label=PATTERN_LABELS["export_burst"],
            told=_("One person asked for exports in quick succession."),
            where=f"e.action = 'export.asked' AND {STAFF}",
            threshold=5,
            window=300,
            unit=_("exports"),
        ),
        Pattern(
            code="reveal_burst",
            label=PATTERN_LABELS["reveal_burst"],
            told=_("One person viewed the full values of very many hidden fields."),
            where=f"e.action = 'field.revealed' AND {STAFF}",
            threshold=20,
            window=600,
            unit=_("values"),
        ),
        Pattern(
            code="off_hours",
            label=PATTERN_LABELS["off_hours"],
            told=_("Rights, people, keys or hidden values were dealt with at night or on a day on which the bank is closed."),
            where=(
                f"{STAFF} AND (e.action IN ('field.revealed', 'export.asked', 'data_key.destroyed', 'log.exported') "
                "OR e.action LIKE 'staff.role%%' OR e.action LIKE 'staff.person\\_%%' OR e.action = 'staff.token_issued' "
                "OR (e.action LIKE 'approval.%%' AND e.approver <> ''))"
            ),
            threshold=3,
            window=3_600,
            unit=_("acts"),
            off_hours=True,
        ),
        Pattern(
            code="relay_stopped",
            label=PATTERN_LABELS["relay_stopped"],
            told=_("Nothing is written down outside the database any more: newest lines could be removed unseen."),
            where="e.action = 'task.failed' AND e.data->>'task' = 'audit.anchor_log'",
            subject="'audit.anchor_log'",
            threshold=1,
            window=3_600,
            unit=_("failures"),
            person=False,
        ),
        Pattern(
            code="tampering",
            label=PATTERN_LABELS["tampering"],
            told=_("A verification found that the audit log is not what was written."),
            where="e.action = 'log.tampering_found'",
            subject="'log'",
            threshold=1,
            window=3_600,
            unit=_("findings"),
            person=False,
        ),
    )
}

# The bank's day at which privileged work is expected (in the bank's zone, on business days).
WORK_BEGINS, WORK_ENDS = 7, 21
