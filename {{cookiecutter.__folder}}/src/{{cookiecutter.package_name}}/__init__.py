{% if cookiecutter.example == 'yes' -%}
"""Tell penguin species apart by four measurements.

The steps, one module each: load, validate, features, model, bootstrap, figures, report.
``pipeline`` runs them in order, and so does ``python -m {{ cookiecutter.package_name }}``, on the
machines that ``cluster`` finds.
"""
{%- else -%}
"""The code of the project: tests and notebooks import it."""
{%- endif %}
