"""What gunicorn serves."""

import os

from django.conf import settings
from django.core.checks import Tags, run_checks
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm.settings")

application = get_wsgi_application()
# A web server runs no system checks by itself; unsafe settings must not serve a single page.
if settings.PRODUCTION and (problems := [str(found) for found in run_checks(tags=[Tags.security]) if found.is_serious()]):
    raise ImproperlyConfigured("\n".join(problems))
