"""A questionnaire in Word: made by pandoc, its styles set to the letter size and spacing that were asked for."""

import io
import re
import subprocess
import zipfile

from evalkit.errors import ReportError
from evalkit.forms.print_layout import EASY_TITLE, Layout
from evalkit.records.form import Form, Question

TIMEOUT = 120
STYLES, BODY = "word/styles.xml", "word/document.xml"
A4 = '<w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1134" w:right="1134" w:bottom="1134" w:left="1134"/>'
NO_BREAK, WIDE = "\u00a0", "\u2003 "  # a line may break at the plain space
FONT = '<w:rFonts w:ascii="Arial" w:hAnsi="Arial" w:cs="Arial" w:eastAsia="Arial"/>'
STYLE = (
    '<w:style w:type="paragraph" w:customStyle="1" w:styleId="{id}"><w:name w:val="{name}"/><w:basedOn w:val="Normal"/>'
    '<w:pPr>{keep}<w:keepLines/><w:spacing w:before="{before}" w:after="{after}"/>{indent}</w:pPr></w:style>'
)
HANGING = '<w:ind w:left="{left}" w:hanging="{left}"/>'


def make_word(form: Form, layout: Layout) -> bytes:
    """The questionnaire as the bytes of a .docx file, every question kept together with its answers.

    Raises
    ------
    ReportError
        pandoc cannot lay it out.
    """
    import pypandoc

    done = subprocess.run(
        [str(pypandoc.get_pandoc_path()), "--from=markdown", "--to=docx", "--output=-", "--metadata=lang:en-GB"],
        input=_markdown(form, layout).encode("utf-8"),
        capture_output=True,
        timeout=TIMEOUT,
        check=False,
    )
    if done.returncode:
        raise ReportError("The questionnaire cannot be laid out as Word: pandoc refused it.")
    return _styled(done.stdout, layout)


def _styled(data: bytes, layout: Layout) -> bytes:
    """The same document with the styles of the layout."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for one in old.infolist():
            content = old.read(one)
            if one.filename == STYLES:
                content = _style_sheet(content.decode("utf-8"), layout).encode("utf-8")
            elif one.filename == BODY:
                content = content.decode("utf-8").replace("</w:sectPr>", f"{A4}</w:sectPr>").encode("utf-8")
            new.writestr(one, content, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def _style_sheet(text: str, layout: Layout) -> str:
    size, line = 2 * layout.size, round(240 * (0.6 + layout.leading))
    text = re.sub(r"<w:rFonts [^>]*/>", FONT, text)
    start, end = text.index("<w:docDefaults>"), text.index("</w:docDefaults>")
    plain = re.sub(r'<w:(sz|szCs) w:val="\d+" ?/>', rf'<w:\1 w:val="{size}"/>', text[start:end])
    plain = re.sub(r"<w:spacing [^>]*/>", f'<w:spacing w:after="120" w:line="{line}" w:lineRule="auto"/>', plain)
    text = text[:start] + plain + text[end:]
    for level, larger in ((1, 1.5), (2, 1.25)):
        text = re.sub(
            rf'(<w:style [^>]*w:styleId="Heading{level}".*?</w:style>)',
            lambda found, larger=larger: re.sub(
                r'<w:(sz|szCs) w:val="\d+" ?/>', rf'<w:\1 w:val="{round(size * larger)}"/>', found[1]
            ),
            text,
            flags=re.DOTALL,
        )
    # pandoc writes the styles that the text names, without any looks.
    text = re.sub(r'<w:style [^>]*w:styleId="(Question|Answer|LastAnswer)".*?</w:style>', "", text, flags=re.DOTALL)
    gap = round(20 * layout.size * layout.between)
    hanging = HANGING.format(left=round(20 * layout.size * 1.4))
    keep = "<w:keepNext/>"
    own = (
        STYLE.format(id="Question", name="Question", keep=keep, before=gap // 2, after=60, indent=""),
        STYLE.format(id="Answer", name="Answer", keep=keep, before=0, after=60, indent=hanging),
        STYLE.format(id="LastAnswer", name="Last Answer", keep="", before=0, after=gap // 2, indent=hanging),
    )
    return text.replace("</w:styles>", "".join(own) + "</w:styles>")


def _markdown(form: Form, layout: Layout) -> str:
    lines = [
        f"# {_plain(form.title)}",
        "",
        f"{_plain(form.pupil_header)}: \\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_\\_",
        "",
        EASY_TITLE,
        "",
    ]
    number = 0
    for place, part in enumerate(form.parts, start=1):
        lines += [f"## Part {place}", "", *([_plain(part.stem), ""] if part.stem else [])]
        for question in part.questions:
            number += 1
            lines += _block("Question", f"**{number}.** {_plain(question.text)}")
            lines += _boxes(question, layout)
    return "\n".join(lines)


def _boxes(question: Question, layout: Layout) -> list[str]:
    """The answers with a box before each: beside one another, or on lines of their own where there is room to give."""
    labels = list(question.answers.values())
    if layout.is_wide:
        *others, last = [f"☐{NO_BREAK}{_plain(label)}" for label in labels]
        return [line for one in others for line in _block("Answer", one)] + _block("Last Answer", last)
    # An answer is not torn from its box at the end of a line.
    boxes = [f"☐{NO_BREAK}{_plain(label).replace(' ', NO_BREAK)}" for label in labels]
    return _block("Last Answer", WIDE.join(boxes))


def _block(style: str, text: str) -> list[str]:
    return [f'::: {{custom-style="{style}"}}', text, ":::", ""]


def _plain(text: str) -> str:
    """Text for pandoc's Markdown: nothing in it is markup."""
    return re.sub(r"([\\`*_{}\[\]()#+\-.!<>|~$^@'\"])", r"\\\1", text)
