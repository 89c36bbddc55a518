"""What makes an identity document valid for a customer type."""

from datetime import date

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from crm.calendar.services import today
from crm.fields.validators import identity_conflicts, validate_id_number, validate_uscc
from customers.choices import CustomerKind, IdType


def identity_errors(*, kind: str, id_type: str, id_number: str, birth_date: date | None, gender: str) -> dict[str, list[ValidationError]]:
    """Return what is wrong with an identity, by field name; empty when everything fits (R020)."""
    errors: dict[str, list[ValidationError]] = {}
    if (kind == CustomerKind.ORGANISATION) != (id_type == IdType.CREDIT_CODE):
        errors["id_type"] = [ValidationError(_("Organisations have a unified social credit code, persons another document."))]
        return errors
    try:
        if id_type == IdType.CREDIT_CODE:
            validate_uscc(id_number)
        elif id_type in (IdType.RESIDENT_CARD, IdType.HOUSEHOLD_REGISTER):
            validate_id_number(id_number)
        elif len(id_number) < 6:
            raise ValidationError(_("The document number is too short."))
    except ValidationError as wrong:
        errors["id_number"] = [wrong]
        return errors
    if id_type in (IdType.RESIDENT_CARD, IdType.HOUSEHOLD_REGISTER):
        for conflict in identity_conflicts(id_number, birth_date=birth_date, sex=gender):
            errors.setdefault("birth_date" if conflict.code == "birth_date" else "gender", []).append(conflict)
    if kind == CustomerKind.PERSON and birth_date is not None and birth_date > today():
        errors.setdefault("birth_date", []).append(ValidationError(_("The date of birth is in the future.")))
    return errors
