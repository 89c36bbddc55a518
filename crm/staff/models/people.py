"""The people of the bank."""

import unicodedata
from typing import Any, ClassVar, Self

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.reach import Reach
from crm.access.references import ReferenceField
from crm.access.scopes import ScopedQuerySet
from crm.fields.history import tracked_change
from crm.staff.choices import Theme
from crm.staff.models.roles import Role, RolePermission

employee_number = RegexValidator(r"\A[0-9A-Za-z]{3,20}\Z", _("Use 3 to 20 digits or letters."))


def normal_number(number: str) -> str:
    """Return an employee number as it is stored: full-width digits and spaces from input methods are no obstacle."""
    return unicodedata.normalize("NFKC", number).strip()


class UserQuerySet(ScopedQuerySet["User"]):
    """Questions about people."""

    def scope(self, user: Any, reach: Reach) -> Self:
        """Return the person, or with branch reach everybody in the tree of branches below."""
        if reach == Reach.BRANCH and getattr(user, "branch_id", None) is not None:
            return self.filter(branch__path__startswith=user.branch.path)
        return self.filter(pk=user.pk) if isinstance(user, User) else self.none()

    def visible_to(self, user: Any, permission: str | None = None) -> Self:
        """Return the people within reach. Sign-ins of customers are no people of the bank: nobody meets them in a list of staff."""
        return super().visible_to(user, permission).exclude(assignments__role__code="customer")

    def usable(self) -> Self:
        """Return those who may sign in today."""
        return self.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=timezone.now()), is_active=True)


class UserManager(BaseUserManager["User"]):
    """Makes people. There is no superuser here, and no default account."""

    def get_queryset(self) -> UserQuerySet:
        """Return everybody."""
        return UserQuerySet(self.model, using=self._db)

    def visible_to(self, user: Any, permission: str | None = None) -> UserQuerySet:
        """Return the people whom ``user`` may see."""
        return self.get_queryset().visible_to(user, permission)

    def usable(self) -> UserQuerySet:
        """Return those who may sign in today."""
        return self.get_queryset().usable()

    def locked(self) -> UserQuerySet:
        """Return the rows to be held until the end of the transaction."""
        return self.get_queryset().locked()

    def get_by_natural_key(self, username: str | None) -> "User":
        """Return the person with this employee number, however it was typed."""
        person: User = self.get(number__iexact=normal_number(username or ""))
        return person

    def create_user(self, number: str, name: str, password: str | None = None, **extra: Any) -> "User":
        """Return a new person without rights; without a password, one who needs a one-time token."""
        user: User = self.model(number=normal_number(number), name=name, **extra)
        user.set_password(password)
        user.password_changed_at = timezone.now() if password else None
        user.save(using=self._db)
        return user


# Passwords and sign-ins have no versions: only what decides whether and where a person could act at a former moment.
@tracked_change("is_active", "UserFormer", "valid_until", "branch")
class User(AbstractBaseUser, PermissionsMixin):
    """Somebody who works for the bank, signing in by employee number."""

    number = models.CharField(_("employee number"), max_length=20, unique=True, validators=[employee_number])
    reference = ReferenceField(prefix="U")
    name = models.CharField(_("name"), max_length=80)
    name_pinyin = models.CharField(max_length=160, blank=True, editable=False)
    title = models.CharField(_("title"), max_length=80, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    mobile = models.CharField(_("mobile number"), max_length=20, blank=True)
    branch = models.ForeignKey("staff.Branch", models.PROTECT, null=True, blank=True, related_name="people", verbose_name=_("branch"))
    language = models.CharField(_("language"), max_length=10, blank=True)
    theme = models.CharField(_("theme"), max_length=6, choices=Theme, default=Theme.SYSTEM)
    is_active = models.BooleanField(_("active"), default=True)
    on_duty = models.BooleanField(_("on duty"), default=True)
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    active_since = models.DateTimeField(_("switched on at"), null=True, blank=True, editable=False)
    password_changed_at = models.DateTimeField(_("password changed at"), null=True, blank=True, editable=False)
    roles = models.ManyToManyField(
        Role,
        through="staff.RoleAssignment",
        through_fields=("user", "role"),
        related_name="people",
        verbose_name=_("roles"),
    )

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "number"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        ordering = ["number"]
        constraints = [
            models.CheckConstraint(condition=Q(is_superuser=False), name="no_superuser"),
            models.UniqueConstraint(Lower("number"), name="number_unique_whatever_the_case"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.name}"

    @property
    def is_usable(self) -> bool:
        """Return whether this person may sign in and act now."""
        return self.is_active and (self.valid_until is None or self.valid_until > timezone.now())

    @property
    def is_staff(self) -> bool:
        """Return whether the read-only admin opens; Django's admin asks for this name."""
        return bool(self.reach("audit.open_admin"))

    @property
    def is_enrolled(self) -> bool:
        """Return whether a password has been set with the one-time token."""
        return self.has_usable_password()

    def _live_assignments(self) -> "models.QuerySet[Any]":
        return self.assignments.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=timezone.now()))

    def role_codes(self) -> list[str]:
        """Return the codes of the roles held now, sorted; read once per loaded row."""
        if not hasattr(self, "_role_codes"):
            self._role_codes = sorted(self._live_assignments().values_list("role__code", flat=True))
        return self._role_codes

    def permissions(self) -> dict[str, Reach]:
        """Return every permission held with its widest reach; read once per loaded row, so once per request."""
        if not hasattr(self, "_permissions"):
            rows = RolePermission.objects.filter(role__in=self._live_assignments().values("role_id"))
            self._permissions = widest(rows.values_list("permission", "reach")) if self.is_usable else {}
        return self._permissions

    def reach(self, permission: str) -> Reach:
        """Return how far the permission carries for this person."""
        return self.permissions().get(permission, Reach.NONE)

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        """Read the row again, its rights included."""
        self.__dict__.pop("_permissions", None)
        self.__dict__.pop("_role_codes", None)
        super().refresh_from_db(*args, **kwargs)


def widest(rows: Any) -> dict[str, Reach]:
    """Return permission → widest reach from pairs; permissions that reach nothing are left out."""
    held: dict[str, Reach] = {}
    for permission, value in rows:
        reach = Reach(value)
        if reach > held.get(permission, Reach.NONE):
            held[permission] = reach
    return held
