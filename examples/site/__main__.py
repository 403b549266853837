"""Builds the site: `python -m examples.site`, from the repository, in half a minute.

What to see: `examples/site/build/html/index.html`, which opens in a browser from where
it lies, without a server and without a network. Sphinx and what it needs come by
`pip install -e ".[site]"`. Warnings are errors. Examples are shown, not run.
"""

import argparse
import shutil
import sys
from pathlib import Path

from sphinx.cmd.build import build_main

from .sources import lay_out

SITE = Path(__file__).parent


def build(folder):
    """Sphinx's exit code; the pages lie in folder/html."""
    shutil.rmtree(folder, ignore_errors=True)
    sources, pages = folder / "sources", folder / "html"
    lay_out(sources)
    arguments = [
        "-W",
        "--keep-going",
        "-q",
        "-c",
        str(SITE),
        "-d",
        str(folder / "doctrees"),
    ]
    return build_main([*arguments, "-b", "html", str(sources), str(pages)])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=SITE / "build")
    folder = parser.parse_args().folder
    code = build(folder)
    print(folder / "html" / "index.html")
    sys.exit(code)


if __name__ == "__main__":
    main()
