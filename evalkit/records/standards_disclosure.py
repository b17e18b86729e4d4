"""The disclosure profiles of `standards.yaml`: which numbers about pupils may be shown to whom."""

import math
from typing import Literal

from evalkit.records.spec_file import Spec
from evalkit.records.standards_threshold import Threshold

ProfileName = Literal["internal", "standard", "public"]


class DisclosureProfile(Spec):
    """The rules for one kind of reader.

    Hand its values to `evalkit.stats.disclosure`: `threshold=profile.threshold, zeros=profile.zeros,
    round_to=profile.rounding` for counts; `mean_is_safe(n, profile.mean_base)` for means, SDs and medians;
    `proportion_is_safe(part, whole, profile.threshold, base=profile.share_base)` for percentages.
    """

    for_whom: str
    smallest_count: Threshold
    zeros_hidden: Threshold
    smallest_mean_base: Threshold
    smallest_share_base: Threshold
    round_to: Threshold

    @property
    def threshold(self) -> int:
        """The smallest count that is shown."""
        return int(self.smallest_count.value)

    @property
    def zeros(self) -> bool:
        """Whether zeros are hidden like small counts."""
        return self.zeros_hidden.value == 1

    @property
    def mean_base(self) -> int:
        """The fewest pupils that a mean, SD or median may rest on."""
        return int(self.smallest_mean_base.value)

    @property
    def share_base(self) -> float:
        """The smallest denominator of a percentage."""
        return self.smallest_share_base.value

    @property
    def one_threshold(self) -> int:
        """The one threshold that meets every rule of the profile: a share needs its count and the rest to reach it."""
        return max(self.threshold, self.mean_base, math.ceil(self.share_base / 2))

    @property
    def rounding(self) -> int:
        """Counts are shown as multiples of this; 1: as they are."""
        return int(self.round_to.value)


class DisclosureStandards(Spec):
    """The three profiles, and how wide a range must remain for every hidden count."""

    protection: Threshold
    internal: DisclosureProfile
    standard: DisclosureProfile
    public: DisclosureProfile

    def profile(self, name: ProfileName) -> DisclosureProfile:
        """The profile with this name."""
        return {"internal": self.internal, "standard": self.standard, "public": self.public}[name]
