"""Path converters of the reveal page."""


class LabelConverter:
    """The label of a sealed field, ``app.model.field``, in ASCII."""

    regex = r"[a-z_]+\.[a-z_]+\.[a-z0-9_]+"

    def to_python(self, value: str) -> str:
        """The text as it is."""
        return value

    def to_url(self, value: str) -> str:
        """The text as it is."""
        return value
