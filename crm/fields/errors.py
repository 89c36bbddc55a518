"""What can go wrong with a sealed value, in words."""

from django.utils.translation import gettext as _


class SealBroken(Exception):
    """A stored value cannot be opened; the message says why."""

    def __init__(self, message: str, *, label: str = "") -> None:
        super().__init__(message)
        self.label = label

    @classmethod
    def not_its_own(cls, label: str) -> "SealBroken":
        """The ciphertext is not the one that was sealed for this record and field."""
        return cls(
            _("The seal of %(label)s does not fit this record: the stored value was changed, or moved here from another record or field.")
            % {"label": label},
            label=label,
        )

    @classmethod
    def unknown_layout(cls, label: str) -> "SealBroken":
        """The bytes do not have a layout that this version knows."""
        return cls(_("The stored value of %(label)s has an unknown layout.") % {"label": label}, label=label)


class KeyDestroyed(SealBroken):
    """The data key was destroyed on purpose: the value is erased."""

    @classmethod
    def of(cls, label: str) -> "KeyDestroyed":
        """The record's data key no longer exists."""
        return cls(
            _("The value of %(label)s was erased: its data key has been destroyed.") % {"label": label},
            label=label,
        )


class KeysUnusable(Exception):
    """The key file is missing, readable by others, or lacks a version."""
