"""The site: each example and public name has its place, and no link is dead."""

import functools
import http.server
import importlib
import os
import re
import shutil
import subprocess
import sys
import threading
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
SCRIPTS = sorted(path.stem for path in EXAMPLES.glob("*.py"))
README = (EXAMPLES / "README.md").read_text(encoding="utf-8")
ROW = re.compile(
    r'^\| <img src="images/gallery/(\w+)\.png" width="\d+" alt="([^"]+)"> '
    r"\| \*\*\[(.+)\]\((\w+)\.py\)\*\*<br>.+ \|$",
    re.M,
)
ROWS = {
    name: (picture, alt, title) for picture, alt, title, name in ROW.findall(README)
}
# a title is one sentence on the first line, then comes what there is to see
DOCSTRING = re.compile(r'"""(.{10,90})\.\n\n(.*?)"""', re.S)


@pytest.fixture
def site_modules(monkeypatch):
    """`examples.site`, which lies beside the package and is not installed."""
    monkeypatch.syspath_prepend(ROOT)
    return lambda name: importlib.import_module(f"examples.site.{name}")


# The list of examples


def test_each_example_is_listed_once_by_task():
    assert sorted(ROWS) == SCRIPTS
    assert README.count("<img") == len(ROWS)
    assert len(re.findall(r"^## ", README, re.M)) > 3


@pytest.mark.parametrize("name", SCRIPTS)
def test_each_example_has_a_title_a_picture_and_says_what_to_see(name):
    picture, alt, listed = ROWS[name]
    title, text = DOCSTRING.match((EXAMPLES / f"{name}.py").read_text()).groups()
    assert title == listed
    assert re.search(r"\b[Ss]ee\b", text)
    file = EXAMPLES / "images" / "gallery" / f"{picture}.png"
    assert picture == name and len(alt) > 40
    assert file.stat().st_size < 40_000


def test_there_are_pictures_of_no_other_examples():
    pictures = (EXAMPLES / "images" / "gallery").iterdir()
    assert sorted(path.stem for path in pictures) == SCRIPTS


# The reference


IMPORT = re.compile(r"^ *from (skmlp[\w.]*) import (\([^)]*\)|.*)$", re.M)


def imported_names():
    """Full names that the guide, the README and the examples take from the package."""
    paths = [ROOT / "README.md", *EXAMPLES.rglob("*.md"), *EXAMPLES.glob("*.py")]
    for path in paths:
        for module, names in IMPORT.findall(path.read_text(encoding="utf-8")):
            for name in re.findall(r"(\w+)(?: as \w+)?(?:,|$)", names.strip("()\n ")):
                yield f"{module}.{name}"


def test_the_reference_has_each_name_that_guide_and_examples_use(site_modules):
    names = site_modules("public_names")
    documented = {n for s in names.SECTIONS for part in names.names_of(s) for n in part}
    used = set(imported_names())
    assert len(used) > 30
    assert used <= documented


def test_the_reference_has_each_name_of_the_package_once(site_modules):
    names = site_modules("public_names")
    documented = [n for s in names.SECTIONS for part in names.names_of(s) for n in part]
    assert len(documented) == len(set(documented))
    for module in "skmlp", "skmlp.tabular", "skmlp.plot", "skmlp.network":
        public = set(importlib.import_module(module).__all__) - {"__version__"}
        found = {name.rpartition(".")[2] for name in documented}
        assert public <= found


# What Sphinx reads


def test_links_lead_to_pages_of_the_site_and_code_stays_as_it_is(site_modules):
    sources = site_modules("sources")
    page = EXAMPLES / "guide" / "neuron.md"
    places = {page: "guide/neuron.md", EXAMPLES / "xor.py": "gallery/start/xor.rst"}
    text = (
        "[a](neuron.md#xor) [b](../xor.py) [c](reference.py) [d](https://e.org/f) "
        "![p](images/xor.png)\n```python\nf[0](x)\n```\n"
    )
    assert sources.with_links_of_the_site(text, page.parent, places) == (
        "[a](/guide/neuron.md#xor) [b](/gallery/start/xor.rst) c [d](https://e.org/f) "
        "![p](/guide/images/xor.png)\n```python\nf[0](x)\n```\n"
    )


# The built site


class Page(HTMLParser):
    """The ids of a page, where it leads to, and what it loads."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.loaded = set(), [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids |= {attrs[key] for key in ("id", "name") if attrs.get(key)}
        if tag == "a" and attrs.get("href"):
            self.links.append(attrs["href"])
        if tag in ("script", "img", "iframe") and attrs.get("src"):
            self.loaded.append(attrs["src"])
        if tag == "link" and attrs.get("rel") in ("stylesheet", "icon", "preload"):
            self.loaded.append(attrs["href"])


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the built pages; a warning of the build is an error."""
    for needed in "sphinx", "sphinx_gallery", "numpydoc", "myst_parser", "matplotlib":
        pytest.importorskip(needed)
    pytest.importorskip("pydata_sphinx_theme")
    folder = tmp_path_factory.mktemp("site")
    run = subprocess.run(
        [sys.executable, "-m", "examples.site", str(folder / "build")],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr[-5000:]
    return folder / "build" / "html"


@pytest.fixture(scope="module")
def pages(site):
    return {
        path: Page(path) for path in site.rglob("*.html") if "_static" not in path.parts
    }


def local(path, target):
    """(file, anchor) within the site; None for what is elsewhere."""
    if re.match(r"[a-z]+:", target):
        return None
    name, _, anchor = unquote(target).partition("#")
    file = (path.parent / name.partition("?")[0]).resolve() if name else path
    return file, anchor


@pytest.mark.exhaustive
def test_no_link_within_the_site_is_dead(pages):
    assert len(pages) > 100
    for path, page in pages.items():
        for found in filter(None, (local(path, link) for link in page.links)):
            file, anchor = found
            assert file.is_file(), f"{path.name}: {file}"
            if anchor and file in pages:
                assert anchor in pages[file].ids, f"{path.name}: {file.name}#{anchor}"


@pytest.mark.exhaustive
def test_pages_load_nothing_from_elsewhere(pages):
    for path, page in pages.items():
        for target in page.loaded:
            found = local(path, target)
            assert found and found[0].is_file(), f"{path.name}: {target}"


@pytest.mark.exhaustive
def test_all_pages_and_all_public_names_are_reached_from_the_first_one(
    site, pages, site_modules
):
    reached, left = set(), [site / "index.html"]
    while left:
        path = left.pop()
        reached.add(path)
        targets = filter(None, (local(path, link) for link in pages[path].links))
        left += {file for file, _ in targets if file in pages} - reached - set(left)
    guide = {path.stem for path in EXAMPLES.glob("guide/*.md")} - {"README"}
    assert {site / f"guide/{name}.html" for name in guide} <= reached
    ids = set().union(*(pages[path].ids for path in reached))
    names = site_modules("public_names")
    documented = {n for s in names.SECTIONS for part in names.names_of(s) for n in part}
    assert documented <= ids


@pytest.mark.exhaustive
def test_a_page_of_the_reference_leads_to_the_examples_that_use_the_name(pages, site):
    page = pages[site / "reference/generated/skmlp.MLPClassifier.html"]
    examples = {Path(link.partition("#")[0]).stem for link in page.links}
    assert {"quickstart", "xor"} <= examples


# In a browser


@pytest.fixture(scope="module")
def browser():
    selenium = pytest.importorskip("selenium.webdriver")
    driver = shutil.which("chromedriver")
    if driver is None:
        pytest.skip("there is no chromedriver")
    options = selenium.ChromeOptions()
    for argument in "--headless=new", "--no-sandbox", "--disable-gpu":
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = selenium.ChromeService(driver)
    with selenium.Chrome(options=options, service=service) as chrome:
        chrome.implicitly_wait(30)
        yield chrome


@pytest.fixture(scope="module")
def address(site):
    """Where a server on this machine shows the site."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    handler = functools.partial(Quiet, directory=str(site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def errors(chrome):
    return [line for line in chrome.get_log("browser") if line["level"] == "SEVERE"]


SEEN = {
    "index.html": "skmlp",
    "guide/switching.html": "Switching from scikit-learn",
    "reference/generated/skmlp.MLPClassifier.html": "MLPClassifier",
    "gallery/index.html": "Examples",
}


@pytest.mark.exhaustive
@pytest.mark.parametrize("from_file", [False, True], ids=["server", "file"])
def test_pages_show_and_lead_on_without_an_error(browser, address, site, from_file):
    base = site.as_uri() + "/" if from_file else address
    for page, title in SEEN.items():
        for width in 1280, 390:
            browser.set_window_size(width, 900)
            browser.get(base + page)
            assert title in browser.title
            assert browser.find_element("css selector", "h1").text.startswith(title)
            wide = "return document.documentElement.scrollWidth - innerWidth"
            assert browser.execute_script(wide) <= 0
            assert not errors(browser)
    browser.set_window_size(1280, 900)
    browser.get(base + "index.html")
    browser.find_element("partial link text", "Guide").click()
    assert "The guide" in browser.title


@pytest.mark.exhaustive
def test_the_search_finds_early_stopping(browser, address):
    browser.get(address + "search.html?q=early_stopping")
    found = "#search-results a[href*='guide/early-stopping']"
    assert browser.find_element("css selector", found).is_displayed()
    assert not errors(browser)


@pytest.mark.exhaustive
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_follow_the_readers_light_or_dark(browser, address, scheme):
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    browser.get(address + "index.html")
    assert browser.execute_script("return document.documentElement.dataset.theme") == (
        scheme
    )
