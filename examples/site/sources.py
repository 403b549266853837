"""Lays out what Sphinx reads: the guide, the examples by task, the reference.

The pages of the guide and the examples stay what they are in the repository, where
their links lead to files. Here these links lead to pages of the site.
"""

import re
import shutil
from pathlib import Path

from .public_names import SECTIONS, names_of

SITE = Path(__file__).parent
EXAMPLES = SITE.parent
ROOT = EXAMPLES.parent
README = ROOT / "README.md"
LINK = re.compile(r"\[([^\]]*)\]\(([^)\s:#]+)(#[^)]*)?\)")
FENCED = re.compile(r"(^```.*?^```$)", re.M | re.S)
TASK = re.compile(r"^## (.*)\n\n((?:.*\n)*?)(?=## |\Z)", re.M)
PICTURE = re.compile(r'<img src="images/gallery/(\w+)\.png"[^>]* alt="([^"]*)"')


def tasks():
    """{task: names of its examples}, as examples/README.md lists them."""
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    return {
        title: list(dict.fromkeys(re.findall(r"\((\w+)\.py\)", part)))
        for title, part in TASK.findall(text)
    }


def pictures():
    """{example: what its picture shows, for who can't see it}."""
    return dict(PICTURE.findall((EXAMPLES / "README.md").read_text(encoding="utf-8")))


def slug(title):
    return re.sub(r"\W+", "_", title.lower())


def places():
    """{file of the repository: page of the site, from its root}."""
    found = {ROOT / "CHANGELOG.md": "changes.md"}
    found[EXAMPLES / "README.md"] = "gallery/index.rst"
    for page in (EXAMPLES / "guide").glob("*.md"):
        name = "index.md" if page.name == "README.md" else page.name
        found[page] = f"guide/{name}"
    for task, names in tasks().items():
        for name in names:
            found[EXAMPLES / f"{name}.py"] = f"gallery/{slug(task)}/{name}.rst"
    return found


def with_links_of_the_site(text, folder, found):
    """The page's text, its links as from the root of the site.

    Links to files that have no page stay words.
    """

    def replaced(match):
        words, target, anchor = match[1], match[2], match[3] or ""
        path = (folder / target).resolve()
        if path == README:
            return f"[{words}](/index.md)"
        if path in found:
            return f"[{words}](/{found[path]}{anchor})"
        is_picture = path.suffix == ".png"
        return f"[{words}](/{path.relative_to(EXAMPLES)})" if is_picture else words

    parts = FENCED.split(text)  # every other one is a block of code
    parts[::2] = [LINK.sub(replaced, part) for part in parts[::2]]
    return "".join(parts)


def lay_out_pages(folder):
    found = places()
    for source, target in found.items():
        if target.endswith(".md"):
            text = source.read_text(encoding="utf-8")
            path = folder / target
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(with_links_of_the_site(text, source.parent, found))
    for images in "images", "guide/images":
        shutil.copytree(EXAMPLES / images, folder / images)
    shutil.copytree(SITE / "pages", folder, dirs_exist_ok=True)
    add_contents(folder / "guide" / "index.md")


def add_contents(path):
    """The guide's first page as a tree: its lists, in their order, for the sidebar."""
    text = path.read_text(encoding="utf-8")
    trees = []
    for title, part in re.findall(r"^## (.*)\n((?:.*\n)*?)(?=## |\Z)", text, re.M):
        pages = "\n".join(re.findall(r"\]\((/guide/[\w-]+)\.md\)", part))
        trees.append(f"```{{toctree}}\n:hidden:\n:caption: {title}\n\n{pages}\n```")
    path.write_text(text + "\n" + "\n\n".join(trees) + "\n", encoding="utf-8")


def for_the_gallery(name, code):
    """The docstring's first line as the heading of the page; where its picture is."""
    title, text, rest = re.match(r'"""(.*?)\.\n(.*?)"""(.*)', code, re.S).groups()
    text = re.sub(r"^\n(?=    \S)", "\n::\n\n", text, flags=re.M)  # commands
    thumbnail = f"# sphinx_gallery_thumbnail_path = 'images/gallery/{name}.png'\n"
    return f'"""\n{title}\n{"=" * len(title)}\n{text}"""{rest}\n{thumbnail}'


def lay_out_examples(folder):
    """A folder for each task, which become the sections of the gallery."""
    write_heading(folder, "Examples", "Scripts that run in seconds, by task.")
    for task, names in tasks().items():
        write_heading(folder / slug(task), task, "")
        for name in names:
            code = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8")
            (folder / slug(task) / f"{name}.py").write_text(for_the_gallery(name, code))


def write_heading(folder, title, text):
    folder.mkdir(parents=True)
    heading = f"{title}\n{'=' * len(title)}\n\n{text}\n"
    (folder / "GALLERY_HEADER.rst").write_text(heading, encoding="utf-8")


def lay_out_reference(folder):
    """A page with a table of names for each module; autosummary writes the others."""
    folder.mkdir()
    for section in SECTIONS:
        (folder / f"{section.page}.rst").write_text(reference_page(section))
    pages = "\n   ".join(section.page for section in SECTIONS)
    rows = "\n".join(f"- :doc:`{section.page}`: {section.text}" for section in SECTIONS)
    tree = f".. toctree::\n   :hidden:\n\n   {pages}\n"
    text = f"API reference\n=============\n\n{rows}\n\n{tree}"
    (folder / "index.rst").write_text(text, encoding="utf-8")


def reference_page(section):
    kinds, tables = names_of(section)
    title = section.title
    lines = [title, "=" * len(title), "", section.text[0].upper() + section.text[1:]]
    lines += ["", ".. autosummary::", "   :toctree: generated", "   :nosignatures:", ""]
    lines += [f"   {name}" for name in kinds]
    for name in tables:
        lines += ["", f".. autodata:: {name}", "   :no-value:"]
    return "\n".join(lines) + "\n"


def lay_out(folder):
    lay_out_pages(folder)
    lay_out_examples(folder / "scripts")
    lay_out_reference(folder / "reference")
