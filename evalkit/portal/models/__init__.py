"""What the portal remembers: people and their roles, schools and programmes, files, rounds, jobs, releases, reports."""

from evalkit.portal.models.jobs import Job
from evalkit.portal.models.outcomes import DataRelease, Report
from evalkit.portal.models.people import Invitation, Membership, Person, Role
from evalkit.portal.models.programmes import Participation, Programme, School
from evalkit.portal.models.rounds import AnsweringRound
from evalkit.portal.models.uploads import SurveyUpload

__all__ = [
    "AnsweringRound",
    "DataRelease",
    "Invitation",
    "Job",
    "Membership",
    "Participation",
    "Person",
    "Programme",
    "Report",
    "Role",
    "School",
    "SurveyUpload",
]
