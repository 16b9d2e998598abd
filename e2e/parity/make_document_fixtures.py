"""PDF, .docx and .epub files with the text that they were made of, for workers/corpus/ingest/documents.

    python e2e/parity/make_document_fixtures.py

Needs reportlab 5.1, pikepdf 10, fonttools, python-docx 1.2, EbookLib 0.20, pypdf 7 and Noto Serif CJK (fonts-noto-cjk). The expected text is
that of the source below, never what a reader made of it; pypdf and python-docx read the files back to see that they hold it.
"""

import base64
import io
import json
import random
import re
import zipfile
import zlib
from pathlib import Path

import docx
import pikepdf
import pypdf
from docx.oxml import parse_xml
from ebooklib import epub
from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont
from PIL import Image
from reportlab.lib.pagesizes import A4, letter
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Frame, FrameBreak, NextPageTemplate, PageTemplate, Paragraph, Table

OUT = Path(__file__).parent / "fixtures" / "documents.json"
NOTO = "/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc"
CASES: list[dict] = []
WIDTH, HEIGHT = A4


def case(name: str, file: str, data: bytes, text: str | None = None, refused: str | None = None, **losses: int) -> None:
    entry = {"name": name, "file": file, "zlib": base64.b64encode(zlib.compress(data, 9)).decode()}
    CASES.append({**entry, **({"refused": refused} if refused else {"text": text, "losses": {name: count for name, count in losses.items() if count}})})


def letters(text: str) -> str:
    return re.sub(r"[\s\-]", "", text)


# ------------------------------------------------------------------------------------------------- PDF

RIVERS = [
    "A river carries more than water. Every flood lifts sand from the banks and lays it down again where the current slackens, so that the "
    "valley floor is built of material that travelled hundreds of kilometres before it came to rest in the meadows.",
    "Measurements of the suspended load began in 1871, when engineers lowered bottles into the stream at regular intervals. Their notebooks "
    "are remarkably complete, and the well-known series of the upper gauge is still used for comparison with satellite estimates.",
    "Nobody expected the second series to disagree. It was recorded only twelve kilometres downstream, by the same observers and with the "
    "same instruments, yet concentrations are consistently higher during the spring months; a well-known puzzle.",
    "Three explanations have been proposed. The first assumes that a tributary was overlooked. The second blames the instruments. The third, "
    "which we defend here, is that particles are resuspended by the navigation that started in the same decade.",
]
PLANTS = [
    "The meadow was divided into plots of equal size. Each plot received water at sunrise, and half of them again at sunset, for the whole "
    "of the summer; temperature and humidity were recorded automatically at ten stations.",
    "Growth was measured on Mondays. A plant counted as established once it carried four leaves, and from that day on its height was noted "
    "together with the number of flowers and the state of the surrounding soil.",
    "Differences between plots became visible in the fifth week. Those that were watered twice flowered earlier, but by the end of August "
    "no difference in biomass remained that could not be explained by chance alone.",
    "We conclude that the second watering is unnecessary. Where water is scarce it should be kept for the seedlings of the following year, "
    "which profit from it far more than established plants do.",
]


def broken(text: str, width: float, font: str, size: float, indent: float = 0.0) -> list[str]:
    """Lines no wider than `width`, long words broken with a hyphen before the last syllable that fits: every third letter counts as one."""
    lines, line = [], ""
    fits = lambda candidate: pdfmetrics.stringWidth(candidate, font, size) <= width - (indent if not lines else 0)
    for word in text.split(" "):
        candidate = f"{line} {word}" if line else word
        if fits(candidate):
            line = candidate
            continue
        cut = 0
        if word.isalpha() and len(word) > 6:
            cut = max((at for at in range(3, len(word) - 2, 3) if fits(f"{line} {word[:at]}-")), default=0)
        elif "-" in word and fits(f"{line} {word[: word.index('-') + 1]}"):
            cut = word.index("-") + 1
        head = f" {word[:cut]}" + ("" if word[:cut].endswith("-") else "-") if cut else ""
        lines.append(line + head)
        line = word[cut:]
    return [*lines, line]


class Pages:
    def __init__(self, **options):
        self.bytes = io.BytesIO()
        self.canvas = Canvas(self.bytes, pagesize=A4, invariant=1, **options)
        self.hyphens = 0

    def line(self, x: float, y: float, text: str, font: str = "Times-Roman", size: float = 11, width: float | None = None) -> None:
        """@param width justified to it"""
        words = self.canvas.beginText(x, y)
        words.setFont(font, size)
        if width is not None and " " in text:
            words.setWordSpace((width - pdfmetrics.stringWidth(text, font, size)) / text.count(" "))
        words.textLine(text)
        self.canvas.drawText(words)

    def paragraph(self, x: float, y: float, text: str, width: float, size: float = 11, indent: float = 0.0, justify: bool = False) -> float:
        lines = broken(text, width, "Times-Roman", size, indent)
        self.hyphens += sum(line.endswith("-") and not line.endswith("well-") for line in lines[:-1])
        for at, line in enumerate(lines):
            inset = 0 if at else indent
            self.line(x + inset, y, line, size=size, width=width - inset if justify and at < len(lines) - 1 else None)
            y -= size * 1.25
        return y

    def done(self) -> bytes:
        self.canvas.save()
        return self.bytes.getvalue()


def heads_and_hyphens() -> None:
    pages = Pages()
    order = [0, 1, 2, 3, 1, 2, 0, 3, 2]
    for number in range(3):
        pages.line(72 if number % 2 else 420, HEIGHT - 45, f"Sediment {12 + number}", size=9)
        y = HEIGHT - 100
        for at in order[number * 3 : number * 3 + 3]:
            y = pages.paragraph(72, y, RIVERS[at], 430, indent=14, justify=True)
        pages.line(290, 40, str(number + 12), size=9)
        pages.canvas.showPage()
    data = pages.done()
    expected = "\n\n".join(RIVERS[at] for at in order)
    assert letters(RIVERS[0])[:40] in letters("".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages))
    # The heads alternate in place, as those of a book do: two of three stand at one place.
    case("running heads, page numbers, hyphens, indented paragraphs", "rivers.pdf", data, expected, heads=6, hyphens=pages.hyphens)


def two_columns() -> None:
    pages = Pages()
    pages.line(150, HEIGHT - 80, "Watering Meadows Twice a Day", font="Times-Bold", size=20)
    y = pages.paragraph(60, HEIGHT - 120, RIVERS[0], 475, justify=True)
    for column, texts in enumerate((PLANTS[:2] + [RIVERS[1]], PLANTS[2:])):
        at = y - 24
        for text in texts:
            at = pages.paragraph(60 + column * 245, at, text, 230, size=10, justify=True) - 6
    pages.canvas.showPage()
    expected = ["Watering Meadows Twice a Day", RIVERS[0], *PLANTS[:2], RIVERS[1], *PLANTS[2:]]
    case("two columns below a title and an abstract", "columns.pdf", pages.done(), "\n\n".join(expected), hyphens=pages.hyphens)


def over_the_column() -> None:
    """A paragraph goes on in the next column and on the next page."""
    pages = Pages()
    lines = broken(" ".join(PLANTS * 3), 230, "Times-Roman", 10)[:40]
    for number in range(2):
        for column in range(2):
            for at in range(10):
                place = number * 20 + column * 10 + at
                pages.line(60 + column * 250, HEIGHT - 100 - at * 12.5, lines[place], size=10, width=230)
        pages.canvas.showPage()
    hyphens = sum(line.endswith("-") for line in lines[:-1])
    text = re.sub(r"(\w)- (?=[a-z])", r"\1", " ".join(lines))
    case("columns that end in the middle of a sentence", "flow.pdf", pages.done(), text, hyphens=hyphens)


TABLE = [["Plot", "Water", "Leaves"], ["A1", "once", "4.2"], ["A2", "twice", "4.6"], ["B1", "once", "3.9"]]


def table() -> None:
    pages = Pages()
    y = pages.paragraph(72, HEIGHT - 90, PLANTS[0], 430)
    y -= 20
    for row in TABLE:
        for at, cell in enumerate(row):
            pages.line(90 + at * 130, y, cell)
        y -= 16
    pages.paragraph(72, y - 20, PLANTS[1], 430)
    pages.canvas.showPage()
    text = "\n\n".join([PLANTS[0], "\n".join("\t".join(row) for row in TABLE), PLANTS[1]])
    case("a table between paragraphs", "table.pdf", pages.done(), text, tables=1, hyphens=pages.hyphens)


def picture() -> ImageReader:
    return ImageReader(Image.new("RGB", (8, 8), (200, 60, 40)))


def scans() -> None:
    pages = Pages()
    for _ in range(2):
        pages.canvas.drawImage(picture(), 60, 200, 400, 400)
        pages.canvas.showPage()
    case("a scan", "scan.pdf", pages.done(), refused="document-scanned")
    pages = Pages()
    pages.canvas.drawImage(picture(), 60, 200, 400, 400)
    pages.canvas.showPage()
    pages.paragraph(72, HEIGHT - 90, PLANTS[2], 430)
    pages.canvas.saveState()
    pages.canvas.rotate(90)
    pages.line(200, -30, "preprint of the twelfth of May")
    pages.canvas.restoreState()
    pages.canvas.showPage()
    case("a scanned page before one with text and a note at its side", "half.pdf", pages.done(), PLANTS[2], pages=1, images=1, rotated=1, hyphens=pages.hyphens)


def turned() -> None:
    """A page held sideways, as wide tables are."""
    pages = Pages()
    y = HEIGHT - 100
    for text in PLANTS[:2]:
        y = pages.paragraph(72, y, text, 430) - 10
    pages.canvas.showPage()
    document = pikepdf.open(io.BytesIO(pages.done()))
    document.pages[0].Rotate = 90
    out = io.BytesIO()
    document.save(out, deterministic_id=True)
    case("a page that is shown turned", "turned.pdf", out.getvalue(), "\n\n".join(PLANTS[:2]), hyphens=pages.hyphens)


def protected() -> None:
    pages = Pages()
    pages.paragraph(72, HEIGHT - 90, PLANTS[3], 430)
    pages.canvas.showPage()
    plain = pages.done()
    for name, user, expected in (("with a password", "secret", None), ("that only forbids printing", "", PLANTS[3])):
        out = io.BytesIO()
        pikepdf.open(io.BytesIO(plain)).save(out, encryption=pikepdf.Encryption(owner="owner", user=user, R=4))
        if expected is None:
            case(f"a PDF {name}", "locked.pdf", out.getvalue(), refused="document-encrypted")
        else:
            case(f"a PDF {name}", "printing.pdf", out.getvalue(), expected, hyphens=pages.hyphens)
    case("a PDF that is none", "none.pdf", b"%PDF-1.7\n" + b"nothing of a document " * 20, refused="document-damaged")
    case("a PDF whose end is cut off", "cut.pdf", plain[: plain.rindex(b"startxref")], PLANTS[3], hyphens=pages.hyphens)


def paper() -> None:
    """As reportlab's own layout sets a paper: justified columns of unequal length, sections, a table in a column, a head and a foot."""
    draw = random.Random(3)
    words = "model training data domain loss general tokens corpus learning rate evaluation mixture language knowledge continued pretraining forgetting replay held-out perplexity measure document".split()
    styles = getSampleStyleSheet()
    body = ParagraphStyle("body", parent=styles["BodyText"], alignment=4, fontSize=9.5, leading=11.5)
    width, height = letter
    column = (width - 126) / 2
    frames = lambda top: [Frame(x, 54, column, height - top, id=str(x)) for x in (54, 72 + column)]

    def head(canvas, document) -> None:
        canvas.setFont("Times-Italic", 9)
        canvas.drawString(54, height - 36, "Continued pretraining of small models")
        canvas.drawRightString(width - 54, height - 36, str(document.page))
        canvas.drawCentredString(width / 2, 30, "Preprint. Under review.")

    out = io.BytesIO()
    document = BaseDocTemplate(out, pagesize=letter, invariant=1)
    title = Frame(54, height - 140, width - 108, 90, id="title")
    document.addPageTemplates([PageTemplate("first", [title, *frames(200)], onPage=head), PageTemplate("rest", frames(120), onPage=head)])
    expected = ["A Study of Mixtures", "Anna Author, Ben Writer"]
    story = [Paragraph(expected[0], styles["Title"]), Paragraph(expected[1], styles["Normal"]), FrameBreak(), NextPageTemplate("rest")]
    for section in range(5):
        expected.append(f"{section + 1} Section about {words[section]}")
        story.append(Paragraph(expected[-1], styles["Heading3"]))
        for _ in range(4):
            text = " ".join(draw.choice(words) for _ in range(draw.randint(30, 90)))
            expected.append(f"{text[0].upper()}{text[1:]}.")
            story.append(Paragraph(expected[-1], body))
        if section == 2:
            rows = [["lr", "share", "loss"], ["1e-4", "0.3", "2.31"], ["3e-4", "0.3", "2.25"], ["1e-3", "0.5", "2.90"]]
            story.append(Table(rows))
            expected.append("\n".join("\t".join(row) for row in rows))
    document.build(story)
    case("a paper of three pages", "paper.pdf", out.getvalue(), "\n\n".join(expected), tables=1, heads=2 * document.page)


POEM = [
    "黄河之水从高原奔流而下，携带着大量泥沙，在下游平原上一层一层地沉积下来，逐渐形成了肥沃的冲积土地。几千年来，人们沿河而居，筑堤引水，耕种不息。",
    "近代的水文观测始于十九世纪。测站每日记录水位与含沙量，资料十分完整，至今仍可与卫星反演的结果相互对照。",
]


def han_lines(text: str, per_line: int) -> list[str]:
    shifted = "　　" + text
    return [shifted[at : at + per_line] for at in range(0, len(shifted), per_line)]


def chinese_cmap() -> None:
    """STSong-Light is named and not embedded; its codes are those of UniGB-UCS2-H."""
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    pages = Pages()
    for number in range(2):
        pages.line(240, HEIGHT - 45, "河流泥沙研究", font="STSong-Light", size=9)
        y = HEIGHT - 100
        for line in [line for text in POEM for line in han_lines(text, 30)]:
            inset = 2 if line.startswith("　　") else 0
            pages.line(72 + inset * 12, y, line[inset:], font="STSong-Light", size=12)
            y -= 20
        pages.line(280, 40, f"第 {number + 1} 页", font="STSong-Light", size=9)
        pages.canvas.showPage()
    case("Chinese by a predefined CMap, the font not embedded", "cmap.pdf", pages.done(), "\n\n".join(POEM * 2), heads=4)


def chinese_embedded() -> None:
    """Noto Serif CJK as a subset, coded by its own CIDs (Identity-H), with a ToUnicode map."""
    text = "".join(POEM)
    font = TTCollection(NOTO).fonts[2]
    options = subset.Options(drop_tables=["GSUB", "GPOS", "BASE", "VORG", "vhea", "vmtx"], desubroutinize=True, notdef_outline=True)
    cutter = subset.Subsetter(options)
    cutter.populate(text=text)
    cutter.subset(font)
    cmap = font.getBestCmap()
    # What the glyphs look like matters to nobody here.
    strings = font["CFF "].cff.topDictIndex[0].CharStrings
    for glyph in strings.keys():
        strings[glyph].decompile()
        strings[glyph].program = ["endchar"]
    buffer = io.BytesIO()
    font.save(buffer)
    cff = TTFont(buffer).reader["CFF "]
    cid = {character: int(cmap[ord(character)][3:]) for character in set(text)}
    document = pikepdf.new()
    page = document.add_blank_page(page_size=(WIDTH, HEIGHT))
    descriptor = pikepdf.Dictionary(Type=pikepdf.Name.FontDescriptor, FontName=pikepdf.Name("/ABCDEF+Noto"), Flags=4, FontBBox=[0, -200, 1000, 900], ItalicAngle=0, Ascent=880, Descent=-120, CapHeight=700, StemV=80)
    descriptor.FontFile3 = document.make_stream(cff, Subtype=pikepdf.Name.CIDFontType0C)
    descendant = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.CIDFontType0, BaseFont=pikepdf.Name("/ABCDEF+Noto"), CIDSystemInfo=pikepdf.Dictionary(Registry=pikepdf.String("Adobe"), Ordering=pikepdf.String("Identity"), Supplement=0), FontDescriptor=document.make_indirect(descriptor), DW=1000)
    pairs = "\n".join(f"<{code:04x}> <{ord(character):04x}>" for character, code in sorted(cid.items()))
    unicode = f"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def 1 begincodespacerange <0000> <ffff> endcodespacerange\n{len(cid)} beginbfchar\n{pairs}\nendbfchar endcmap end end"
    outer = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type0, BaseFont=pikepdf.Name("/ABCDEF+Noto"), Encoding=pikepdf.Name("/Identity-H"), DescendantFonts=[document.make_indirect(descendant)], ToUnicode=document.make_stream(unicode.encode()))
    page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=document.make_indirect(outer)))
    lines, y = [], HEIGHT - 100
    for line in [line for paragraph in POEM for line in han_lines(paragraph, 30)]:
        inset = 2 if line.startswith("　　") else 0
        codes = "".join(f"{cid[character]:04x}" for character in line[inset:])
        lines.append(f"BT /F 12 Tf {72 + inset * 12} {y} Td <{codes}> Tj ET")
        y -= 20
    page.Contents = document.make_stream("\n".join(lines).encode())
    out = io.BytesIO()
    document.save(out, deterministic_id=True)
    read = pypdf.PdfReader(io.BytesIO(out.getvalue())).pages[0].extract_text()
    assert letters(read) == letters("".join(POEM)), read
    case("Chinese by an embedded CID font", "embedded.pdf", out.getvalue(), "\n\n".join(POEM))


# ------------------------------------------------------------------------------------------------- .docx

FOOTNOTES = """<w:footnotes xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">
<w:footnote w:type="separator" w:id="-1"><w:p/></w:footnote><w:footnote w:type="continuationSeparator" w:id="0"><w:p/></w:footnote>
<w:footnote w:id="1"><w:p><w:r><w:footnoteRef/></w:r><w:r><w:t xml:space="preserve"> See the appendix.</w:t></w:r></w:p></w:footnote></w:footnotes>"""
W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def edited(data: bytes, change) -> bytes:
    """The zip with `change(path, content)` in place of each content; None leaves it out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            content = change(info.filename, old.read(info.filename))
            if content is not None:
                new.writestr(zipfile.ZipInfo(info.filename), content, zipfile.ZIP_STORED if info.filename == "mimetype" else zipfile.ZIP_DEFLATED)
    return out.getvalue()


def word() -> None:
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "A head on each page"
    document.add_heading("Watering meadows 草地灌溉", 1)
    paragraph = document.add_paragraph("The plots are ")
    paragraph.add_run("equal").bold = True
    paragraph.add_run(" in size.")
    paragraph._p.append(parse_xml(f'<w:r {W}><w:footnoteReference w:id="1"/></w:r>'))
    paragraph._p.append(parse_xml(f'<w:del {W} w:id="9" w:author="a"><w:r><w:delText>struck</w:delText></w:r></w:del>'))
    for text in ("sunrise", "sunset"):
        document.add_paragraph(text, style="List Bullet")
    for text in ("Measure.", "Write down."):
        document.add_paragraph(text, style="List Number")
    table = document.add_table(rows=0, cols=3)
    for row in TABLE:
        for cell, text in zip(table.add_row().cells, row):
            cell.text = text
    document.add_picture(io.BytesIO(png()))
    document.add_paragraph("第二段：每块草地\t面积相等。")
    raw = io.BytesIO()
    document.save(raw)

    def footnotes(path: str, content: bytes) -> bytes:
        if path == "[Content_Types].xml":
            part = b'<Override PartName="/word/footnotes.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"/></Types>'
            return content.replace(b"</Types>", part)
        if path == "word/_rels/document.xml.rels":
            relation = b'<Relationship Id="rIdF" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes" Target="footnotes.xml"/></Relationships>'
            return content.replace(b"</Relationships>", relation)
        return content

    with_notes = edited(raw.getvalue(), lambda path, content: b"" if path.startswith("docProps/thumb") else footnotes(path, content))
    out = io.BytesIO(with_notes)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("word/footnotes.xml"), FOOTNOTES, zipfile.ZIP_DEFLATED)
    slim = edited(out.getvalue(), thin)
    text = "\n\n".join(
        [
            "Watering meadows 草地灌溉",
            "The plots are equal in size.[1]",
            "- sunrise\n- sunset\n1. Measure.\n2. Write down.",
            "\n".join("\t".join(row) for row in TABLE),
            "第二段：每块草地\t面积相等。",
            "[1] See the appendix.",
        ]
    )
    paragraphs = [paragraph.text for paragraph in docx.Document(io.BytesIO(slim)).paragraphs if paragraph.text]
    assert paragraphs == ["Watering meadows 草地灌溉", "The plots are equal in size.", "sunrise", "sunset", "Measure.", "Write down.", "第二段：每块草地\t面积相等。"]
    case("headings, lists, a table, a footnote, a picture, a deletion", "meadow.docx", slim, text, tables=1, images=1, notes=1)

    bomb = '<!DOCTYPE w [<!ENTITY a "' + "x" * 50 + '"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
    document_xml = lambda change: edited(slim, lambda path, content: change(content.decode()).encode() if path == "word/document.xml" else content)
    case("a .docx with entities of entities", "entities.docx", document_xml(lambda xml: xml.replace("<w:document", bomb + "<w:document", 1)), refused="document-entities")
    case("a .docx that unpacks to far more than a text", "large.docx", document_xml(lambda xml: xml + " " * (65 * 2**20)), refused="archive-bomb")
    case("a .docx of nothing but brackets", "deep.docx", document_xml(lambda xml: xml.replace("<w:body>", "<w:body>" + "<w:sdt><w:sdtContent>" * 30000, 1)), refused="document-damaged")
    case("a .docx with a password", "locked.docx", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), refused="document-old")
    case("a .docx cut in the middle", "cut.docx", slim[: len(slim) // 2], refused="archive-directory")
    case("a .docx without a document", "empty.docx", edited(slim, lambda path, content: None if path == "word/document.xml" else content), refused="document-damaged")


def thin(path: str, content: bytes) -> bytes | None:
    """Without the fonts and themes that python-docx brings along."""
    if re.match(r"word/(theme|stylesWithEffects|fontTable|webSettings)|customXml/item1.xml", path):
        return b"<none/>"
    if path == "word/styles.xml":
        styles = content.decode()
        kept = [style for style in re.findall(r"<w:style .*?</w:style>", styles, re.S) if re.search(r'w:styleId="(Normal|Heading1|ListBullet|ListNumber)"', style)]
        return (styles[: styles.index("<w:latentStyles")] + "".join(kept) + "</w:styles>").encode()
    return content


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (4, 4), (200, 60, 40)).save(out, "PNG")
    return out.getvalue()


# ------------------------------------------------------------------------------------------------- .epub

CHAPTERS = [
    ("<h1>The River</h1><p>The bank &amp; the “current”.</p><p>It rose<br/>again.</p><p><img src='p.png' alt=''/></p>", "The River\n\nThe bank & the “current”.\n\nIt rose\nagain."),
    ("<h1>第二章</h1><p><ruby>黄河<rt>huánghé</rt></ruby>之水。</p><table><tr><td><p>Plot</p></td><td>A1</td></tr><tr><td>Leaves</td><td>4.2</td></tr></table>", "第二章\n\n黄河之水。\n\nPlot\tA1\nLeaves\t4.2"),
    ("<h1>The Sea</h1><ul><li>salt</li><li>wind</li></ul>", "The Sea\n\nsalt\nwind"),
]


def book() -> None:
    made = epub.EpubBook()
    made.set_identifier("rivers")
    made.set_title("Rivers")
    made.set_language("en")
    pages = []
    # Not in the order of their names.
    for (content, _), name in zip(CHAPTERS, ("c.xhtml", "text/b b.xhtml", "a.xhtml")):
        page = epub.EpubHtml(title=name, file_name=name)
        page.content = content
        made.add_item(page)
        pages.append(page)
    made.toc = pages
    made.add_item(epub.EpubNcx())
    made.add_item(epub.EpubNav())
    made.spine = ["nav", *pages]
    out = io.BytesIO()
    epub.write_epub(out, made)
    data = edited(out.getvalue(), lambda path, content: re.sub(rb"<meta property=\"dcterms:modified\">[^<]*", b'<meta property="dcterms:modified">2026-01-01T00:00:00Z', content) if path.endswith(".opf") else content)
    text = "\n\n".join(text for _, text in CHAPTERS)
    case("chapters in the order of the spine, its table of contents left out", "rivers.epub", data, text, navigation=1, images=1, tables=1)

    def guide(path: str, content: bytes) -> bytes:
        if path.endswith(".opf"):
            return content.replace(b' properties="nav"', b"").replace(b"</package>", b'<guide><reference type="toc" title="Contents" href="nav.xhtml"/></guide></package>')
        return content

    case("an EPUB 2 whose guide names its contents", "old.epub", edited(data, guide), text, navigation=1, images=1, tables=1)
    for name, algorithm, refused in (("a shop's key", "http://www.w3.org/2001/04/xmlenc#aes128-cbc", "document-encrypted"), ("packed fonts", "http://www.idpf.org/2008/embedding", None)):
        xml = f'<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" xmlns:enc="http://www.w3.org/2001/04/xmlenc#"><enc:EncryptedData><enc:EncryptionMethod Algorithm="{algorithm}"/><enc:CipherData><enc:CipherReference URI="EPUB/c.xhtml"/></enc:CipherData></enc:EncryptedData></encryption>'
        buffer = io.BytesIO(data)
        with zipfile.ZipFile(buffer, "a") as archive:
            archive.writestr(zipfile.ZipInfo("META-INF/encryption.xml"), xml)
        if refused:
            case(f"an EPUB with {name}", "shop.epub", buffer.getvalue(), refused=refused)
        else:
            case(f"an EPUB with {name}", "fonts.epub", buffer.getvalue(), text, navigation=1, images=1, tables=1)
    lol = b'<!DOCTYPE html [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;">]>'
    case("an EPUB with entities of entities", "entities.epub", edited(data, lambda path, content: content.replace(b"<!DOCTYPE html>", lol) if path.endswith("c.xhtml") else content), refused="document-entities")
    case("an EPUB without its package", "bare.epub", edited(data, lambda path, content: None if path.endswith(".opf") else content), refused="document-part")
    case("an EPUB that is a web page", "page.epub", b"<!DOCTYPE html><title>Sign in</title>", refused="file-web-page")


for make in (heads_and_hyphens, two_columns, over_the_column, paper, table, scans, turned, protected, chinese_cmap, chinese_embedded, word, book):
    make()
OUT.write_text(json.dumps(CASES, ensure_ascii=False, indent=1) + "\n")
print(len(CASES), "cases,", OUT.stat().st_size, "bytes")
