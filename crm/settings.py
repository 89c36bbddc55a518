"""Settings: one file, read from the environment, the keys file and the running servers' addresses.

Imports nothing of ours but how to read (`crm.environment`): apps, backends and middleware are named by string. Unsafe combinations
are refused by the system checks of `crm.operations.checks`, which say in words what to change.
"""

import hashlib
import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import django_stubs_ext
import structlog
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from crm import environment

# Fields, managers and forms take type parameters at run time too.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
ENV = os.environ.get("CRM_ENV", "demo")
HOME = Path(os.environ.get("CRM_HOME") or BASE_DIR / ".local").resolve()
if ENV not in ("demo", "test", "production"):
    raise ImproperlyConfigured(f"CRM_ENV is {ENV!r}; it must be demo, test or production.")
PRODUCTION = ENV == "production"
UNREADABLE = environment.UNREADABLE
DEBUG = os.environ.get("CRM_DEBUG") == "1"
# Cookies know no ports: two clones on one machine would sign each other out under one cookie name.
_HOME_MARK = hashlib.sha256(str(HOME).encode()).hexdigest()[:8]
# Browsers take a cookie of such a name over https only, for this host only: no neighbour below the bank's domain can plant one.
_COOKIE = "__Host-crm" if PRODUCTION else "crm"


# --- Keys and addresses -------------------------------------------------------------------------------------------------

KEYS_FILE = Path(os.environ.get("CRM_KEYS_FILE") or HOME / "secrets" / "keys.json")
# {"secret_key": str, "root_keys": {"1": base64 of 32 bytes}, "index_key": …, "log_mac_key": …, "token_key": …, "identity_key": …}
CRM_KEYS = environment.read_json(KEYS_FILE)
# Without keys nothing can be sealed or signed in (a check says so); commands that touch no data (makemigrations) still load.
SECRET_KEY = CRM_KEYS.get("secret_key") or secrets.token_urlsafe(48)

# What the audit log attests, kept outside the database; best on a place that its administrators cannot write.
ANCHORS_FILE = Path(os.environ.get("CRM_ANCHORS_FILE") or HOME / "audit" / "anchors.jsonl")
# The socket of tools/anchor_keeper.py, which another account runs; without it the product appends to the file itself.
ANCHOR_KEEPER = os.environ.get("CRM_ANCHOR_KEEPER", "")

# The supervisor of `make run` writes where its servers listen, so that `manage.py` works beside it. A process that was given its
# addresses (the web, the worker) does not look there: it has no business with the owner's.
_SERVERS = {} if os.environ.get("CRM_DATABASE_URL") else environment.read_json(HOME / "secrets" / "servers.json")


def _address(name: str) -> str:
    return os.environ.get(name) or str(_SERVERS.get(name, ""))


PORT = environment.number("PORT", 8000, _address("PORT"))


# "default" signs in as the role app. "owner" is for migrations alone: a web or worker process needs no CRM_OWNER_DATABASE_URL.
_NO_SERVER = f"postgresql://app@/crm?host={HOME}/no-server-is-running"
DATABASES = {"default": environment.database(_address("CRM_DATABASE_URL") or _NO_SERVER)}
APP_ROLE = DATABASES["default"]["USER"]  # `migrate` signs in as owner for a while, the grants are for this one
if _address("CRM_OWNER_DATABASE_URL"):
    DATABASES["owner"] = environment.database(_address("CRM_OWNER_DATABASE_URL"))
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- The house ----------------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "crm.database",
    "crm.egress",
    "crm.log",
    "crm.access",
    "crm.fields",
    "crm.money",
    "crm.calendar",
    "crm.jobs",
    "crm.notify",
    "crm.lists",
    "crm.ui",
    "crm.operations",
    "crm.approvals",
    "crm.staff",
    "crm.factors",
    "crm.exports",
    "crm.reviews",
    "audit",
    "customers",
    "products",
    "transactions",
    "portal",
    "risk",
    "reports",
    *(
        f"django.contrib.{name}"
        for name in ("admin", "auth", "contenttypes", "sessions", "messages", "staticfiles", "postgres", "humanize")
    ),
    "rest_framework",
    "drf_spectacular",
    "guardian",
    "auditlog",
    "pgtrigger",
    "pghistory",
    "django_htmx",
    "django_structlog",
]
if not PRODUCTION:
    INSTALLED_APPS.append("demo")  # outside the house; production does not know its commands
MIDDLEWARE = [
    # Headers first: what those below answer by themselves (a redirect, a static file, a host that is not ours) carries them, too.
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "crm.operations.middleware.resource_policy",
    "crm.operations.middleware.no_store",
    "django.middleware.security.SecurityMiddleware",
    "crm.operations.middleware.api_over_https",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "crm.operations.middleware.canonical_host",
    "crm.access.middleware.RequestLog",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "crm.access.middleware.ActorMiddleware",
    "crm.operations.middleware.KeysAway",
    "crm.staff.middleware.OfficersFirst",
    "crm.staff.middleware.PasswordInTime",
    "crm.staff.middleware.DeviceCookie",
    "auditlog.middleware.AuditlogMiddleware",
]
ROOT_URLCONF = "crm.urls"
WSGI_APPLICATION = "crm.wsgi.application"
CELERY_APP = "crm.celery"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["django.templatetags.i18n", "django.templatetags.static", "crm.ui.templatetags.ui"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]
FORM_RENDERER = "crm.ui.renderers.Renderer"
INSTALLED_APPS.append("django.forms")

# --- Language, time -----------------------------------------------------------------------------------------------------

USE_TZ = True
BANK_ZONE = environment.zone("CRM_BANK_ZONE", "Asia/Shanghai")
# A verdict that takes longer than so many seconds is late: a banner is shown and the people on duty are told.
JUDGING_DELAY_SECONDS = environment.number("CRM_JUDGING_DELAY", 60)
TIME_ZONE = BANK_ZONE  # what people type and read is the bank's clock; stored moments carry their offset
# The tests read the English sentences of the code; those about Chinese ask for it.
LANGUAGE_CODE = "en" if ENV == "test" else "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_NAME = f"{_COOKIE}_language_{_HOME_MARK}"
LANGUAGE_COOKIE_HTTPONLY = True

# --- People, sessions, passwords ----------------------------------------------------------------------------------------

AUTH_USER_MODEL = "staff.User"
AUTHENTICATION_BACKENDS = ["crm.access.backend.ReachBackend"]
LOGIN_URL = "staff:sign_in"
LOGIN_REDIRECT_URL = "staff:home"
ANONYMOUS_USER_NAME = None  # guardian: no database row for "nobody"
GUARDIAN_MONKEY_PATCH_USER = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
if ENV == "test":
    # Tests sign in thousands of times; production refuses this hasher by a check.
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *PASSWORD_HASHERS]
PASSWORD_PROFILE = environment.one_of("CRM_PASSWORD_PROFILE", "mlps3", "asvs")
_LENGTH = {"mlps3": 12, "asvs": 15}.get(PASSWORD_PROFILE, 15)
_RULES: dict[str, dict[str, Any]] = {
    "Length": {"min_length": _LENGTH},
    "Common": {},
    "Similarity": {"user_attributes": ("number", "name", "name_pinyin", "email", "mobile")},
    "OwnData": {},
    "HouseWords": {},
    **{"mlps3": {"CharacterClasses": {}}, "asvs": {"BreachedPassword": {}}}.get(PASSWORD_PROFILE, {}),
}
AUTH_PASSWORD_VALIDATORS = [{"NAME": f"crm.staff.validators.{rule}Validator", "OPTIONS": options} for rule, options in _RULES.items()]
# No password contains these, nor what stands in crm.staff.validators.HOUSE_WORDS.
PASSWORD_WORDS = [word.strip() for word in os.environ.get("CRM_PASSWORD_WORDS", "").split(",") if word.strip()]
# Sorted lines of SHA-1 in capital hex, anything after a colon: passwords that thieves know. Looked up here, without network.
BREACHED_PASSWORDS_FILE = os.environ.get("CRM_BREACHED_PASSWORDS_FILE", "")
# So many attempts to sign in are looked at from one address within 15 minutes; known devices are not counted.
SIGN_INS_PER_ADDRESS = environment.number("CRM_SIGN_INS_PER_ADDRESS", 50)
DEVICE_COOKIE_NAME = f"{_COOKIE}_device_{_HOME_MARK}"
SESSION_ENGINE = "django.contrib.sessions.backends.db"  # PostgreSQL: the broker holds only what may vanish
SESSION_COOKIE_NAME = f"{_COOKIE}_session_{_HOME_MARK}"
SESSION_COOKIE_AGE = int(timedelta(hours=10).total_seconds())  # absolute end, whatever happens
SESSION_IDLE_SECONDS = int(timedelta(minutes=15).total_seconds())
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = f"{_COOKIE}_csrf_{_HOME_MARK}"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "crm.access.pages.csrf_failure"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = PRODUCTION
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# How many sealed values a person may reveal, and how many full numbers search for, in a day.
REVEALS_A_DAY = os.environ.get("CRM_REVEALS_A_DAY", "50,relationship-manager=100,risk-officer=200,risk-supervisor=200")
PROBES_A_DAY = environment.number("CRM_PROBES_A_DAY", 500)
RIGHTS_REVIEW_DAYS = environment.number("CRM_RIGHTS_REVIEW_DAYS", 91)  # how often the rights of everybody are reviewed

# --- Web ----------------------------------------------------------------------------------------------------------------

ALLOWED_HOSTS = [h for h in os.environ.get("CRM_ALLOWED_HOSTS", "").split(",") if h]
if not PRODUCTION:
    ALLOWED_HOSTS += ["localhost", "127.0.0.1", "testserver"]
CSRF_TRUSTED_ORIGINS = [f"https://{h}" for h in ALLOWED_HOSTS if PRODUCTION]
BASE_URL = os.environ.get("CRM_BASE_URL") or f"http://localhost:{PORT}"  # links in mails
# "X-Forwarded-Proto" where a proxy terminates TLS and always overwrites this header.
PROXY_HEADER = os.environ.get("CRM_PROXY_HEADER", "")
if PROXY_HEADER:
    SECURE_PROXY_SSL_HEADER = ("HTTP_" + PROXY_HEADER.upper().replace("-", "_"), "https")
# How many proxies in front of us append to X-Forwarded-For; 0 means that the connection's own address is the caller's.
TRUSTED_PROXIES = environment.number("CRM_TRUSTED_PROXIES", 0)
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_REFERRER_POLICY = "same-origin"
SECURE_REDIRECT_EXEMPT = [r"^health/$", r"^api/"]  # programs are told (crm.operations.middleware), not led on silently
X_FRAME_OPTIONS = "DENY"
_OURS = ["default-src", "script-src", "style-src", "img-src", "font-src", "connect-src", "form-action"]
_NOBODYS = ["object-src", "base-uri", "frame-ancestors"]
CONTENT_SECURITY_POLICY = {"DIRECTIVES": {**{name: [SELF] for name in _OURS}, **{name: [NONE] for name in _NOBODYS}}}
_NO_USE = ("camera", "microphone", "geolocation", "payment", "usb", "serial", "hid", "midi", "fullscreen")
PERMISSIONS_POLICY: dict[str, list[str]] = {feature: [] for feature in _NO_USE}
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
# The framework's own handlers write files above 2.5 MB in clear to the system's temporary folder.
FILE_UPLOAD_HANDLERS = ["crm.operations.uploads.MemoryUpload"]
UPLOAD_LARGEST = 50 * 1024 * 1024
STATIC_URL = "/static/"
STATIC_ROOT = HOME / "collected"
# The supervisor puts ECharts into the home; pages work without it.
STATICFILES_DIRS = [path for path in (BASE_DIR / "static", HOME / "static") if path.is_dir()]
_PLAIN, _PACKED = "django.contrib.staticfiles.storage.StaticFilesStorage", "whitenoise.storage.CompressedManifestStaticFilesStorage"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": _PACKED if PRODUCTION else _PLAIN},
}
MEDIA_ROOT = HOME / "files"  # sealed uploads and exports; no URL serves it
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = not PRODUCTION

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["crm.staff.api.PartnerTokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["crm.access.api.GatePermission"],
    "EXCEPTION_HANDLER": "crm.access.api.exception_handler",
    "DEFAULT_THROTTLE_CLASSES": ["crm.staff.api.PartnerThrottle"],
    "DEFAULT_PARSER_CLASSES": ["crm.access.api.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_VERSIONING_CLASS": None,
    "DEFAULT_METADATA_CLASS": None,  # OPTIONS is answered 405: no page of another host asks, and the description tells the rest
    "COERCE_DECIMAL_TO_STRING": True,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "CRM API",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {"TransactionStatus": "transactions.choices.Status"},
    "ENABLE_DJANGO_DEPLOY_CHECK": False,  # names in a document are no question of safety; the API's tests read it
}
AUDITLOG_INCLUDE_ALL_MODELS = False
AUDITLOG_DISABLE_REMOTE_ADDR = True  # it would believe any X-Forwarded-For; the log has the address
# The moment of the write, not of its transaction's beginning: versions of one row stand in the order of their moments.
PGHISTORY_CREATED_AT_FUNCTION = "clock_timestamp()"

# --- Tasks --------------------------------------------------------------------------------------------------------------

CELERY_BROKER_URL = _address("CRM_BROKER_URL") or f"redis+socket://{HOME}/no-broker-is-running"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 2 * 3600,  # longer than the longest task: what is not acknowledged by then is run again
    "unacked_restore_interval": 5,  # with the defaults a task of a killed worker came back after 103 s
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 2,
    "socket_timeout": 3,  # so long the one request waits that finds out that the broker is silent
    "max_retries": 1,
}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_TIME_LIMIT = 3600
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = BANK_ZONE
# A schedule in code, not in the database: what runs at night is reviewed and released like all else, and no row can make the
# worker run a task of somebody's choice (docs/adr/). Names are strings; the apps own the tasks.
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    # Every sweep of every app has its own pace (crm.jobs.sweeps); a tick that no worker took is worth nothing later.
    "sweeps": {"task": "jobs.sweep", "schedule": 5.0, "options": {"expires": 5}},
}
CELERY_BEAT_SCHEDULE_FILENAME = str(HOME / "beat-schedule")

# --- The bank's core ----------------------------------------------------------------------------------------------------

# The way freeze instructions take to the core banking system: a dotted path, empty where the bank has not connected its core yet.
CORE_CONNECTOR = os.environ.get("CRM_CORE_CONNECTOR") or ("" if PRODUCTION else "demo.core.Core")

# --- Mail, logs ---------------------------------------------------------------------------------------------------------

_MAIL, _MAIL_PORT = environment.mail_server("CRM_MAIL_URL")  # smtp://user:password@host:25 or smtps://…:465 or smtp+tls://…:587
DEFAULT_FROM_EMAIL = SERVER_EMAIL = os.environ.get("CRM_MAIL_FROM", "crm@localhost")
EMAIL_FILE_PATH = str(HOME / "mail")
EMAIL_TIMEOUT = 10
if _MAIL.hostname:
    EMAIL_BACKEND = "crm.egress.mail.Mail"
    EMAIL_HOST, EMAIL_PORT = _MAIL.hostname, _MAIL_PORT
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(_MAIL.username or ""), unquote(_MAIL.password or "")
    EMAIL_USE_SSL, EMAIL_USE_TLS = _MAIL.scheme == "smtps", _MAIL.scheme == "smtp+tls"
else:
    EMAIL_BACKEND = "crm.notify.mail_files.FileMail"

# --- What is kept, how long; what may be connected to -------------------------------------------------------------------

# Longer is the bank's to say; shorter than the floors of crm.operations.checks is refused.
SYSTEM_LOG_DAYS = environment.number("CRM_SYSTEM_LOG_DAYS", 366)
AUDIT_DAYS = environment.number("CRM_AUDIT_DAYS", 3 * 366)
EVIDENCE_YEARS = environment.number("CRM_EVIDENCE_YEARS", 10)
# host:port of whatever the product may connect to beside the mail server, and private networks that may be behind a name.
EGRESS_ALLOWED = environment.names("CRM_EGRESS_ALLOW")
EGRESS_NETWORKS = environment.names("CRM_EGRESS_NETWORKS")
if not PRODUCTION:
    EGRESS_NETWORKS += ["127.0.0.0/8", "::1/128"]

# What every line carries, whether our own code or a library wrote it.
_LINE: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]
_JSON = structlog.processors.JSONRenderer(ensure_ascii=False)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "crm.log.masking.JsonLines", "processor": _JSON, "foreign_pre_chain": _LINE}},
    "filters": {"numbers": {"()": "crm.log.masking.HideNumbers"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["numbers"]}},
    "root": {"handlers": ["stderr"], "level": environment.one_of("CRM_LOG_LEVEL", "INFO", "DEBUG", "WARNING", "ERROR", "CRITICAL")},
}
structlog.configure(
    processors=[structlog.stdlib.filter_by_level, *_LINE, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
SILENCED_SYSTEM_CHECKS = [
    "security.W021",  # whether all names under the bank's domain are put on the browsers' list for ever is not ours to decide
    "guardian.W001",  # our own backend gives the one answer; guardian's knows no expiry
]
