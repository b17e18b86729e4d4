"""The plot of power: true to the curve, in words too, and refused with the reason where it cannot be."""

from dataclasses import replace

import pandas as pd
import pytest

import evalkit as ek
from evalkit.errors import ReportError
from evalkit.report.figure_power import power_plot

TRIAL = ek.TrialDesign("cluster", schools=60, pupils=75, icc=0.15, r2_pupil=0.5, r2_school=0.5)


def curve(icc: float = 0.15, **options) -> pd.DataFrame:
    return ek.power_curve(replace(TRIAL, icc=icc), effect=0.2, values=[40, 60, 80], **options)


def test_the_words_say_what_the_line_shows():
    made = power_plot(curve())
    assert made.alt == (
        "Power to find an effect of 0.2 SD, by number of schools: 58% with 40 to 87% with 80; 80% is reached with 80."
    )
    assert "published formula" in made.caption
    assert power_plot(curve(power=0.95)).alt.endswith("95% is not reached.")
    assert power_plot(curve()) == made


def test_several_assumptions_and_a_simulation(tmp_path):
    curves = {"ICC 0.10": curve(0.1), "ICC 0.15": curve(method="simulation", draws=100)}
    made = power_plot(curves, to=tmp_path / "power.svg")
    assert (tmp_path / "power.svg").read_bytes() == made.svg
    assert b"ICC 0.10" in made.svg
    assert made.alt.count("is reached with") == 2
    assert "simulated trials" in made.caption
    power_plot(curve(), to=tmp_path / "power.png")
    assert (tmp_path / "power.png").read_bytes().startswith(b"\x89PNG")


def test_what_cannot_be_drawn_is_told(tmp_path):
    other = ek.power_curve(TRIAL, effect=0.3, values=[40])
    with pytest.raises(ReportError, match="must be the same in all of them"):
        power_plot({"a": curve(), "b": other})
    with pytest.raises(ReportError, match="this is no frame of power_curve"):
        power_plot(curve().drop(columns="power"))
    with pytest.raises(ReportError, match=r"written as \.svg or \.png"):
        power_plot(curve(), to=tmp_path / "power.jpg")
    with pytest.raises(ReportError, match="One to 4 lines"):
        power_plot({f"{icc}": curve(icc) for icc in (0.05, 0.1, 0.15, 0.2, 0.25)})
