from __future__ import annotations

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from rattler import BuildString, MatchSpec, PackageRecord

from rig import RigError
from rig.channel.depends import conda_name, depends, locked_extras, match_spec, version_spec

LINUX = {"python_version": "3.11", "python_full_version": "3.11.7", "sys_platform": "linux"}


@pytest.mark.parametrize(
    ("project", "expected"),
    [
        pytest.param("scikit_learn", "scikit-learn", id="normalised"),
        pytest.param("Jinja2", "jinja2", id="lower-case"),
        pytest.param("matplotlib", "matplotlib-base", id="conda-forge splits it"),
        pytest.param("duckdb", "python-duckdb", id="conda-forge has the library too"),
        pytest.param("typing-extensions", "typing_extensions", id="underscore"),
        pytest.param("prompt_toolkit", "prompt-toolkit", id="hyphen"),
    ],
)
def test_projects_get_their_conda_forge_names(project: str, expected: str) -> None:
    assert conda_name(project) == expected


@pytest.mark.parametrize(
    ("specifier", "expected"),
    [
        ("", ""),
        (">=1,<2", "<2,>=1"),
        ("==1.2", "==1.2"),
        ("==1.2.*", "1.2.*"),
        ("!=5.0.*,>=4.12", "!=5.0.*,>=4.12"),
        ("~=1.4.2", "~=1.4.2"),
        ("===1.0", "==1.0"),
        (">=2.5.0.dev0,<3", "<3,>=2.5.0.dev0"),
    ],
)
def test_version_constraints_are_ones_that_rattler_reads(specifier: str, expected: str) -> None:
    spec = version_spec(SpecifierSet(specifier))
    assert spec == expected
    assert MatchSpec(f"name {spec}".strip(), strict=True).name is not None


@pytest.mark.parametrize("specifier", ["==1.2.*", "~=1.4.2", "!=1.5.0", ">=1.4,<1.6", "===1.4.9"])
@pytest.mark.parametrize("version", ["1.2", "1.2.7", "1.4.2", "1.4.9", "1.5.0", "1.6", "2.0"])
def test_a_constraint_admits_the_same_versions_on_both_sides(specifier: str, version: str) -> None:
    spec = MatchSpec(f"name {version_spec(SpecifierSet(specifier))}", strict=True)
    record = PackageRecord("name", version, BuildString("py_0"), 0, "noarch")
    assert spec.matches(record) == SpecifierSet(specifier).contains(version)


def test_markers_are_those_of_the_interpreter() -> None:
    requirements = [
        Requirement("always>=1"),
        Requirement("old; python_version < '3.11'"),
        Requirement("recent; python_full_version >= '3.11.7'"),
        Requirement("windows; sys_platform == 'win32'"),
        Requirement("optional; extra == 'more'"),
    ]
    assert depends("tiny", requirements, [], LINUX) == ["always >=1", "recent"]


def test_extras_asked_for_become_plain_dependencies() -> None:
    requirements = [
        Requirement("base"),
        Requirement("numbers>=2; extra == 'array'"),
        Requirement("tiny[array]; extra == 'frame'"),
        Requirement("frames; extra == 'frame'"),
        Requirement("never; extra == 'all'"),
    ]
    found = depends("tiny", requirements, ["frame"], LINUX)
    assert found == ["base", "frames", "numbers >=2"]


def test_a_requirement_with_extras_is_one_on_the_package() -> None:
    assert match_spec(Requirement("jsonschema[format-nongpl]>=4.18")) == "jsonschema >=4.18"


def test_a_url_is_refused() -> None:
    with pytest.raises(RigError, match="URL"):
        match_spec(Requirement("tiny @ https://example.org/tiny.whl"))


def test_the_lock_tells_the_extras() -> None:
    lock = """\
# comment
dask[array, dataframe]==2026.8.0 \\
    --hash=sha256:00
    # via -r requirements.in
colorama==0.4.6 ; sys_platform == 'win32' \\
    --hash=sha256:01
"""
    assert locked_extras(lock) == {"dask": {"array", "dataframe"}, "colorama": set()}
