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
    "uyt": -3, "et": -5, "ct": -6, "mt": -7, "pt": -8, "clt": -4, "clst": -3, "cot": -5, "pet": -5, "bot": -4,
    "vet": -4,
    # Europe and Africa
    "wet": 0, "west": 1, "bst": 1, "cet": 1, "cest": 2, "mez": 1, "mesz": 2, "met": 1, "mest": 2,
    "eet": 2, "eest": 3, "msk": 3, "trt": 3, "wat": 1, "cat": 2, "sast": 2, "eat": 3,
    # Asia
    "gst": 4, "pkt": 5, "ist": 5.5, "npt": 5.75, "ict": 7, "wib": 7, "hkt": 8, "sgt": 8, "myt": 8, "pht": 8,
    "phst": 8, "idt": 3, "irst": 3.5, "wita": 8, "wit": 9, "uzt": 5, "jst": 9, "kst": 9,
    # Australia and the Pacific
    "awst": 8, "acst": 9.5, "acdt": 10.5, "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13,
    "chst": 10, "sst": -11, "fjt": 12,
}  # fmt: skip
# As Windows and some blogs' settings write them
_FULL = {
    "eastern standard time": "est", "eastern daylight time": "edt", "central standard time": "cst",
    "central daylight time": "cdt", "mountain standard time": "mst", "mountain daylight time": "mdt",
    "pacific standard time": "pst", "pacific daylight time": "pdt", "british summer time": "bst",
    "central european standard time": "cet", "central european summer time": "cest",
    "central european time": "cet", "greenwich mean time": "gmt", "coordinated universal time": "utc",
    "india standard time": "ist", "australian eastern standard time": "aest",
    "australian eastern daylight time": "aedt",
}  # fmt: skip
_NUMBER = re.compile(r"(?i)(?:gmt|utc|ut)?([+−-])(\d{1,2}):?(\d{2})?")


def offset(name: str) -> int:
    """Minutes from UTC of a zone's name or number; 0 for a name that nobody knows."""
    if match := _NUMBER.fullmatch(name):
        minutes = int(match[2]) * 60 + int(match[3] or 0)
        return minutes if match[1] == "+" else -minutes
    name = name.lower()
    return round(60 * _HOURS.get(_FULL.get(name, name), 0))
