"""Tables in notebooks, in the looks of scikit-learn's estimators."""

from html import escape

from sklearn import get_config

# Boxes are light with black text on dark pages, too, as those of scikit-learn are. The
# selectors outweigh those by which notebooks dress every table.
STYLE = """<style>
.skmlp-table { overflow-x: auto; }
.skmlp-table table.skmlp {
  border-collapse: separate; border-spacing: 0; border: 1px dotted gray;
  border-radius: 0.25em; background: #f0f8ff; color: #000;
  font-family: monospace; font-size: 0.9em; margin: 0.5em 0;
}
.skmlp-table table.skmlp caption {
  caption-side: top; text-align: left; background: #b2dbfd; color: #000;
  padding: 0.4em 0.7em; font-weight: bold;
}
.skmlp-table table.skmlp tr { background: #f0f8ff; }
.skmlp-table table.skmlp tbody tr:hover { background: #d4ebff; }
.skmlp-table table.skmlp :is(th, td) {
  background: none; border: 0; color: #000; padding: 0.25em 0.7em;
  text-align: left; vertical-align: top;
}
.skmlp-table table.skmlp thead th { border-bottom: 1px solid cornflowerblue; }
.skmlp-table table.skmlp tfoot td { border-top: 1px solid cornflowerblue; }
.skmlp-table table.skmlp .number { text-align: right; }
</style>"""


class NotebookTable:
    """Base of objects that print as a table, and that notebooks show as one.

    title : above the table.
    numbers : names of the columns that are right-aligned.
    n_totals : last rows that are below a rule.
    """

    title = ""
    numbers = ()
    n_totals = 0

    def _cells(self):
        """The rows as text, the names of the columns first."""
        raise NotImplementedError

    def _repr_html_(self):
        head, *rows = self._cells()
        classes = [' class="number"' * (name in self.numbers) for name in head]
        stop = len(rows) - self.n_totals
        parts = {"thead": [head], "tbody": rows[:stop], "tfoot": rows[stop:]}
        inner = "".join(_part(*item, classes) for item in parts.items() if item[1])
        caption = f"<caption>{escape(self.title)}</caption>" if self.title else ""
        table = f'<table class="skmlp">{caption}{inner}</table>'
        return f'<div class="skmlp-table">{STYLE}{table}</div>'

    def _repr_mimebundle_(self, **kwargs):
        """Text, and HTML unless scikit-learn is told to display text."""
        bundle = {"text/plain": repr(self)}
        if get_config()["display"] == "diagram":
            bundle["text/html"] = self._repr_html_()
        return bundle


def _part(name, rows, classes):
    tag = "th" if name == "thead" else "td"
    return f"<{name}>{''.join(_row(row, classes, tag) for row in rows)}</{name}>"


def _row(cells, classes, tag):
    inner = (
        f"<{tag}{mark}>{escape(cell)}</{tag}>"
        for cell, mark in zip(cells, classes, strict=True)
    )
    return f"<tr>{''.join(inner)}</tr>"
