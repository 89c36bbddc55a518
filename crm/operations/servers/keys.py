"""The keys of a demo or test home. Production brings its own file (`CRM_KEYS_FILE`, docs/deployment.md)."""

import base64
import secrets

from crm.operations.servers.homes import Home

KEYS_NAME = "keys.json"
KEY_BYTES = 32
# What each key is for: HMAC keys are never shared between purposes.
HMAC_KEYS = ("index_key", "log_mac_key", "token_key", "identity_key")


def ensure_keys(home: Home) -> None:
    """Make the keys file of `home` where there is none; keys that exist are kept, keys that are missing are added."""
    keys = home.read_secret(KEYS_NAME)
    before = dict(keys)
    keys.setdefault("secret_key", secrets.token_urlsafe(48))
    keys.setdefault("root_keys", {"1": _new_key()})
    for name in HMAC_KEYS:
        if name not in keys:
            keys[name] = _new_key()
    if keys != before:
        home.write_secret(KEYS_NAME, keys)


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
