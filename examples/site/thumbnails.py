"""Draws the pictures of the examples: `python -m examples.site.thumbnails [NAME ...]`.

What to see: the names of the files in `examples/images/gallery/`, of all examples or of
those named. An example is run as it stands, and what it would show is saved; of an
example without a picture it is the first lines that it prints. Lines and text have
colours of middle brightness and there is no background, for white pages and dark ones.
"""

import io
import runpy
import sys
import warnings
from contextlib import redirect_stdout
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # draws files, needs no screen

import matplotlib.pyplot as plt
from PIL import Image

from examples.guide.pictures import STYLE

EXAMPLES = Path(__file__).parents[1]
FOLDER = EXAMPLES / "images" / "gallery"
# less of what takes minutes in full
ARGUMENTS = {
    "benchmark": ["--only", "20-100-1", "--rounds", "3"],
    "benchmark_tables": ["--tables", "wine", "diabetes", "--rows", "300"],
    "sparse_text": ["--paragraphs", "1000"],
}
SIZE, DPI = (6.4, 4.0), 110
N_LINES, N_CHARACTERS, N_COLOURS = 24, 66, 128
# more lines than colours that are told apart
LINES = plt.cycler(linestyle=["-", "--"]) * plt.cycler(color=plt.cm.tab10.colors)


def run(name):
    """What the example prints; its pictures are then matplotlib's open figures."""
    printed = io.StringIO()
    sys.argv = [f"{name}.py", *ARGUMENTS.get(name, [])]
    with warnings.catch_warnings(), redirect_stdout(printed):
        runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    return printed.getvalue()


def picture_of_text(text):
    """The first lines, as in a terminal."""
    lines = [line[:N_CHARACTERS] for line in text.splitlines()[:N_LINES]]
    figure = plt.figure(figsize=SIZE)
    figure.text(0.03, 0.96, "\n".join(lines), family="monospace", fontsize=9, va="top")
    return figure


def save(figure, path):
    """As a PNG file of few colours, which is half as large."""
    file = io.BytesIO()
    figure.savefig(file, dpi=DPI, format="png")
    image = Image.open(file)
    image.quantize(N_COLOURS, Image.Quantize.FASTOCTREE).save(path, optimize=True)


def draw(name, folder):
    plt.rcdefaults()
    plt.rcParams.update(STYLE | {"figure.figsize": SIZE, "font.size": 10.0})
    plt.rcParams["axes.prop_cycle"] = LINES
    text = run(name)
    figures = [plt.figure(number) for number in plt.get_fignums()]
    save(figures[0] if figures else picture_of_text(text), folder / f"{name}.png")
    plt.close("all")


def main(folder=FOLDER):
    names = sys.argv[1:] or sorted(path.stem for path in EXAMPLES.glob("*.py"))
    folder.mkdir(exist_ok=True)
    for name in names:
        draw(name, folder)
        print(folder / f"{name}.png", flush=True)


if __name__ == "__main__":
    main()
