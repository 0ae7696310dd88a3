#!/usr/bin/python3
"""A run's table and plot: the table has a row a second with what its head names, the plot is XML with the curves.

    plot.py SIMULATE
"""

import csv
import pathlib
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

SCENARIO = """title some <write> & all know it
nodes 20
real 4
start all over 1s
expect equal within 10s
write all over 2s
expect known all by 100% within 10s
kill 19
wait 5s
"""


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "some.scenario").write_text(SCENARIO)
        subprocess.run([sys.argv[1], folder / "some.scenario", "--csv", folder / "t.csv", "--svg", folder / "p.svg"],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=100)
        rows = list(csv.DictReader((folder / "t.csv").open()))
        svg = xml.etree.ElementTree.parse(folder / "p.svg").getroot()
        broken = subprocess.run([sys.argv[1], folder / "some.scenario", "--csv", folder / "no" / "t.csv"],
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=100)

    # One row for each second, each node in one status, everybody up until one is killed, everything known in the end.
    assert [int(r["second"]) for r in rows] == list(range(1, len(rows) + 1)) and len(rows) > 6, rows
    states = ["online", "degraded", "offline", "maintenance", "draining", "left", "forgotten"]
    assert all(sum(int(r[s]) for s in states) == 20 for r in rows)
    assert rows[2]["up"] == "20" and rows[-1]["up"] == "19"
    assert rows[0]["known_min"] == "" and float(rows[-1]["known_min"]) == 1.0
    assert all(float(r["known_min"] or 0) <= float(r["known_median"] or 0) <= float(r["known_max"] or 0) for r in rows)
    assert all(int(r["bytes"]) > 0 for r in rows)

    # A curve for each of the 20 records and two over all, inside of the picture; the axes and the title have their words.
    name = "{http://www.w3.org/2000/svg}"
    curves = svg.findall(f".//{name}path")
    assert sorted(c.get("class") for c in curves) == ["median"] + ["record"] * 20 + ["slowest"], len(curves)
    for c in curves:
        points = [p.strip("ML").split() for p in c.get("d").replace(" L", "\nL").split("\n")]
        assert len(points) > 10
        assert all(0 <= float(x) <= 800 and 0 <= float(y) <= 440 for x, y in points), points
    words = " ".join(t.text for t in svg.iter(f"{name}text"))
    assert "some <write> & all know it" in words and "nodes that know it" in words and "time since" in words, words

    # What cannot be written is said before anything is run.
    assert broken.returncode == 2 and b"t.csv" in broken.stderr


main()
