"""Tables in notebooks: HTML that says what the text says."""

import xml.etree.ElementTree as ElementTree

import pytest
from sklearn import config_context

from skmlp import MLPClassifier
from skmlp.estimators.inspection.notebook_table import NotebookTable


class Ages(NotebookTable):
    title = "<ages>"
    numbers = ("age",)
    n_totals = 1

    def _cells(self):
        return [["name", "age"], ["<b>Ann", "3"], ["Bob & Co", "4"], ["all", "7"]]


class Untitled(Ages):
    title = ""
    n_totals = 0


def part(table, name):
    found = ElementTree.fromstring(table._repr_html_()).find(f"table/{name}")
    return None if found is None else [[cell.text for cell in row] for row in found]


def test_the_html_has_the_cells_escaped_and_the_totals_in_the_foot():
    assert part(Ages(), "thead") == [["name", "age"]]
    assert part(Ages(), "tbody") == [["<b>Ann", "3"], ["Bob & Co", "4"]]
    assert part(Ages(), "tfoot") == [["all", "7"]]
    assert "<b>" not in Ages()._repr_html_()


def test_without_title_and_totals_there_is_neither_caption_nor_foot():
    table = ElementTree.fromstring(Untitled()._repr_html_()).find("table")
    assert [child.tag for child in table] == ["thead", "tbody"]
    assert len(part(Untitled(), "tbody")) == 3


def test_columns_of_numbers_are_right_aligned_the_head_too():
    table = ElementTree.fromstring(Ages()._repr_html_()).find("table")
    for row in table.iter("tr"):
        assert [cell.get("class") for cell in row] == [None, "number"]


@pytest.mark.parametrize("display", ["diagram", "text"])
def test_notebooks_show_it_as_scikit_learn_is_told_to_show_estimators(display):
    summary, model = MLPClassifier().summary(4, 3), MLPClassifier()
    with config_context(display=display):
        shown = summary._repr_mimebundle_(include=None, exclude=None)
        assert shown.keys() == model._repr_mimebundle_().keys()
    assert shown["text/plain"] == repr(summary)


def test_the_style_is_of_its_own_tables_alone():
    style = ElementTree.fromstring(Ages()._repr_html_()).find("style").text
    selectors = [line for line in style.splitlines() if "{" in line]
    assert len(selectors) > 5
    assert all(line.startswith(".skmlp-table ") for line in selectors)
