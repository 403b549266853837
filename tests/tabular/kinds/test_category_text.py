"""Which texts are one category in several dresses."""

from skmlp.tabular.kinds.category_text import key_of, numbers_of_keys, one_text_a_key


def test_whole_floats_and_bools_have_the_key_of_the_same_value():
    for texts in (("1", "1.0", "1.000"), ("True", "true", "TRUE"), ("-3", "-3.0")):
        assert len(set(map(key_of, texts))) == 1, texts
    apart = ["1", "01", "1.5", "1.50", "1e0", "a", "A", "a ", "true", "yes", ".0"]
    assert len(set(map(key_of, apart))) == len(apart)


def test_texts_of_one_category_become_equal_and_others_stay_as_they_are():
    assert one_text_a_key(["1", "1.0", "2.0"]) == ["1", "1", "2.0"]
    flags = one_text_a_key(["True", "1", "false", "0.0"])
    assert flags == ["True", "True", "False", "False"]
    assert one_text_a_key(["true", "false"]) == ["true", "false"]
    # beside other categories 1 is not True
    assert one_text_a_key(["True", "1", "2"]) == ["True", "1", "2"]


def test_a_key_of_several_categories_finds_none():
    assert numbers_of_keys({"1.0": 0, "1.00": 1, "2.0": 2, "b": 3}) == {"2": 2}
    flags = numbers_of_keys({"False": 0, "True": 1})
    assert flags == {"false": 0, "0": 0, "true": 1, "1": 1}
