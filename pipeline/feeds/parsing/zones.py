"""Names of time zones, as feeds write them."""

from __future__ import annotations

import re

# Hours from UTC. Where two places share a name, the one that writes more blogs in English has it: IST is
# India's, BST Britain's, CST North America's (RFC 5322, 4.3), AST the Atlantic's.
_HOURS: dict[str, float] = {
    # Names without an offset
    "z": 0, "ut": 0, "utc": 0, "gmt": 0,
    # America
    "nst": -3.5, "ndt": -2.5, "ast": -4, "adt": -3, "est": -5, "edt": -4, "cst": -6, "cdt": -5,
    "mst": -7, "mdt": -6, "pst": -8, "pdt": -7, "akst": -9, "akdt": -8, "hst": -10, "brt": -3, "art": -3,
    # Europe and Africa
    "wet": 0, "west": 1, "bst": 1, "cet": 1, "cest": 2, "mez": 1, "mesz": 2, "met": 1, "mest": 2,
    "eet": 2, "eest": 3, "msk": 3, "trt": 3, "wat": 1, "cat": 2, "sast": 2, "eat": 3,
    # Asia
    "gst": 4, "pkt": 5, "ist": 5.5, "npt": 5.75, "ict": 7, "wib": 7, "hkt": 8, "sgt": 8, "myt": 8, "pht": 8,
    "jst": 9, "kst": 9,
    # Australia and the Pacific
    "awst": 8, "acst": 9.5, "acdt": 10.5, "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13,
}  # fmt: skip
_NUMBER = re.compile(r"(?i)(?:gmt|utc|ut)?([+−-])(\d{1,2}):?(\d{2})?")


def offset(name: str) -> int:
    """Minutes from UTC of a zone's name or number; 0 for a name that nobody knows."""
    if match := _NUMBER.fullmatch(name):
        minutes = int(match[2]) * 60 + int(match[3] or 0)
        return minutes if match[1] == "+" else -minutes
    return round(60 * _HOURS.get(name.lower(), 0))
