"""Each file of the corpus becomes what its row says, and the documentation shows the rows."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from conda_strata.core.errors import ManifestError
from conda_strata.spec import manifest as manifests
from tests.corpus import table
from tests.corpus.case import Case


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("STRATA_ALLOW_HTTP", raising=False)
    return tmp_path


@pytest.mark.parametrize("case", table.CASES, ids=lambda case: case.title.replace(" ", "-"))
def test_file(case: Case, project: Path, caplog: pytest.LogCaptureFixture) -> None:
    content = case.text if isinstance(case.text, bytes) else case.text.encode()
    (project / "environment.yml").write_bytes(content)
    for name, text in case.files.items():
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text(text, "utf-8")
    files = manifests.find(Path())
    if case.specs is None:
        with pytest.raises(ManifestError) as refused:
            manifests.load(files)
        text = f"{refused.value.what}\n  {refused.value.fix}"
        assert text.startswith("environment.yml")
        assert case.said in text
        return
    with caplog.at_level(logging.WARNING):
        read = manifests.load(files)
    lists = [*read.environments.values(), *read.pip.values()]
    assert tuple(spec.text for specs in lists for spec in specs) == case.specs
    assert case.said in caplog.text
    assert bool(caplog.text) == bool(case.said)


def test_rows_say_why_where_the_two_differ() -> None:
    differing = [case for case in table.CASES if case.conda != case.strata]
    assert [case.title for case in differing if not case.why] == []
    assert len({case.title for case in table.CASES}) == len(table.CASES) >= 80


def test_table_is_in_the_documentation() -> None:
    page = table.PAGE.read_text("utf-8")
    assert page == table.with_table(page), "python -m tests.corpus.table"
