"""The guide tells the truth: its code runs, its links lead somewhere."""

import re
import warnings
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "examples" / "guide"
PAGES = sorted(GUIDE.glob("*.md"))
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
# generated tables, which are looked things up in, not read
REFERENCE = {"parameters.md", "parts.md"}
WORDS_IN_TEN_MINUTES = 2000

each_page = pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])


def blocks(page, language):
    return [code for name, code in FENCE.findall(page.read_text()) if name == language]


def prose(page):
    """The page without its blocks of code."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


WITH_CODE = [page for page in PAGES if blocks(page, "python")]


@pytest.mark.parametrize("page", WITH_CODE, ids=[page.name for page in WITH_CODE])
def test_python_blocks_of_a_page_run_one_after_the_other(page, tmp_path, monkeypatch):
    for needed in "pandas", "matplotlib":
        pytest.importorskip(needed)
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "guide"}
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    for code in blocks(page, "python"):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            exec(compile(code, page.name, "exec"), namespace)
    plt.close("all")


@each_page
def test_every_block_says_what_it_is(page):
    languages = {name for name, _ in FENCE.findall(page.read_text(encoding="utf-8"))}
    assert languages <= {"python", "text", "sh"}
    assert prose(page).count("```") == 0


# Links


LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.*)$", re.M)


def anchors(page):
    """Of the page's headings, as they are made on GitHub."""
    headings = [
        re.sub(r"[`*]", "", text).lower() for text in HEADING.findall(prose(page))
    ]
    return {re.sub(r"[^\w\- ]", "", text).replace(" ", "-") for text in headings}


def links(page):
    """(whether it is a picture, text, file, anchor) of the links within the project."""
    for mark, text, target in LINK.findall(prose(page)):
        if "://" not in target:
            name, _, anchor = unquote(target).partition("#")
            yield bool(mark), text, (page.parent / name if name else page), anchor


@each_page
def test_links_and_pictures_are_there(page):
    for is_picture, text, path, anchor in links(page):
        assert path.exists(), path
        assert len(text) > 20 or not is_picture, f"{path}: no text for the blind"
        if anchor:
            assert anchor in anchors(path), f"{path}#{anchor}"


def test_the_first_page_leads_to_all_others():
    found = {path.resolve() for _, _, path, _ in links(GUIDE / "README.md")}
    assert {page.resolve() for page in PAGES} <= found | {GUIDE / "README.md"}


def test_every_picture_is_shown():
    shown = {path.resolve() for page in PAGES for _, _, path, _ in links(page)}
    assert {path.resolve() for path in (GUIDE / "images").glob("*")} <= shown


@each_page
def test_a_page_takes_less_than_ten_minutes(page):
    if page.name not in REFERENCE:
        assert len(prose(page).split()) <= WORDS_IN_TEN_MINUTES
