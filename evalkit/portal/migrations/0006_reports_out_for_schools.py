"""Let a school see the row of a programme's report that is out for schools; SQLite has no policies."""

from django.db import migrations

from evalkit.portal.tenancy import OUT_FOR_SCHOOLS


def put_on(apps, schema_editor):
    """Add the policy."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(OUT_FOR_SCHOOLS)


def take_off(apps, schema_editor):
    """Remove it."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP POLICY out_for_schools ON portal_report")


class Migration(migrations.Migration):
    dependencies = [("portal", "0005_rows_of_rounds")]
    operations = [migrations.RunPython(put_on, take_off)]
