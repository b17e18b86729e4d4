"""The three kinds of percentage change: what each one is, and what its zero is."""

PERCENT_KINDS: dict[str, tuple[str, str, str]] = {
    "percent_of_range": (
        "Points of the scale's range",
        "The change as a share of the way from the lowest to the highest possible score. This report leads with it.",
        "0 means that the mean was the same before and after.",
    ),
    "percent_of_baseline": (
        "Change of the mean",
        "The change as a share of the mean before, counted from the lowest possible score.",
        "0 means that the mean was the same before and after. The lowest possible score counts as nothing.",
    ),
    "percent_pupil_ratio": (
        "Mean of pupils' own changes",
        "Each pupil's change as a share of that pupil's score before, and then the mean of these.",
        "0 means that gains and losses cancel out. Pupils who began at the lowest possible score are left out.",
    ),
}
