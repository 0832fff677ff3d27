"""Pages in Markdown."""

from gpicl.report import write_page


def test_a_page_has_one_sentence_a_line_and_whole_tables(tmp_path):
    table = "| a. Then b | 1.5 |"
    command = "    gpicl train.  And more"
    lines = [
        "First. Second with 1.5 and `code`. Third? MNIST. By Y. LeCun.",
        "- One. Two.",
        table,
        command,
        "It took 3 s (longest: 5). `x.csv`.",
    ]
    write_page(tmp_path / "page.md", lines, {}, {})
    assert (tmp_path / "page.md").read_text().splitlines() == [
        "First.",
        "Second with 1.5 and `code`.",
        "Third?",
        "MNIST.",
        "By Y. LeCun.",
        "- One.",
        "  Two.",
        table,
        command,
        "It took 3 s (longest: 5).",
        "`x.csv`.",
    ]
