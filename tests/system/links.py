"""Links of pages: `links.check(FOLDER)` fails where a page leads to a file that is not there."""

import os
import re


def pages(folder):
    for path, folders, names in os.walk(folder):
        folders[:] = [f for f in folders if not f.startswith((".", "build", "__pycache__"))]
        yield from (os.path.join(path, name) for name in names if name.endswith(".md"))


def check(folder):
    found = 0
    for page in pages(folder):
        with open(page, encoding="utf-8") as file:
            for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", file.read()):
                found += 1
                there = os.path.join(os.path.dirname(page), target)
                assert "://" in target or os.path.exists(there), f"{page}: a link to {target}, which is not there"
    assert found > 5, f"{folder}: hardly any links: is this where the pages are?"
