"""The portal's settings with passwords that are kept cheaply, for real servers with many people.

The server of test_faults.py keeps the portal's own settings.
"""

from evalkit.portal.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
