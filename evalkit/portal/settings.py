"""The portal's settings. Everything that differs between a trial and a server is read from the environment.

EVALKIT_PORTAL_DATA : folder of the database (SQLite), uploads, releases and reports; default ./evalkit-portal
EVALKIT_PORTAL_SECRET : the secret of sessions and links; on a trial one is made in the data folder
EVALKIT_PORTAL_HOSTS : names under which the portal is reached, with commas; default: this machine only
EVALKIT_PORTAL_TRIAL : 1 on a trial on this machine: no HTTPS, two-step sign-in offered but not demanded
DATABASE_URL : postgres://...; without it SQLite in the data folder
EVALKIT_PORTAL_MAIL : smtp://user:password@host:port; without it mail is shown to the evaluator as text to send
EVALKIT_PORTAL_MAX_MB : the largest upload, default 10
"""

import os
from pathlib import Path

from csp.constants import NONE, SELF

from evalkit.portal.surroundings import database, hosts, incoming, mail, secret

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("EVALKIT_PORTAL_DATA", "evalkit-portal")).absolute()
TRIAL = os.environ.get("EVALKIT_PORTAL_TRIAL") == "1"
SECRET_KEY = secret(DATA, trial=TRIAL)
DEBUG = False
ALLOWED_HOSTS = hosts(trial=TRIAL)
CSRF_TRUSTED_ORIGINS = [] if TRIAL else [f"https://{host}" for host in ALLOWED_HOSTS]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "csp",
    "evalkit.portal",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "evalkit.portal.access.DefaultDeny",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "evalkit.portal.urls"
WSGI_APPLICATION = "evalkit.portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "evalkit.portal.context.portal",
            ],
        },
    }
]

DATABASES = {"default": database(DATA)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "portal.Person"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "home"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # an invitation was opened from the mail box it was sent to
ACCOUNT_ADAPTER = "evalkit.portal.accounts.InvitedOnly"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = False
# axes counts failures, in the database, for all processes; a limit for each address would shut schools behind one out
ACCOUNT_RATE_LIMITS = {"login_failed": "", "login": ""}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "evalkit"
MFA_TOTP_TOLERANCE = 1
MFA_DEMANDED = not TRIAL
AXES_FAILURE_LIMIT = 6
AXES_COOLOFF_TIME = 0.5  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_USERNAME_FORM_FIELD = "login"
AXES_LOCKOUT_TEMPLATE = "portal/locked_out.html"
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False

SESSION_COOKIE_AGE = 30 * 60  # idle: every page makes it new
SESSION_SAVE_EVERY_REQUEST = True
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "evalkit.portal.pages.faults.form_too_old"
if not TRIAL:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
    SECURE_SSL_REDIRECT = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

MAX_UPLOAD_BYTES = int(float(os.environ.get("EVALKIT_PORTAL_MAX_MB", "10")) * 1024 * 1024)
FILE_UPLOAD_HANDLERS = ["evalkit.portal.upload_handler.CappedUpload"]
FILE_UPLOAD_TEMP_DIR = incoming(DATA)
DATA_UPLOAD_MAX_MEMORY_SIZE = 512 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
DATA_UPLOAD_MAX_NUMBER_FILES = 5

STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True
STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "Europe/London"
USE_TZ = True
USE_I18N = True
DEFAULT_FROM_EMAIL = os.environ.get("EVALKIT_PORTAL_FROM", "evalkit@localhost")
globals().update(mail())

# Logs say what happened and where, never what stood in a form or a file.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "formatters": {
        "plain": {
            "()": "evalkit.portal.quiet_log.WithoutValues",
            "format": "{asctime} {levelname} {name} {message}",
            "style": "{",
        }
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"django.server": {"handlers": ["console"], "level": "ERROR", "propagate": False}},
}
