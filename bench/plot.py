"""Small line plots as one SVG, readable on light and dark pages."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Points = Sequence[tuple[float, float]]

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 290, 220, 44, 34, 30
_STYLE = """text{font:11px sans-serif;fill:#333}.axis{stroke:#888;fill:none}.grid{stroke:#8884}
.line0{stroke:#1668c7;fill:#1668c7}.line1{stroke:#c2570c;fill:#c2570c}.line{fill:none;stroke-width:2}text.line0,text.line1{stroke:none}
@media(prefers-color-scheme:dark){text{fill:#ddd}.line0{stroke:#6cb2ff;fill:#6cb2ff}.line1{stroke:#ff9d57;fill:#ff9d57}.line{fill:none}}"""


@dataclass(frozen=True, slots=True)
class Panel:
    """One plot: seconds over something, both axes linear and from zero."""

    title: str
    across: str
    lines: Mapping[str, Points]


def svg(panels: Sequence[Panel], about: str) -> str:
    """Return `panels` beside each other; `about` is what a screen reader says."""
    whole = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH * len(panels)} {HEIGHT}" role="img">'
    drawn = (f'<g transform="translate({place * WIDTH},0)">{_draw(panel)}</g>' for place, panel in enumerate(panels))
    return "\n".join([whole, f"<title>{about}</title>", f"<style>{_STYLE}</style>", *drawn, "</svg>", ""])


def _draw(panel: Panel) -> str:
    points = [point for line in panel.lines.values() for point in line]
    most_x, most_y = (_round_up(max(values)) for values in zip(*points, strict=True))

    def place(x: float, y: float) -> tuple[float, float]:
        right, low = WIDTH - 16, HEIGHT - BOTTOM
        return round(LEFT + (right - LEFT) * x / most_x, 1), round(low - (low - TOP) * y / most_y, 1)

    (left, low), (right, high) = place(0, 0), place(most_x, most_y)
    parts = [f'<text x="{left}" y="14" font-weight="bold">{panel.title}</text>']
    for quarter in range(5):
        x, y = place(most_x * quarter / 4, most_y * quarter / 4)
        parts.append(f'<path class="grid" d="M{left} {y}H{right}"/>')
        parts.append(f'<text x="{left - 5}" y="{y + 4}" text-anchor="end">{most_y * quarter / 4:g}</text>')
        parts.append(f'<text x="{x}" y="{low + 14}" text-anchor="middle">{most_x * quarter / 4:g}</text>')
    parts.append(f'<path class="axis" d="M{left} {high}V{low}H{right}"/>')
    parts.append(f'<text x="{right}" y="{low + 28}" text-anchor="end">{panel.across}; upwards: seconds</text>')
    for number, (name, line) in enumerate(panel.lines.items()):
        places = [place(*point) for point in sorted(line)]
        path = "L".join(f"{x} {y}" for x, y in places)
        parts.append(f'<path class="line line{number}" d="M{path}"/>')
        parts += [f'<circle class="line{number}" cx="{x}" cy="{y}" r="2.5"/>' for x, y in places]
        parts.append(f'<text class="line{number}" x="{left + 8}" y="{TOP + 12 + 14 * number}">{name}</text>')
    return "\n".join(parts)


def _round_up(value: float) -> float:
    """Return the next 1, 2, 4, 6, 8 or 10 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 4, 6, 8, 10) if step * power >= value)
