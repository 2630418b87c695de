"""The key under the pictures of journeys lies within the figure, however long the names are."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pytest

from journeylab.behaviours.pictures import _finish


@pytest.mark.parametrize("name", ["page", "placement test result page", "a page with a name that takes very much room"])
def test_the_key_is_not_cut_off(name: str) -> None:
    figure, ax = plt.subplots(figsize=(9, 3), layout="constrained")
    _finish(figure, [ax], [f"{name} {number}" for number in range(9)])
    figure.canvas.draw()
    box = figure.legends[0].get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.width
    plt.close(figure)
