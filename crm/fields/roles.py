"""What the roles may do with keys; who may reveal a field is said by the field's own app."""

ROLES: dict[str, dict[str, str]] = {
    "service-system": {
        "fields.rewrap_data_keys": "all",
        # Nobody destroys a key alone: the system does, when it applies what two people decided.
        "fields.destroy_data_key": "all",
    },
}
