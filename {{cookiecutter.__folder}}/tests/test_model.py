import numpy as np
import pytest

from {{ cookiecutter.package_name }} import features, load, model


def test_penguins_without_measurements_are_left_out(penguins):
    measurements, species = features.features(load.load(penguins))

    assert measurements.shape == (342, 4)
    assert not measurements.isna().any().any()
    assert species.value_counts().to_dict() == {"Adelie": 151, "Gentoo": 123, "Chinstrap": 68}


def test_nearly_all_penguins_are_recognised(penguins):
    evaluation = model.evaluate(*features.features(load.load(penguins)))

    assert evaluation.species == ["Adelie", "Chinstrap", "Gentoo"]
    assert evaluation.confusion.sum(axis=1).tolist() == [151, 68, 123]
    assert evaluation.accuracy >= 0.97
    assert min(evaluation.recall.values()) >= 0.94


def test_the_measures_follow_from_the_counts():
    evaluation = model.Evaluation(["a", "b"], np.array([[6, 2], [1, 1]]))

    assert evaluation.accuracy == pytest.approx(0.7)
    assert evaluation.baseline == pytest.approx(0.8)
    assert evaluation.recall == {"a": 0.75, "b": 0.5}
