"""What gunicorn serves."""

import gc
import os

from django.conf import settings
from django.core.checks import Tags, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from crm.celery import app as celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")

application = get_wsgi_application()
# A web server runs no system checks by itself; unsafe settings, or keys that do not fit, must not serve a single page.
_tags = [Tags.security] if settings.PRODUCTION else ["keys", "text"]
if problems := [str(found) for found in run_checks(tags=_tags) if found.is_serious()]:
    raise ImproperlyConfigured("\n".join(problems))

# Before gunicorn's processes part ways: otherwise the first request of each, and the first message, would wait for these imports.
_ = get_resolver().url_patterns, celery.connection_for_write().get_transport_cls()
# What is loaded by now stays for good. Looked through again and again for garbage, it would hold every request up for a tenth of a second.
gc.collect()
gc.freeze()
