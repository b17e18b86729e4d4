"""Put the policies of `tenancy` on the rounds of answering online, as 0002 did on the tables before it."""

from django.db import migrations

from evalkit.portal.tenancy import policies

TABLE = "portal_answeringround"


def put_on(apps, schema_editor):
    """Add the policy."""
    if schema_editor.connection.vendor == "postgresql":
        for statement in policies([TABLE]):
            schema_editor.execute(statement)


def take_off(apps, schema_editor):
    """Remove it."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP POLICY own_rows ON {TABLE}")
        schema_editor.execute(f"ALTER TABLE {TABLE} NO FORCE ROW LEVEL SECURITY")
        schema_editor.execute(f"ALTER TABLE {TABLE} DISABLE ROW LEVEL SECURITY")


class Migration(migrations.Migration):
    dependencies = [("portal", "0004_answering_rounds")]
    operations = [migrations.RunPython(put_on, take_off)]
