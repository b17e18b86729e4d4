"""The Word styles: how titles, boxes, facts, checks and tables look, in the words of Word's style sheet."""

from collections.abc import Mapping
from dataclasses import dataclass

from evalkit.report.brand import Brand

BODY_FONT = "Calibri"
CODE_FONT = "Consolas"
TONES: Mapping[str, tuple[str, str]] = {  # ink and ground; the same as in report.css and report.typ
    "Callout": ("#1f4e79", "#eef4fa"),
    "Callout Tip": ("#0b6b5b", "#ebf6f3"),
    "Callout Warning": ("#7a2e6e", "#faf0f8"),
}
RATINGS: Mapping[str, str] = {"good": "#0b6b5b", "fair": "#1f4e79", "poor": "#7a2e6e", "unknown": "#4a5361"}


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph style: sizes in points, spaces in twentieths of a point, colours as `#rrggbb`."""

    name: str
    size: float = 10.5
    colour: str = ""
    bold: bool = False
    before: int = 0
    after: int = 120
    line: int = 264
    based: str = "BodyText"
    fill: str = ""
    bar: str = ""
    frame: str = ""
    rule: str = ""
    keep: bool = False
    level: int = 0

    def xml(self) -> str:
        """The style as Word reads it; the order of the parts is the schema's."""
        keep = "<w:keepNext/><w:keepLines/>" if self.keep else ""
        shade = f'<w:shd w:val="clear" w:color="auto" w:fill="{plain(self.fill)}"/>' if self.fill else ""
        indent = '<w:ind w:left="170" w:right="170"/>' if self.fill else ""
        outline = f'<w:outlineLvl w:val="{self.level - 1}"/>' if self.level else ""
        spacing = f'<w:spacing w:before="{self.before}" w:after="{self.after}" w:line="{self.line}" w:lineRule="auto"/>'
        custom = ' w:default="1"' if self.name == "Normal" else "" if self.name in BUILT_IN else ' w:customStyle="1"'
        based = f'<w:basedOn w:val="{self.based}"/>' if self.based else ""
        following = '<w:next w:val="BodyText"/>' if self.level or not custom else ""
        return (
            f'<w:style w:type="paragraph"{custom} w:styleId="{identifier(self.name)}"><w:name w:val="{self.name}"/>'
            f"{based}{following}<w:qFormat/><w:pPr>{keep}{self.borders()}{shade}{spacing}{indent}"
            f'<w:jc w:val="left"/>{outline}</w:pPr>'
            f"<w:rPr>{letters(self.bold, self.colour, self.size)}</w:rPr></w:style>"
        )

    def borders(self) -> str:
        """A bar on the left, a frame all round in the ground's colour, or a rule above."""
        if self.rule:
            return f"<w:pBdr>{side('top', self.rule, size=4, space=8)}</w:pBdr>"
        if self.bar:
            rest = "".join(side(name, self.fill, size=4, space=5) for name in ("bottom", "right"))
            top = side("top", self.fill, size=4, space=5)
            return f"<w:pBdr>{top}{side('left', self.bar, size=24, space=8)}{rest}</w:pBdr>"
        if self.frame:
            sides = (("top", 8), ("left", 8), ("bottom", 8), ("right", 8))
            return f"<w:pBdr>{''.join(side(name, self.frame, size=4, space=space) for name, space in sides)}</w:pBdr>"
        return ""


BUILT_IN = frozenset(
    {"Title", "Subtitle", "Body Text", "Date", "caption", *(f"heading {level}" for level in range(1, 5))}
)


def identifier(name: str) -> str:
    """Word's id of a style: its name without spaces."""
    known = {"caption": "Caption", **{f"heading {level}": f"Heading{level}" for level in range(1, 5)}}
    return known.get(name, name.replace(" ", ""))


def plain(colour: str) -> str:
    """A colour as Word writes it, without the hash."""
    return colour.removeprefix("#").upper()


def side(name: str, colour: str, *, size: int, space: int) -> str:
    """One border; `size` in eighths of a point, `space` in points."""
    return f'<w:{name} w:val="single" w:sz="{size}" w:space="{space}" w:color="{plain(colour)}"/>'


def letters(bold: bool, colour: str, size: float) -> str:
    """Weight, colour and size of letters."""
    weight = "<w:b/><w:bCs/>" if bold else ""
    ink = f'<w:color w:val="{plain(colour)}"/>' if colour else ""
    half = round(size * 2)
    return f'{weight}{ink}<w:sz w:val="{half}"/><w:szCs w:val="{half}"/>'


def paragraphs(brand: Brand) -> tuple[Paragraph, ...]:
    """All paragraph styles."""
    colours = brand.colours()
    primary, quiet, tint = colours["primary"], colours["quiet"], colours["tint"]
    boxes: list[Paragraph] = []
    for name, (ink, ground) in TONES.items():
        boxes.append(
            Paragraph(f"{name} Title", colour=ink, bold=True, before=200, after=0, fill=ground, bar=ink, keep=True)
        )
        boxes.append(Paragraph(name, size=10, after=160, fill=ground, bar=ink))
    return (
        Paragraph("Normal", colour=brand.ink, after=130, based=""),
        Paragraph("Title", size=22, colour=primary, bold=True, after=60, line=240, based="Normal", keep=True),
        Paragraph("Subtitle", size=12.5, colour=quiet, after=60, based="Normal", keep=True),
        Paragraph("Author", size=9.5, colour=quiet, after=0, based="Normal", keep=True),
        Paragraph("Date", size=9.5, colour=quiet, after=200, based="Normal", keep=True),
        Paragraph("Body Text", after=130, based="Normal"),
        Paragraph("After Table", before=200, after=130),
        Paragraph("First Paragraph", before=60, after=130),
        Paragraph("Compact", size=10, after=20, line=247),
        Paragraph(
            "heading 1", size=15, colour=primary, bold=True, before=280, after=90, based="Normal", keep=True, level=1
        ),
        Paragraph(
            "heading 2", size=12.5, colour=primary, bold=True, before=260, after=90, based="Normal", keep=True, level=2
        ),
        Paragraph(
            "heading 3", size=11, colour=primary, bold=True, before=200, after=70, based="Normal", keep=True, level=3
        ),
        Paragraph(
            "heading 4", size=10.5, colour=primary, bold=True, before=180, after=60, based="Normal", keep=True, level=4
        ),
        Paragraph("caption", size=9.5, colour=quiet, after=160, based="Normal"),
        Paragraph("Table Caption", size=9.5, colour=quiet, before=200, after=70, based="Caption", keep=True),
        Paragraph("Image Caption", size=9.5, colour=quiet, before=40, after=220, based="Caption"),
        Paragraph("Captioned Figure", before=120, after=40, based="Normal", keep=True),
        Paragraph(
            "Answer", size=14.5, colour=brand.paper, bold=True, before=160, after=200, fill=primary, frame=primary
        ),
        Paragraph("Fact Number", size=18, colour=primary, bold=True, before=20, after=0, line=240),
        Paragraph("Fact Label", size=9.5, colour=quiet, after=20, line=240),
        *boxes,
        Paragraph("Note Box", size=9.5, before=140, after=160, fill=tint, bar=quiet),
        Paragraph("Next Steps", after=80),
        Paragraph("Small Print", size=8.5, colour=quiet, before=120, after=60, line=252),
        Paragraph("Small Print First", size=8.5, colour=quiet, before=320, after=60, line=252, rule=colours["rule"]),
        Paragraph("Footer", size=8.5, colour=quiet, after=0, based="Normal"),
    )


def characters(brand: Brand) -> str:
    """The styles of single words: links, code, ratings."""

    def style(name: str, inner: str) -> str:
        return (
            f'<w:style w:type="character" w:customStyle="1" w:styleId="{identifier(name)}"><w:name w:val="{name}"/>'
            f'<w:basedOn w:val="DefaultParagraphFont"/><w:rPr>{inner}</w:rPr></w:style>'
        )

    def coloured(ink: str) -> str:
        return f'<w:b/><w:bCs/><w:color w:val="{plain(ink)}"/>'

    code = f'<w:rFonts w:ascii="{CODE_FONT}" w:hAnsi="{CODE_FONT}" w:cs="{CODE_FONT}"/><w:sz w:val="19"/>'
    return "".join(
        (
            style("Hyperlink", f'<w:color w:val="{plain(brand.primary)}"/><w:u w:val="single"/>'),
            style("Verbatim Char", code),
            style("Table Head", coloured(brand.primary)),
            *(style(f"Rating {level}", coloured(ink)) for level, ink in RATINGS.items()),
        )
    )


def table_style(name: str, borders: str, *, cell: str = "", head: str = "", margin: int = 90, top: int = 30) -> str:
    """A table style; `borders`, `cell` and `head` are XML for the whole table, every cell and the header row."""
    first = f'<w:tblStylePr w:type="firstRow">{head}</w:tblStylePr>' if head else ""
    sides = (("top", top), ("left", margin), ("bottom", top), ("right", margin))
    margins = "".join(f'<w:{name} w:w="{width}" w:type="dxa"/>' for name, width in sides)
    return (
        f'<w:style w:type="table" w:customStyle="1" w:styleId="{name}"><w:name w:val="{name}"/>'
        '<w:uiPriority w:val="99"/><w:qFormat/><w:pPr><w:spacing w:before="0" w:after="0"/></w:pPr>'
        f"<w:tblPr><w:tblBorders>{borders}</w:tblBorders>"
        f"<w:tblCellMar>{margins}</w:tblCellMar></w:tblPr>{f'<w:tcPr>{cell}</w:tcPr>' if cell else ''}{first}</w:style>"
    )


def tables(brand: Brand) -> str:
    """The styles of ordinary tables, of the row of facts and of side-by-side layout."""
    colours = brand.colours()
    primary, rule, tint = colours["primary"], colours["rule"], colours["tint"]
    none = "".join(f'<w:{name} w:val="nil"/>' for name in ("top", "left", "bottom", "right"))
    head = (
        f'<w:rPr><w:b/><w:bCs/><w:color w:val="{plain(primary)}"/></w:rPr><w:tblPr/><w:tcPr><w:tcBorders>'
        f"{side('top', primary, size=10, space=0)}{side('bottom', primary, size=8, space=0)}</w:tcBorders>"
        '<w:vAlign w:val="bottom"/></w:tcPr>'
    )
    lines = "".join(side(name, rule, size=4, space=0) for name in ("bottom", "insideH"))
    gaps = side("top", primary, size=16, space=0) + side("insideV", brand.paper, size=48, space=0)
    shade = f'<w:shd w:val="clear" w:color="auto" w:fill="{plain(tint)}"/>'
    return "".join(
        (
            table_style("Table", lines, head=head),
            table_style("Facts", gaps, cell=shade, margin=140, top=60),
            table_style("Layout", none, margin=60, top=0),
        )
    )


def style_sheet(brand: Brand) -> str:
    """All styles as XML."""
    return "".join(style.xml() for style in paragraphs(brand)) + characters(brand) + tables(brand)


def letter_defaults() -> str:
    """The font, size and language of everything that no style changes."""
    return (
        f'<w:rPrDefault><w:rPr><w:rFonts w:ascii="{BODY_FONT}" w:hAnsi="{BODY_FONT}" w:eastAsia="{BODY_FONT}" '
        f'w:cs="{BODY_FONT}"/><w:sz w:val="21"/><w:szCs w:val="21"/>'
        '<w:lang w:val="en-GB" w:eastAsia="en-GB" w:bidi="ar-SA"/></w:rPr></w:rPrDefault>'
    )
