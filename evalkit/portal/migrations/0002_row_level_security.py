"""Put the policies of `tenancy` on the guarded tables; a database without policies (SQLite) stays as it is."""

from django.db import migrations

from evalkit.portal.tenancy import policies

TABLES = ("portal_participation", "portal_surveyupload", "portal_job", "portal_datarelease", "portal_report")


def put_on(apps, schema_editor):
    """Add the policies."""
    if schema_editor.connection.vendor == "postgresql":
        for statement in policies(TABLES):
            schema_editor.execute(statement)


def take_off(apps, schema_editor):
    """Remove them."""
    if schema_editor.connection.vendor == "postgresql":
        for table in TABLES:
            schema_editor.execute(f"DROP POLICY own_rows ON {table}")
            schema_editor.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
            schema_editor.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")


class Migration(migrations.Migration):
    dependencies = [("portal", "0001_initial")]
    operations = [migrations.RunPython(put_on, take_off)]
