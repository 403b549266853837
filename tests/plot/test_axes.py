"""Without matplotlib the displays are there, and drawing says what to install."""

import subprocess
import sys

import skmlp.plot

# each display with the least it draws
DISPLAYS = {
    "GradientFlowDisplay": "np.ones((4, 2))",
    "LossCurveDisplay": "{'fit': {'loss': [1.0]}}",
    "NetworkDisplay": "[np.ones((2, 3))]",
    "WeightsDisplay": "np.ones((4, 2))",
}
WITHOUT_MATPLOTLIB = """
import sys

sys.modules["matplotlib"] = None
import numpy as np
from skmlp import plot

for display in ({displays}):
    try:
        display.plot()
    except ImportError as error:
        print(error)
"""


def said_by(code):
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_every_display_is_here():
    assert sorted(DISPLAYS) == skmlp.plot.__all__


def test_without_matplotlib_drawing_names_the_extra():
    displays = ", ".join(f"plot.{name}({data})" for name, data in DISPLAYS.items())
    lines = said_by(WITHOUT_MATPLOTLIB.format(displays=displays)).splitlines()
    for name, line in zip(DISPLAYS, lines, strict=True):
        assert line.startswith(name) and 'pip install "skmlp[plot]"' in line


def test_importing_the_displays_does_not_import_matplotlib():
    code = "import sys, skmlp.plot; print('matplotlib' in sys.modules)"
    assert said_by(code).strip() == "False"
