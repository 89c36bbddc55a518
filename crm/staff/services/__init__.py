"""Verbs about our people."""

from crm.staff.services.duty import people_on_duty

__all__ = ["people_on_duty"]
