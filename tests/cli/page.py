#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""page.py PAGE: does this page of report keep to itself? It has no script and no style but the one that its policy
names by its hash, asks the network for nothing, and each of its links leads to a place in it."""
import base64
import hashlib
import re
import sys
import xml.etree.ElementTree as ElementTree

ELEMENTS = set("""html head meta title style body header main footer section h1 h2 h3 h4 p div span a ul li dl dt dd
time small table caption thead tbody tr th td details summary svg path line rect""".split())
ATTRIBUTES = set("""lang charset http-equiv name content id class scope role href datetime open data-name
aria-labelledby aria-hidden x y x1 x2 y1 y2 d width height overflow viewBox""".split())


def faults(text):
    root = ElementTree.fromstring(re.sub("^<!DOCTYPE html>", "", text))
    elements = list(root.iter())
    ids = [e.get("id") for e in elements if e.get("id")]
    yield from (f"element {e.tag}" for e in elements if e.tag not in ELEMENTS)
    yield from (f"attribute {a} of {e.tag}" for e in elements for a in e.attrib if a not in ATTRIBUTES)
    yield from (f"id {i} twice" for i in set(ids) if ids.count(i) > 1)
    yield from (f"a link to {e.get('href')}" for e in elements if e.get("href") and e.get("href")[1:] not in ids)
    yield from (f"no heading {i}" for e in elements for i in e.get("aria-labelledby", "").split() if i not in ids)
    styles = [e.text for e in elements if e.tag == "style"]
    policies = [e.get("content") for e in elements if e.get("http-equiv") == "Content-Security-Policy"]
    sums = [base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in styles]
    wanted = [f"default-src 'none'; style-src 'sha256-{s}'" for s in sums]
    if len(styles) != 1 or policies != wanted:
        yield f"the policy is {policies}, by its style it is {wanted}"
    if not text.startswith("<!DOCTYPE html>\n"):
        yield "no doctype"


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        found = list(faults(f.read()))
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
