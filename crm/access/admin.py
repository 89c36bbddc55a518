"""The auditors' admin: every table of the product to be read, masked, each look written in the log; nothing to be changed.

An app shows a model there in its own `admin.py`::

    from crm.access.admin import ReadOnlyAdmin, auditor_site

    @admin.register(Freeze, site=auditor_site)
    class FreezeAdmin(ReadOnlyAdmin):
        list_display = ("reference", "kind", "status", "placed_at")
        list_filter = ("kind", "status")
        search_fields = ("=reference",)                 # never a sealed column
        fields = ("reference", "kind", "status", "authority", "placed_at", "lifted_at")

* Who sees it: holders of `audit.open_admin` *and* of `<app>.view_<model>`; rows by `visible_to`.
* Rows are addressed by `reference_field` ("reference" unless said otherwise), never by their integer key.
* `fields` is explicit. Sealed values show their mask by themselves; for a name or another C2 value that is not sealed write a method that
  masks it. Columns of bytes (indexes, wrapped keys) are refused.
* Actions, adding, changing, deleting, inlines and Django's own history do not exist here. Signing in is the product's own.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.core.paginator import Paginator
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path, re_path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from crm.access.actor import Actor
from crm.access.errors import NotVisible, Refused
from crm.access.gate import gated
from crm.access.scopes import ScopedQuerySet
from crm.access.services import actor_of, require
from crm.log import services as log
from crm.log.masking import hide_numbers

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[models.Model]
    _Paginator = Paginator[Any]
else:
    _ModelAdmin = admin.ModelAdmin
    _Paginator = Paginator

PERMISSION = "audit.open_admin"
# Captions of Django's own templates that its Chinese lacks; marked here, they are in our catalogue, which is asked first.
CAPTIONS = (gettext_noop("Model name"), gettext_noop("Add link"), gettext_noop("Change or view list link"), gettext_noop("Error:"))
# A public reference, a UUID, a branch code or an employee number. Rows' pages are not named "…_change": Django would make links
# with integer keys out of that name.
_REFERENCE = r"(?P<object_id>[A-Za-z0-9][A-Za-z0-9_.-]{2,63})"


class CappedPaginator(_Paginator):
    """Pages over at most the first 10,000 rows: a table of millions is searched, not leafed through."""

    most = 10_000

    @cached_property
    def count(self) -> int:
        """The number of rows, or 10,000 when there are more."""
        rows = self.object_list
        return int(rows.order_by()[: self.most].count()) if isinstance(rows, models.QuerySet) else len(rows)


class ReferenceList(ChangeList):
    """A list whose rows are linked by reference."""

    def url_for_result(self, result: models.Model) -> str:
        """The address of the row's page."""
        return cast(ReadOnlyAdmin, self.model_admin).url_of(result)


class AuditorSite(admin.AdminSite):
    """The admin behind the product's own sign-in and gate."""

    site_header = site_title = _("Auditor's admin")
    index_title = _("Tables")
    site_url = None
    enable_nav_sidebar = False
    final_catch_all_view = False

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        """The view behind the gate; the middleware already keeps it out of caches."""
        return gated(PERMISSION)(view)

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether the reader may open the admin at all."""
        return bool(actor_of(request).reach(PERMISSION))

    def get_urls(self) -> list[Any]:
        """Index, one page per app, the models' pages: no sign-in, password, shortcut or catch-all page."""
        urls: list[Any] = [
            path("", self.admin_view(self.index), name="index"),
            path("jsi18n/", self.admin_view(self.i18n_javascript), name="jsi18n"),
        ]
        labels = sorted({model._meta.app_label for model in self._registry})
        for model, model_admin in self._registry.items():
            prefix = f"{model._meta.app_label}/{model._meta.model_name}/"
            urls += [path(prefix + tail, view, name=name) for tail, view, name in getattr(model_admin, "pages", list)()]
            urls.append(re_path(rf"^{prefix}{_REFERENCE}/$", *_detail(self, model_admin)))
        if labels:
            urls.append(re_path(rf"^(?P<app_label>{'|'.join(labels)})/$", self.admin_view(self.app_index), name="app_list"))
        return urls


def _detail(site: AuditorSite, model_admin: Any) -> tuple[Callable[..., Any], dict[str, Any], str]:
    meta = model_admin.opts
    return site.admin_view(model_admin.change_view), {}, f"{meta.app_label}_{meta.model_name}_row"


auditor_site = AuditorSite(name="admin")


class ReadOnlyAdmin(_ModelAdmin):
    """Base of every table shown to auditors; see the module's text."""

    reference_field = "reference"
    change_form_template = "admin/auditor_form.html"
    actions = None
    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # counts over millions of rows
    list_per_page = 50
    list_max_show_all = 0
    view_on_site = False
    inlines = ()

    @property
    def view_permission(self) -> str:
        """The permission that shows this model."""
        return f"{self.opts.app_label}.view_{self.opts.model_name}"

    def pages(self) -> list[tuple[str, Callable[..., Any], str]]:
        """The pages without a row: the list only."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_changelist"
        return [("", self.admin_site.admin_view(self.changelist_view), name)]

    def url_of(self, obj: models.Model) -> str:
        """The address of a row's page."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_row"
        return reverse(name, args=[str(getattr(obj, self.reference_field))])

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Whether the address may narrow the list by this: what the page offers, nothing else.

        Django alone takes any column of the row, and through a relation any column of other tables, and so answers what a hidden value
        begins with.
        """
        offered: dict[str, Any] = {one: self.opts.get_field(one) for one in self.list_filter if isinstance(one, str)}
        own = {f"{name}__{how}" for name in offered for how in ("exact", "in", "isnull")}
        related = {f"{name}__{field.target_field.name}__exact" for name, field in offered.items() if field.is_relation}
        return lookup in {*offered, *own, *related}

    # -- who may: read, and nothing else

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether the app is listed."""
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Whether the reader holds the permission; rows out of scope were never loaded."""
        return bool(actor_of(request).reach(self.view_permission))

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Never."""
        return False

    def get_queryset(self, request: HttpRequest) -> "models.QuerySet[models.Model]":
        """The rows in the reader's scope. A model without a scope is shown to reach "all" only."""
        rows: models.QuerySet[models.Model] = self.model._default_manager.all()
        actor = actor_of(request)
        if isinstance(rows, ScopedQuerySet):
            rows = rows.visible_to(actor, self.view_permission)
        elif actor.reach(self.view_permission).value != "all":
            rows = rows.none()
        ordering = self.get_ordering(request)
        return rows.order_by(*ordering) if ordering else rows

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The row with this reference, or None."""
        try:
            return self.get_queryset(request).filter(**{self.reference_field: object_id}).first()
        except (ValidationError, ValueError):  # not even the shape of a reference
            return None

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list that links by reference."""
        return ReferenceList

    def get_list_display(self, request: HttpRequest) -> Any:
        """The columns the app named, moments and amounts as every page shows them."""
        return [self._as_on_pages(name) for name in self.list_display]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The fields the app named, moments and amounts as every page shows them; bytes are never shown."""
        if not self.fields:
            raise TypeError(f"{type(self).__name__} must name its fields")
        return [self._as_on_pages(name) for name in self.fields]

    def _as_on_pages(self, name: Any) -> Any:
        """A column that shows a moment or an amount as every page does; other names as they are."""
        try:
            column = self.opts.get_field(name)
        except FieldDoesNotExist:
            return name
        if not isinstance(column, models.DateTimeField | models.DecimalField):
            return name
        if name not in self._clocks:

            @admin.display(description=column.verbose_name, ordering=name)
            def shown(obj: models.Model) -> str:
                return _written(getattr(obj, name))

            self._clocks[name] = shown
        return self._clocks[name]

    @cached_property
    def _clocks(self) -> dict[str, Callable[[models.Model], str]]:
        # Kept, because Django compares the fields with the read-only fields by identity.
        return {}

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """All of them."""
        return self.get_fields(request, obj)

    # -- each look is a line

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, after the look was written down."""
        actor = self._enter(request)
        asked = {name: hide_numbers(str(value)) for name, value in request.GET.items()}
        with transaction.atomic():
            log.record(actor=actor, action="admin.listed", data={"table": self.opts.label_lower, "asked": asked})
        return super().changelist_view(request, {**(extra_context or {}), "title": self.opts.verbose_name_plural})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The row's page, after the look was written down."""
        actor = self._enter(request)
        obj = self.get_object(request, object_id)
        if obj is None:
            raise NotVisible(self.view_permission, detail=f"{self.opts.label_lower} {object_id}")
        with transaction.atomic():
            log.record(actor=actor, action="admin.viewed", target=obj)
        shown = {
            "title": self.opts.verbose_name,
            "subtitle": str(getattr(obj, self.reference_field)),
            "list_url": reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist"),
        }
        return super().change_view(request, object_id, form_url, {**shown, **(extra_context or {})})

    def _enter(self, request: HttpRequest) -> Actor:
        actor = actor_of(request)
        require(actor, self.view_permission)
        if request.method not in ("GET", "HEAD"):
            raise Refused(self.view_permission, detail=f"{request.method} in the read-only admin")
        return replace(actor, origin="admin")


def _written(value: datetime | Decimal | None) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value.astimezone(ZoneInfo(settings.BANK_ZONE)):%Y-%m-%d %H:%M:%S}"
    whole, _point, digits = f"{value:,f}".partition(".")  # the column keeps 18 digits, a reader wants those that say something
    return f"{whole}.{digits.rstrip('0').ljust(2, '0')}"
