"""Colours as CSS writes them (CSS Color Level 4), turned into #rrggbb with an alpha."""

from __future__ import annotations

import colorsys
import math
import re
from typing import NamedTuple

from pipeline.core.colour import mix

_NAMES = """
aliceblue:f0f8ff antiquewhite:faebd7 aqua:00ffff aquamarine:7fffd4 azure:f0ffff beige:f5f5dc
bisque:ffe4c4 black:000000 blanchedalmond:ffebcd blue:0000ff blueviolet:8a2be2 brown:a52a2a
burlywood:deb887 cadetblue:5f9ea0 chartreuse:7fff00 chocolate:d2691e coral:ff7f50 cornflowerblue:6495ed
cornsilk:fff8dc crimson:dc143c cyan:00ffff darkblue:00008b darkcyan:008b8b darkgoldenrod:b8860b
darkgray:a9a9a9 darkgreen:006400 darkkhaki:bdb76b darkmagenta:8b008b darkolivegreen:556b2f
darkorange:ff8c00 darkorchid:9932cc darkred:8b0000 darksalmon:e9967a darkseagreen:8fbc8f
darkslateblue:483d8b darkslategray:2f4f4f darkturquoise:00ced1 darkviolet:9400d3 deeppink:ff1493
deepskyblue:00bfff dimgray:696969 dodgerblue:1e90ff firebrick:b22222 floralwhite:fffaf0
forestgreen:228b22 fuchsia:ff00ff gainsboro:dcdcdc ghostwhite:f8f8ff gold:ffd700 goldenrod:daa520
gray:808080 green:008000 greenyellow:adff2f honeydew:f0fff0 hotpink:ff69b4 indianred:cd5c5c
indigo:4b0082 ivory:fffff0 khaki:f0e68c lavender:e6e6fa lavenderblush:fff0f5 lawngreen:7cfc00
lemonchiffon:fffacd lightblue:add8e6 lightcoral:f08080 lightcyan:e0ffff lightgoldenrodyellow:fafad2
lightgray:d3d3d3 lightgreen:90ee90 lightpink:ffb6c1 lightsalmon:ffa07a lightseagreen:20b2aa
lightskyblue:87cefa lightslategray:778899 lightsteelblue:b0c4de lightyellow:ffffe0 lime:00ff00
limegreen:32cd32 linen:faf0e6 magenta:ff00ff maroon:800000 mediumaquamarine:66cdaa mediumblue:0000cd
mediumorchid:ba55d3 mediumpurple:9370db mediumseagreen:3cb371 mediumslateblue:7b68ee
mediumspringgreen:00fa9a mediumturquoise:48d1cc mediumvioletred:c71585 midnightblue:191970
mintcream:f5fffa mistyrose:ffe4e1 moccasin:ffe4b5 navajowhite:ffdead navy:000080 oldlace:fdf5e6
olive:808000 olivedrab:6b8e23 orange:ffa500 orangered:ff4500 orchid:da70d6 palegoldenrod:eee8aa
palegreen:98fb98 paleturquoise:afeeee palevioletred:db7093 papayawhip:ffefd5 peachpuff:ffdab9
peru:cd853f pink:ffc0cb plum:dda0dd powderblue:b0e0e6 purple:800080 rebeccapurple:663399 red:ff0000
rosybrown:bc8f8f royalblue:4169e1 saddlebrown:8b4513 salmon:fa8072 sandybrown:f4a460 seagreen:2e8b57
seashell:fff5ee sienna:a0522d silver:c0c0c0 skyblue:87ceeb slateblue:6a5acd slategray:708090 snow:fffafa
springgreen:00ff7f steelblue:4682b4 tan:d2b48c teal:008080 thistle:d8bfd8 tomato:ff6347 turquoise:40e0d0
violet:ee82ee wheat:f5deb3 white:ffffff whitesmoke:f5f5f5 yellow:ffff00 yellowgreen:9acd32
"""
NAMES = {name: f"#{digits}" for name, _, digits in (pair.partition(":") for pair in _NAMES.split())}

_HEX = re.compile(r"#([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})")
_FUNCTION = re.compile(r"(rgb|hsl)a?\(([^()]*)\)")
_IN_BACKGROUND = re.compile(r"#[0-9a-f]+|(?:rgb|hsl)a?\([^()]*\)|[a-z]+(?![\w(-])")


class Colour(NamedTuple):
    hex: str
    alpha: float

    def over(self, behind: str) -> str:
        """The colour that is seen where this one lies on an opaque one."""
        return mix(behind, self.hex, self.alpha)


CLEAR = Colour("#000000", 0.0)


def colour(written: str) -> Colour | None:
    """The colour; None for what is none, or what only the client knows (a variable, `currentcolor`)."""
    written = written.strip().lower()
    if written == "transparent":
        return CLEAR
    if written.replace("grey", "gray") in NAMES:
        return Colour(NAMES[written.replace("grey", "gray")], 1.0)
    if match := _HEX.fullmatch(written):
        digits = match[1] if len(match[1]) > 4 else "".join(digit * 2 for digit in match[1])
        return Colour(f"#{digits[:6]}", int(digits[6:] or "ff", 16) / 255)
    if match := _FUNCTION.fullmatch(written):
        return _function(match[1], re.split(r"[\s,/]+", match[2].strip()))
    return None


def attribute_colour(written: str) -> Colour | None:
    """The colour of a bgcolor or color attribute (HTML, 2.3.6, without its rare cases)."""
    written = written.strip()
    if re.fullmatch(r"[0-9a-fA-F]{3}", written):
        written = "".join(f"0{digit}" for digit in written)  # without its hash, "ddd" is #0d0d0d
    return colour(written) or colour(f"#{written}")


def background_colour(shorthand: str) -> Colour | None:
    """The colour in a `background` shorthand; None where it has none."""
    plain = re.sub(r"url\(.*?\)", " ", shorthand.lower())
    found = (colour(part) for part in _IN_BACKGROUND.findall(plain))
    return next((one for one in found if one), None)


def _function(space: str, parts: list[str]) -> Colour | None:
    try:
        if len(parts) not in (3, 4):
            return None
        alpha = min(1.0, max(0.0, _number(parts[3], 1.0))) if len(parts) == 4 else 1.0
        if space == "rgb":
            channels = [_number(part, 255.0) / 255 for part in parts[:3]]
        else:
            hue = float(parts[0].removesuffix("deg")) / 360 % 1
            channels = list(colorsys.hls_to_rgb(hue, _number(parts[2], 1.0), _number(parts[1], 1.0)))
    except (ValueError, OverflowError):
        return None
    if not all(math.isfinite(channel) for channel in (*channels, alpha)):
        return None
    return Colour("#" + "".join(f"{round(255 * min(1.0, max(0.0, c))):02x}" for c in channels), alpha)


def _number(text: str, whole: float) -> float:
    return float(text[:-1]) / 100 * whole if text.endswith("%") else float(text)
