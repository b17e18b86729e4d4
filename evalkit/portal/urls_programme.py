"""The pages of evaluators, programme leads, officers and operators."""

from django.urls import URLPattern, path

from evalkit.portal.pages import (
    audit_log,
    erase,
    inviting,
    lead,
    members,
    officer,
    operator,
    plan,
    programmes,
    releases,
    reports,
    roster,
)

ONE = "programmes/<uuid:programme>/"
CARE = "officer/<uuid:programme>/"

urlpatterns: list[URLPattern] = [
    path("programmes/", programmes.programmes, name="programmes"),
    path("programmes/add/", plan.add, name="programme_add"),
    path(ONE, programmes.dashboard, name="programme"),
    path(f"{ONE}plan/", plan.plan, name="plan"),
    path(f"{ONE}plan/evaluation.yaml", plan.download, name="plan_file"),
    path(f"{ONE}schools/", inviting.invite, name="invite"),
    path(f"{ONE}reminder/", inviting.reminder, name="reminder"),
    path(f"{ONE}due/", inviting.due, name="due"),
    path(f"{ONE}roster/", roster.roster, name="roster"),
    path(f"{ONE}roster/add/", roster.add_schools, name="roster_add"),
    path(f"{ONE}roster/<uuid:place>/take-out/", roster.take_out, name="take_out"),
    path(f"{ONE}members/", members.members, name="members"),
    path(f"{ONE}members/<uuid:membership>/take/", members.take_role, name="take_role"),
    path(f"{ONE}invitations/<uuid:invitation>/withdraw/", members.withdraw, name="withdraw"),
    path(f"{ONE}lock/", releases.lock, name="lock"),
    path(f"{ONE}key/", releases.first_key, name="first_key"),
    path(f"{ONE}releases/", releases.releases, name="releases"),
    path(f"{ONE}releases/<uuid:release>/", releases.release, name="release"),
    path(f"{ONE}releases/<uuid:release>/download/", releases.download, name="release_download"),
    path(f"{ONE}reports/", reports.reports, name="reports"),
    path(f"{ONE}reports/<uuid:report>/", reports.report, name="report"),
    path(f"{ONE}reports/<uuid:report>/publish/", reports.publish, name="publish"),
    path(f"{ONE}reports/<uuid:report>/<str:name>", reports.file, name="report_file"),
    path(f"{ONE}audit/", audit_log.audit_log, name="audit"),
    path("lead/", lead.portfolio, name="portfolio"),
    path("lead/together/<str:name>", lead.together, name="together"),
    path("lead/<uuid:programme>/", lead.programme, name="lead"),
    path("lead/<uuid:programme>/reports/<uuid:report>/<str:name>", lead.file, name="lead_file"),
    path("officer/", officer.programmes, name="officer"),
    path("officer/audit/", officer.portal_log, name="portal_log"),
    path(CARE, officer.programme, name="officer_programme"),
    path(f"{CARE}pupil/", erase.erase_pupil, name="erase_pupil"),
    path(f"{CARE}export/", erase.export_pupil, name="export_pupil"),
    path(f"{CARE}erase-school/<uuid:of>/", erase.erase_school, name="erase_school"),
    path(f"{CARE}erase/", erase.erase_programme, name="erase_programme"),
    path(f"{CARE}keeping/", officer.keeping, name="officer_keeping"),
    path(f"{CARE}audit/", officer.audit_log, name="officer_audit"),
    path(f"{CARE}assessment/", officer.assessment, name="assessment"),
    path(f"{CARE}notice/", officer.notice, name="notice"),
    path("operator/", operator.state, name="operator"),
]
