"""Tables for LaTeX: whatever texts hold, they compile; of rows that compare the best stand out."""

import re
import shutil
import subprocess

import pytest

from seldbench.report.compare import compare
from seldbench.report.tables.latex import escaped, latex
from seldbench.report.tables.paired import Pairing
from seldbench.report.tables.sheet import Amount, Block, Column, Entry, Sheet, Source

EVIL = 'a & 50% of $x$ #1_{2} ~ ^ \\ <b> | "q" `c` [d] *e* -- 17.3° ↓ ± – é ß 中 Ā \t \n 😀'
DOCUMENT = r"\documentclass{article}\usepackage{booktabs,graphicx}\begin{document}%s\end{document}"


def sheet(*entries, titles=("",), **options):
    """An entry is (label, value ...) under the columns psds1 and le_cd."""
    made = []
    for label, *values in entries:
        source = Source("measured", rivals="same")
        cells = {c: (Amount(c, v, source),) for c, v in zip(("psds1", "le_cd"), values)}
        made.append(Entry(label, cells))
    columns = (Column("psds1", "psds1"), Column("le_cd", "le_cd"))
    return Sheet("T", "system", columns, (Block(titles[0], tuple(made)),), **options)


def row(text, label):
    """The cells of a row."""
    (line,) = (line for line in text.splitlines() if line.startswith(f"{label} & "))
    return [cell.strip() for cell in line.removesuffix(r"\\").split(" & ")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a&b%c$d#e_f", r"a\&b\%c\$d\#e\_f"),
        ("{}", r"\{\}"),
        ("~^\\", r"\textasciitilde{}\textasciicircum{}\textbackslash{}"),
        ("<b>|", r"\textless{}b\textgreater{}\textbar{}"),
        ("17.3° ↓ ±1", r"17.3$^\circ$ $\downarrow$ $\pm$1"),
        ("--init", "-{}-init"),
        ("desed-sim", "desed-sim"),
        ("[low]*", "{[}low{]}{*}"),
        ("né Ørsted ï", r"n\'{e} \O{}rsted \"{\i}"),
        ("中 😀", "U+4E2D U+1F600"),
        ("a\nb\tc", "a b c"),
        ('a "b" ("c d")', "a ``b'' (``c d'')"),
        ('"the class of the label"', "``the class of the label''"),
        ("“x” 'y'", "``x'' 'y'"),
    ],
)
def test_every_sign_is_typeset_as_it_is(text, expected):
    assert escaped(text) == expected


def test_the_best_is_bold_the_second_underlined_and_lower_may_be_better():
    text = latex(sheet(("a", 0.3, 20.0), ("b", 0.5, 30.0), ("c", 0.4, 10.0)))
    assert row(text, "a") == ["a", "0.300", r"\underline{20.0}"]
    assert row(text, "b") == ["b", r"\textbf{0.500}", "30.0"]
    assert row(text, "c") == ["c", r"\underline{0.400}", r"\textbf{10.0}"]


def test_a_unit_stands_once_in_the_heading_of_its_column():
    source, column = Source("measured"), Column("si_sdri", "si_sdri")
    cell = (Amount("si_sdri", 5.5, source, interval=(4.25, -0.001)),)
    text = latex(Sheet("T", "system", (column,), (Block("", (Entry("a", {"si_sdri": cell}),)),)))
    assert row(text, "System") == ["System", "SI-SDR improvement (dB)"]
    assert row(text, "a") == ["a", r"5.50 {\scriptsize [4.25, 0.00]}"]
    assert latex(sheet(("a", 0.3, 20.0))).count(r"^\circ") == 1


def test_where_scores_are_rows_a_unit_stands_in_the_label_of_its_row():
    source, columns = Source("measured"), (Column("value of A"), Column("A - B"))
    entries = [
        Entry(name, {c.name: (Amount(name, value, source),) for c in columns})
        for name, value in (("accuracy", 0.5), ("le_cd", 12.0))
    ]
    text = latex(Sheet("T", "score", columns, (Block("", tuple(entries)),)))
    assert row(text, "Score") == ["Score", "value of A", "A - B"]
    assert row(text, "accuracy") == ["accuracy", "0.500", "0.500"]
    assert row(text, r"le\_cd ($^\circ$)")[1:] == ["12.0", "12.0"]


def test_values_that_look_alike_share_their_place_and_one_alone_is_not_the_best():
    text = latex(sheet(("a", 0.50004), ("b", 0.49996), ("c", 0.1)))
    assert row(text, "a")[1] == row(text, "b")[1] == r"\textbf{0.500}"
    assert "textbf" not in latex(sheet(("a", 0.5)))
    assert "textbf" not in latex(sheet(("a", 0.5), ("b", 0.5)))


def test_rows_on_other_data_or_parts_of_it_are_no_rivals(write_run):
    runs = [
        write_run("a", psds1=0.4),
        write_run("b", psds1=0.5, variant="desed"),
        write_run("c", psds1=0.9, variant="short", limit=8),
        write_run("d", psds1=0.8, dataset="desed-sim"),
    ]
    text = compare(runs, pairing=Pairing(anyway=True)).latex()
    assert r"\textbf{0.500} \\ {\scriptsize [0.450, 0.550]}" in text
    assert not re.search(r"\\(textbf|underline)\{0\.[89]00\}", text)


def test_marks_are_letters_and_the_notes_say_what_they_mean(write_run):
    text = compare([write_run(dataset="desed-sim", changes=("a=1",))]).latex()
    assert r"crnn wide\textsuperscript{a,b} & " in text
    assert r"\textsuperscript{a} simulated: compares systems under equal conditions" in text
    assert r"\textsuperscript{b} set a=1\par" in text


def test_one_data_set_is_named_in_the_caption_and_several_above_their_rows(write_run):
    one = compare([write_run("a", variant="x"), write_run("b", variant="y")]).latex()
    assert (
        r"\caption{Sound event detection on desed, split test. {[}low, high{]}: the 95 \% interval"
        r" of one run (bootstrap).}"
    ) in one
    assert r"\label{tab:sed}" in one
    both = compare([write_run("c", variant="x"), write_run("d", variant="y", dataset="desed-sim")],
                   pairing=Pairing(anyway=True)).latex()  # fmt: skip
    assert r"\textit{desed-sim}" in both
    assert r"\caption{Sound event detection on desed and desed-sim (simulated), split test." in both


def test_a_paper_s_table_has_a_heading_over_published_measured_and_difference(write_run):
    text = compare([write_run(psds1=0.4)], table="ast_sed/1").latex()
    assert r"\multicolumn{3}{c}{Event F1, macro}" in text
    assert "published & measured & difference" in text
    assert r"\label{tab:ast-sed-1}" in text
    assert "published values beside measured ones, sound event detection on desed" in text
    assert row(text, "CRNN")[1:4] == ["0.505", "0.450", "$-$0.055"]
    assert "there is no pairing, no interval and no significance" in text


def balanced(text):
    plain = re.sub(r"\\[\\{}%&#$_]", "", text)
    assert plain.count("{") == plain.count("}")
    assert plain.count("$") % 2 == 0
    begun = re.findall(r"\\begin\{(\w+)\}", plain)
    assert sorted(begun) == sorted(re.findall(r"\\end\{(\w+)\}", plain))


def test_every_row_has_as_many_cells_as_the_table_has_columns(write_run):
    runs = [write_run("a", changes=(EVIL,)), write_run("b", variant="desed")]
    text = compare(runs).latex()
    balanced(text)
    for table in re.findall(r"\\begin\{tabular\}\{@\{\}(.*?)\\end\{tabular\}\}", text, re.S):
        align, *lines = table.splitlines()
        cells = [line for line in lines if line.endswith(r"\\") and "multicolumn" not in line]
        wanted = align.removesuffix("@{}}")
        assert {len(re.split(r"(?<!\\) & ", line)) for line in cells} == {len(wanted)}


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex here")
def test_tables_with_every_sign_compile(write_run, tmp_path):
    runs = [write_run("a", psds1=0.4, changes=(EVIL,)), write_run("b", variant="desed")]
    made = compare(runs)
    odd = sheet((EVIL, 0.3, 20.0), ("[x]", 0.5, -3.0), ("*", 0.4, 1.0), notes=(EVIL,))
    table = compare(runs, table="ast_sed/3").latex()
    (tmp_path / "a.tex").write_text(DOCUMENT % (made.latex() + latex(odd) + table))
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "a.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout
    assert "Missing character" not in done.stdout
