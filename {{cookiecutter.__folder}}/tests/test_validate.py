import pytest

from {{ cookiecutter.package_name }} import load, validate


def test_the_table_that_ships_is_valid(penguins):
    table = validate.validate(load.load(penguins))

    assert table.shape == (344, 8)
    assert table["species"].value_counts().to_dict() == {
        "Adelie": 152,
        "Gentoo": 124,
        "Chinstrap": 68,
    }


@pytest.mark.parametrize(
    ("column", "value", "problem"),
    [
        ("species", "Emperor", "species is none of Adelie, Chinstrap, Gentoo: row 5"),
        ("island", None, "island is missing: row 5"),
        ("sex", "unknown", "sex is none of female, male: row 5"),
        ("body_mass_g", -1, "body_mass_g is no number from 1000 to 10000: row 5"),
        ("bill_depth_mm", "deep", "bill_depth_mm is no number from 5 to 40: row 5"),
        ("year", 1907, "year is no number from 2007 to 2009: row 5"),
    ],
)
def test_a_wrong_value_is_found_with_its_row(penguins, column, value, problem):
    table = load.load(penguins).astype(object)
    table.loc[3, column] = value

    assert list(validate.problems(table)) == [problem]


def test_all_problems_are_found_at_once(penguins):
    table = load.load(penguins)
    table["year"] = 0
    table.loc[0, "island"] = "Java"

    with pytest.raises(validate.InvalidDataError) as caught:
        validate.validate(table)

    assert caught.value.problems == [
        "island is none of Biscoe, Dream, Torgersen: row 2",
        "year is no number from 2007 to 2009: row 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 334 more",
    ]


def test_a_missing_column_is_named(penguins):
    table = load.load(penguins).drop(columns=["sex", "year"])

    assert list(validate.problems(table)) == ["missing columns: sex, year"]


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2,3\n4,5,6,7\n", b"\xff\xfe"])
def test_a_file_that_is_no_table_is_refused(tmp_path, content):
    file = tmp_path / "table.csv"
    file.write_bytes(content)

    with pytest.raises(validate.InvalidDataError):
        validate.validate(load.load(file))
