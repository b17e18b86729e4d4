"""The door for gunicorn and other WSGI servers: `gunicorn evalkit.portal.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evalkit.portal.settings")
application = get_wsgi_application()
