"""Made-up answers of staff in schools, before and after: `python tests/oracle/data/make_staff.py`."""

from pathlib import Path

import numpy as np

rng = np.random.default_rng(20261129)
lines = ["school,person,wave,agree,recommend"]
person = 0
for school in range(1, 13):
    lift, size = rng.normal(0, 0.8), int(rng.integers(3, 12))
    for _ in range(size):
        person += 1
        for wave in (0, 1):
            if rng.random() < 0.15:
                continue
            chance = 1 / (1 + np.exp(-(0.6 + 0.5 * wave + lift)))
            agree = int(rng.random() < chance)
            recommend = int(np.clip(agree + rng.integers(-1, 2), -1, 1))
            lines.append(f"{school},{person},{wave},{agree},{recommend}")
Path(__file__).with_name("staff_schools.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
