"""`python -m evalkit.portal.jobs`: a worker with the settings of the environment."""

from evalkit.portal.start import set_up

set_up()

from evalkit.portal.jobs.worker import work  # noqa: E402 - Django must be ready first

work()
