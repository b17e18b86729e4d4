"""Pictures in dots: as large as drawn, no line of dots lost, the same bytes each time."""

from io import BytesIO

import numpy as np
import pytest
from matplotlib.image import imread

from evalkit.errors import ReportError
from evalkit.report.figure_png import DOTS, POINTS, draw_dots

DOT = POINTS / DOTS  # points


def striped(rows: int, columns: int, more: float = 0.0) -> bytes:
    """Black lines, each one dot high, with a white one after each; `more` points are added to both sides."""
    lines = "".join(f'<rect x="0" y="{2 * k * DOT:.2f}" width="900" height="{DOT:.2f}"/>' for k in range(rows // 2))
    height, width = rows * DOT + more, columns * DOT + more
    shape = f'width="{width:.3f}pt" height="{height:.3f}pt" viewBox="0 0 {width:.3f} {height:.3f}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {shape}>{lines}</svg>'.encode()


def pixels(png: bytes) -> np.ndarray:
    """Darkness of each dot, 0 (white or nothing) to 1 (black)."""
    image = imread(BytesIO(png))
    return image[:, :, 3] * (1 - image[:, :, 0]) if image.shape[2] == 4 else 1 - image[:, :, 0]


@pytest.mark.parametrize(("rows", "columns"), [(300, 200), (757, 1015), (1234, 31)])
def test_no_line_of_dots_is_lost(rows: int, columns: int) -> None:
    dark = pixels(draw_dots([striped(rows, columns)])[0])
    assert dark.shape == (rows, columns)
    np.testing.assert_allclose(dark[: rows // 2 * 2, 5], np.tile([1.0, 0.0], rows // 2), atol=0.6)  # edges may be soft


def test_a_side_between_two_dots_is_rounded_up() -> None:
    assert pixels(draw_dots([striped(40, 60, more=0.17)])[0]).shape == (41, 61)


def test_several_pictures_in_order_and_the_same_bytes_twice() -> None:
    pictures = [striped(20, 10), striped(10, 20), b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 4"/>']
    made = draw_dots(pictures)
    assert [pixels(one).shape for one in made[:2]] == [(20, 10), (10, 20)]
    assert made == draw_dots(pictures)
    assert len(made) == 3
    assert draw_dots([]) == []


def test_what_is_no_picture_is_refused() -> None:
    with pytest.raises(ReportError, match="cannot be drawn for Word"):
        draw_dots([b"<svg"])
