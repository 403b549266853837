"""Columns of dates, times of day and durations, and the numbers that they become."""

import numpy as np

from skmlp.tabular.columns import DATES, DURATIONS, TIMES
from skmlp.tabular.date_text import (
    DAY,
    calendar,
    circle,
    is_duration,
    is_moment,
    is_time,
    read_duration,
    read_iso_date,
    read_iso_time,
    seconds_of_duration,
    seconds_since_epoch,
    seconds_since_midnight,
)
from skmlp.tabular.kinds.kind import Readable
from skmlp.tabular.number_text import NEARLY_ALL


class _Temporal(Readable):
    """What dates, times and durations have in common: they are read as seconds."""

    def of_column(self, column):
        return column.seconds()

    @classmethod
    def learn(cls, look):
        if look.chosen:
            return None
        self = cls()
        if look.column.kind in self.letters:
            return self._learned(look)
        if not look.types or not all(map(self.has_type, look.other_types)):
            return None
        if look.texts and not (look.is_free and self._learn_text(look)):
            return None
        return self._learned(look) if look.texts or look.other_types else None

    def _learn_text(self, look):
        """Whether nearly all texts can be read."""
        read = {text for text in look.texts if self.of_text(text) is not None}
        n_read = sum(look.texts[text] for text in read) + look.n_others
        n_there = sum(look.texts.values()) + look.n_others
        if not read or n_read < NEARLY_ALL * n_there:
            return False
        self.read_as += " as text"
        self.notes.append(f"{n_read} of {n_there} values read")
        self.leave_unread(look.texts.keys() - read)
        return True

    def _learned(self, look):
        """The kind itself, after a look at the training values."""
        return self


class Dates(_Temporal):
    """Dates, with times or without: what people make of them by hand.

    Days since the first training date, the year, month and weekday as cycles, and the
    hour as a cycle if some training date has a time. Zones go to UTC.
    """

    read_as = "dates"
    letters = DATES
    expected = "dates, as in fit"
    suffixes = (
        "_days",
        "_year",
        "_month_sin",
        "_month_cos",
        "_weekday_sin",
        "_weekday_cos",
    )
    has_type = staticmethod(is_moment)
    of_value = staticmethod(seconds_since_epoch)
    of_text = staticmethod(read_iso_date)

    def _learned(self, look):
        seconds = self.values(look.column)
        present = seconds[~np.isnan(seconds)]
        self.first = present.min(initial=np.inf) if len(present) else 0.0
        self.has_times = bool(np.any(present % DAY))
        if self.has_times:
            self.suffixes = (*self.suffixes, "_hour_sin", "_hour_cos")
        return self

    def read(self, column):
        seconds = self.values(column)
        years, months, weekdays, hours = calendar(seconds)
        days = (seconds - self.first) / DAY
        parts = [days, years, *circle(months, 12), *circle(weekdays, 7)]
        if self.has_times:
            parts += circle(hours, 24)
        return np.column_stack(parts)


class TimesOfDay(_Temporal):
    """Times without a date: the hour, also as a cycle."""

    read_as = "times of day"
    letters = TIMES
    expected = "times of day, as in fit"
    suffixes = ("_hour", "_hour_sin", "_hour_cos")
    has_type = staticmethod(is_time)
    of_value = staticmethod(seconds_since_midnight)
    of_text = staticmethod(read_iso_time)

    def read(self, column):
        hours = self.values(column) / 3600.0
        return np.column_stack([hours, *circle(hours, 24)])


class Durations(_Temporal):
    """Durations in seconds."""

    read_as = "durations"
    letters = DURATIONS
    expected = "durations, as in fit"
    suffixes = ("_seconds",)
    has_type = staticmethod(is_duration)
    of_value = staticmethod(seconds_of_duration)
    of_text = staticmethod(read_duration)

    def read(self, column):
        return self.values(column)
