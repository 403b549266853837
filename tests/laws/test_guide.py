"""The guide tells the truth: its code runs, its links lead somewhere."""

import importlib.util
import io
import re
import warnings
from contextlib import redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
GUIDE = ROOT / "examples" / "guide"
PAGES = sorted(GUIDE.glob("*.md"))
WITH_LINKS = [*PAGES, README]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
# a block of text right after a block of code is what that prints
CODE = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", re.M | re.S)
# generated tables, which are looked things up in, not read
REFERENCE = {"parameters.md", "parts.md"}
LOOKED_UP = REFERENCE | {"troubleshooting.md"}
WORDS_IN_TEN_MINUTES = 2000
# what a page may import that not all of them need
OPTIONAL_HERE = re.compile(r"^import dask", re.M)  # of a block, on which none depends
OPTIONAL = re.compile(r"^import (onnx|onnxruntime|skl2onnx|pyarrow)\b", re.M)

each_page = pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])


def blocks(page, language):
    found = FENCE.findall(page.read_text(encoding="utf-8"))
    return [code for name, code in found if name == language]


def prose(page):
    """The page without its blocks of code."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


WITH_CODE = [page for page in PAGES if blocks(page, "python")]


@pytest.mark.parametrize("page", WITH_CODE, ids=[page.name for page in WITH_CODE])
def test_python_blocks_of_a_page_run_one_after_the_other(page, tmp_path, monkeypatch):
    text = page.read_text(encoding="utf-8")
    for needed in "pandas", "matplotlib", *OPTIONAL.findall(text):
        pytest.importorskip(needed)
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "guide"}
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    for code, expected in CODE.findall(text):
        if OPTIONAL_HERE.search(code) and find_spec("dask") is None:
            continue
        printed = io.StringIO()
        with warnings.catch_warnings(), redirect_stdout(printed):
            warnings.simplefilter("error")
            exec(compile(code, page.name, "exec"), namespace)
        if expected:
            assert printed.getvalue().strip() == expected.strip()
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
    headings = re.sub(r"[`*]", "", "\n".join(HEADING.findall(prose(page)))).lower()
    return set(re.sub(r"[^\w\- \n]", "", headings).replace(" ", "-").split("\n"))


def links(page):
    """(whether it is a picture, text, file, anchor) of the links within the project."""
    for mark, text, target in LINK.findall(prose(page)):
        if "://" not in target:
            name, _, anchor = unquote(target).partition("#")
            yield bool(mark), text, (page.parent / name if name else page), anchor


@pytest.mark.parametrize(
    "page", WITH_LINKS, ids=[str(page.relative_to(ROOT)) for page in WITH_LINKS]
)
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


def test_tests_and_examples_that_pages_name_are_there():
    named = re.compile(r"\b(?:tests|examples)/[\w/]+\.py")
    texts = [page.read_text(encoding="utf-8") for page in PAGES]
    found = {name for text in texts for name in named.findall(text)}
    assert found
    assert not {name for name in found if not (ROOT / name).is_file()}


def test_a_page_takes_less_than_ten_minutes():
    words = {page.name: len(prose(page).split()) for page in PAGES}
    too_long = {name for name, n in words.items() if n > WORDS_IN_TEN_MINUTES}
    assert too_long <= LOOKED_UP


# What is made of the package


def script(name):
    """A script of the guide, as a module."""
    spec = importlib.util.spec_from_file_location(name, GUIDE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", sorted(REFERENCE))
def test_pages_of_reference_are_what_the_docstrings_say(name):
    page = "\n\n".join(script("reference").PAGES[name]()) + "\n"
    found = (GUIDE / name).read_text(encoding="utf-8")
    assert found == page, "run python examples/guide/reference.py"


def test_every_folder_of_the_package_is_on_the_page_of_how_it_is_built():
    drawn = set(re.findall(r"`((?:\w+/)+)`", (GUIDE / "architecture.md").read_text()))
    package = ROOT / "skmlp"
    folders = {path.parent for path in package.rglob("__init__.py")}
    there = {f"{folder.relative_to(package).as_posix()}/" for folder in folders}
    assert there - {"./", "estimators/"} <= drawn


def test_every_module_is_in_the_house():
    page = (GUIDE / "architecture.md").read_text(encoding="utf-8")
    house = page.partition("\n## The house\n")[2].partition("\n## ")[0]
    drawn = set(re.findall(r"\w+\.py", house))
    there = {path.name for path in (ROOT / "skmlp").rglob("*.py")} - {"__init__.py"}
    assert drawn == there


def table_of_differences(path):
    title = "## Where skmlp differs from scikit-learn, and why\n"
    section = path.read_text(encoding="utf-8").partition(title)[2].partition("\n## ")[0]
    return re.findall(r"^\| .*", section, re.M)


def test_the_table_of_differences_is_in_the_guide_alone():
    assert len(table_of_differences(GUIDE / "switching.md")) > 20
    assert not table_of_differences(README)


@pytest.mark.exhaustive
def test_the_pictures_are_drawn_by_their_script(tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib")
    monkeypatch.setattr("sys.argv", ["pictures.py", str(tmp_path)])
    script("pictures").main()
    drawn = {path.name for path in tmp_path.iterdir()}
    assert drawn == {path.name for path in (GUIDE / "images").iterdir()}
