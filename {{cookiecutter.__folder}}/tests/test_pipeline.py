import hashlib
import json
import re

import pytest

from {{ cookiecutter.package_name }} import __main__, pipeline, report


def test_everything_is_written_and_the_same_each_time(penguins, tmp_path):
    metrics = pipeline.run(penguins, tmp_path / "one", resamples=5)
    again = pipeline.run(penguins, tmp_path / "two", resamples=5)

    written = {path.name: path.read_bytes() for path in (tmp_path / "one").iterdir()}
    assert written.keys() == {"confusion.svg", "metrics.json", "report.html", "scatter.svg"}
    assert metrics == again == json.loads(written["metrics.json"])
    assert metrics["rows"] == 344
    assert sum(map(sum, metrics["confusion"])) == metrics["complete"] == 342
    assert all(
        (tmp_path / "two" / name).read_bytes() == content for name, content in written.items()
    )


def test_the_report_needs_no_other_file(penguins, tmp_path):
    pipeline.run(penguins, tmp_path, resamples=5)
    html = (tmp_path / "report.html").read_text("utf-8")

    sources = re.findall(r"""(?:src|href)=["']([^"']*)""", html)
    assert len(sources) == 2
    assert all(source.startswith("data:image/svg+xml;base64,PD94bWwg") for source in sources)
    assert "http" not in html
    assert all(name in html for name in ("Adelie", "Chinstrap", "Gentoo"))


def test_the_report_escapes_what_it_shows():
    metrics = {
        "rows": 1,
        "complete": 1,
        "accuracy": 1.0,
        "accuracy_interval": [0.9, 1.0],
        "baseline": 1.0,
        "species": {"<script>": 1},
        "recall": {"<script>": 1.0},
        "recall_interval": {"<script>": [0.9, 1.0]},
        "resamples": 1,
        "confusion": [[1]],
        "provenance": {"commit": "<b>"},
    }
    html = report.report(metrics, {"scatter": b"", "confusion": b""})

    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "<b>" not in html


def test_the_report_says_what_it_was_made_from(penguins, tmp_path, monkeypatch):
    (tmp_path / "strata.lock").write_bytes(b"version: 7\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IMAGE_DIGEST", "ghcr.io/me/study@sha256:0123")
    monkeypatch.setenv("GITHUB_SHA", "5ca1ab1e")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    metrics = pipeline.run(penguins, tmp_path / "out")

    html = (tmp_path / "out/report.html").read_text("utf-8")
    digest = hashlib.sha256(b"version: 7\n").hexdigest()
    assert metrics["provenance"] == {
        "commit": "5ca1ab1e",
        "lock": f"sha256:{digest}",
        "image": "ghcr.io/me/study@sha256:0123",
    }
    assert all(text in html for text in metrics["provenance"].values())


def test_the_command_says_what_it_did(penguins, tmp_path, capsys):
    assert __main__.main([f"--data={penguins}", f"--out={tmp_path}", "--resamples=5"]) == 0
    assert "342 penguins" in capsys.readouterr().out


def test_a_missing_file_is_a_wrong_option(tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        __main__.main([f"--data={tmp_path / 'none.csv'}", f"--out={tmp_path}"])

    assert stop.value.code == 2
    assert "no such file" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_a_wrong_option(penguins, tmp_path, capsys):
    (tmp_path / "reports").write_text("a file, not a folder", "utf-8")

    with pytest.raises(SystemExit) as stop:
        __main__.main([f"--data={penguins}", f"--out={tmp_path / 'reports'}"])

    assert stop.value.code == 2
    assert "reports" in capsys.readouterr().err


def test_invalid_data_are_refused_with_their_rows(penguins, tmp_path, capsys):
    file = tmp_path / "bad.csv"
    file.write_text(penguins.read_text("utf-8").replace("Torgersen,39.5", "Java,39.5"), "utf-8")

    assert __main__.main([f"--data={file}", f"--out={tmp_path / 'out'}"]) == 1
    assert "island is none of Biscoe, Dream, Torgersen: row 3" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
