"""Schools, and clusters of schools, of one group that was measured before and after."""

from evalkit.records.characteristic import Characteristic
from evalkit.records.instrument_parts import Identifier
from evalkit.records.outcome import PupilFilter
from evalkit.records.spec_file import Spec
from evalkit.records.trial import Column


class Clusters(Spec):
    """Pupils in schools, and schools in hubs (a trust, a local cluster) where there are several.

    school, hub : how the columns are headed
    target : pupils for whom the programme is meant, by a subgroup of the plan; they are set beside the other pupils of
        their own school
    """

    school: Column = Column()
    hub: Column | None = None
    hub_name: Identifier = "hub"
    target: PupilFilter | None = None

    @property
    def facts(self) -> tuple[Characteristic, ...]:
        """School and hub as columns of the pupil files."""
        school = Characteristic(id="school", label="School", headers=self.school.headers)
        if self.hub is None:
            return (school,)
        return (
            school,
            Characteristic(id="hub", label=self.hub_name.replace("_", " ").capitalize(), headers=self.hub.headers),
        )
