"""The pages of a school."""

from django.urls import URLPattern, path

from evalkit.portal.pages import confirming, questions, rounds, school, school_reports, uploading

_UPLOAD = "programmes/<uuid:programme>/uploads/<uuid:upload>/"
urlpatterns: list[URLPattern] = [
    path("", school.school_home, name="school"),
    path("programmes/<uuid:programme>/", school.school_programme, name="school_programme"),
    path("programmes/<uuid:programme>/template/<slug:wave>/", school.template, name="school_template"),
    path("programmes/<uuid:programme>/upload/<slug:wave>/", uploading.upload_file, name="school_upload"),
    path("programmes/<uuid:programme>/online/<slug:wave>/", rounds.online, name="school_online"),
    path("programmes/<uuid:programme>/online/<slug:wave>/close/", rounds.close, name="school_online_close"),
    path(f"{_UPLOAD}file/", uploading.sent_file, name="school_sent_file"),
    path(_UPLOAD, uploading.upload_page, name="school_uploaded"),
    path(f"{_UPLOAD}state/", uploading.upload_state, name="school_upload_state"),
    path(f"{_UPLOAD}again/", uploading.check_again, name="school_check_again"),
    path(f"{_UPLOAD}marked/", uploading.marked, name="school_marked"),
    path(f"{_UPLOAD}remove/", uploading.remove, name="school_remove"),
    path(f"{_UPLOAD}questions/", questions.answer_questions, name="school_questions"),
    path(f"{_UPLOAD}confirm/", confirming.confirm, name="school_confirm"),
    path(f"{_UPLOAD}receipt/", confirming.receipt, name="school_receipt"),
    path(f"{_UPLOAD}undo/", confirming.undo, name="school_undo"),
    path(
        "programmes/<uuid:programme>/reports/<uuid:report>/<str:file>", school_reports.report_file,
        name="school_report",
    ),
]  # fmt: skip
