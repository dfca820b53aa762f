"""Errors: four parts, one text, whole across processes, one class per thing to do."""

import inspect
import pickle

import pytest

from reproduce import errors

CLASSES = [
    each
    for _, each in inspect.getmembers(errors, inspect.isclass)
    if issubclass(each, errors.ReproduceError) and each is not errors.ReproduceError
]


def test_the_text_says_what_was_expected_what_came_where_and_what_to_do():
    error = errors.DataNotFoundError(expected="a CT", got="nothing", where="/data", do="name another folder")
    assert str(error) == "expected a CT, got nothing\n  where: /data\n  do:    name another folder"


def test_where_may_be_a_path_and_is_kept_as_text(tmp_path):
    assert errors.CohortError(expected="1", got="0", where=tmp_path, do="look").where == str(tmp_path)


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_each_class_crosses_a_process_boundary_whole(kind):
    error = kind(expected="a", got="b", where="c", do="d")
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is kind
    assert (back.expected, back.got, back.where, back.do, str(back)) == ("a", "b", "c", "d", str(error))


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_each_class_is_named_as_an_error_and_says_when_it_is_raised(kind):
    assert kind.__name__.endswith("Error")
    assert kind.__doc__ != errors.ReproduceError.__doc__


def test_a_part_that_is_missing_is_refused():
    with pytest.raises(TypeError, match="do"):
        errors.CohortError(expected="a", got="b", where="c")


@pytest.mark.parametrize("name", ["Argument", "MetricInput", "Geometry", "Intensity", "Protocol", "Claims"])
def test_a_wrong_argument_is_a_value_error_too(name):
    assert issubclass(getattr(errors, f"{name}Error"), ValueError)


def test_a_path_that_is_not_there_is_a_file_not_found_error_too():
    with pytest.raises(FileNotFoundError, match="expected a CT, got nothing"):
        raise errors.DataNotFoundError(expected="a CT", got="nothing", where="/data", do="name another folder")
