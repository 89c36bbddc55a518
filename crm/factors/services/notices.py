"""Every change of somebody's second factors is told to that person, by page and mail."""

from django.utils.translation import gettext_noop

from crm.access.references import new_reference
from crm.notify.services import notify
from crm.staff.models import User

SUBJECTS = {
    "added": gettext_noop("A second factor was added to the account %(number)s"),
    "removed": gettext_noop("A second factor of the account %(number)s was removed"),
    "renamed": gettext_noop("A second factor of the account %(number)s was renamed"),
    "recovery": gettext_noop("New recovery codes of the account %(number)s were made; the old ones open nothing"),
    "used": gettext_noop("A recovery code of the account %(number)s was used; %(left)s are left"),
    "reset": gettext_noop("The second factors of the account %(number)s were removed"),
    "assigned": gettext_noop("A hardware token was assigned to the account %(number)s"),
    "resynchronised": gettext_noop("The hardware token of the account %(number)s was brought into step again"),
}
BODY = gettext_noop("Whoever did not expect this tells a security officer, who switches the account off.")


def tell(person: User, what: str, **params: object) -> None:
    """Tell the person, inside the transaction of the change."""
    notify(
        recipients=[person],
        kind="factors.changed",
        subject=SUBJECTS[what],
        body=BODY,
        params={"number": person.number, **params},
        url_name="factors:own",
        key=f"factors:{what}:{person.pk}:{new_reference('N', 12)}",
    )
