import json

import pytest
from joblib import parallel_config

from {{ cookiecutter.package_name }} import __main__, bootstrap, features, load, model


@pytest.fixture
def data(penguins):
    """Return the measurements and the species."""
    return features.features(load.load(penguins))


def _counts(evaluations):
    return [evaluation.confusion.tolist() for evaluation in evaluations]


def test_each_resample_is_the_same_wherever_it_runs(data):
    one_by_one = bootstrap.evaluations(*data, range(6))
    with parallel_config(n_jobs=2):
        side_by_side = bootstrap.evaluations(*data, range(6))
    alone = bootstrap.evaluations(*data, [4])

    assert _counts(one_by_one) == _counts(side_by_side)
    assert _counts(alone) == _counts(one_by_one[4:5])
    assert len({str(counts) for counts in _counts(one_by_one)}) > 1


def test_copies_of_a_penguin_stay_in_its_fold(data):
    measurements, species = data
    fold = model.folds(measurements, species)
    labels = species.sample(frac=1, random_state=1).set_axis(species.index)  # nothing to learn

    shuffled = bootstrap.Bootstrap(measurements, labels, fold)
    accuracies = [shuffled.evaluate(number).accuracy for number in range(5)]

    assert sum(accuracies) / 5 < 0.5  # 0.7 and more, where models have seen the copies


def test_the_interval_leaves_out_the_extremes():
    assert bootstrap.interval(range(1001)) == [25.0, 975.0]


def test_parts_give_the_same_numbers(penguins, tmp_path, capsys):
    def run(out, *words):
        return __main__.main([f"--data={penguins}", f"--out={out}", "--resamples=5", *words])

    assert run(tmp_path / "whole") == 0
    assert [run(tmp_path / "parts", f"--part={part}/2") for part in (1, 2)] == [0, 0]
    assert not (tmp_path / "parts/report.html").exists()
    assert run(tmp_path / "parts", "--parts=2") == 0

    whole, parts = (tmp_path / name / "metrics.json" for name in ("whole", "parts"))
    assert parts.read_bytes() == whole.read_bytes()
    assert json.loads(whole.read_text("utf-8"))["resamples"] == 5

    (tmp_path / "parts/part-2-of-2.json").unlink()
    with pytest.raises(SystemExit):
        run(tmp_path / "parts", "--parts=2")
    assert "compute it with --part 2/2" in capsys.readouterr().err


def test_a_part_of_other_data_is_refused(penguins, tmp_path, capsys):
    words = [f"--out={tmp_path}", "--resamples=2"]
    file = tmp_path / "less.csv"
    file.write_text("".join(penguins.read_text("utf-8").splitlines(True)[:-9]), "utf-8")
    assert __main__.main([*words, f"--data={file}", "--part=1/1"]) == 0

    with pytest.raises(SystemExit):
        __main__.main([*words, f"--data={penguins}", "--parts=1"])
    assert "is of other data" in capsys.readouterr().err
