"""The figures side by side: median [least–most] of the samples, the ratio of the medians, the goal, and whether it is met.

What is read late counts against us: a goal is met only where our median as read is below its share of Serf's median less the time by which
Serf's may be read late."""

import math
import statistics

# measure, words, unit, the share of Serf's median that ours may be (None: told, no goal)
RATIOS = [
    ("join", "join of all, until all see all", "s", 0.5),
    ("change", "a change seen everywhere", "s", 0.2),
    ("failure_first", "kill -9: the first knows", "s", None),
    ("failure", "kill -9: all know", "s", 0.4),
    ("udp_payload", "idle: UDP payload a node", "B/s", None),
    ("udp_packets", "idle: UDP packets a node", "/s", None),
    ("ip_payload", "idle: IP payload a node, UDP and TCP", "B/s", None),
    ("cpu_percent", "idle: CPU a node", "%", 0.5),
    ("pss_mib", "memory a node, PSS", "MiB", 0.25),
    ("rss_mib", "memory a node, RSS", "MiB", None),
    ("helper_cpu_percent", "nodeprobe: CPU", "%", None),
    ("helper_pss_mib", "nodeprobe: memory, PSS", "MiB", None),
    ("helper_rss_mib", "nodeprobe: memory, RSS", "MiB", None),
]
HEALTHY = [("loss", "{loss} % loss, {loss_s} s: healthy called dead"),
           ("stopped", "1 in 10 stopped for {stop_s} s: healthy called dead")]
HEAD = ["", "ours", "serf", "ratio", "goal", "met"]


def number(value):
    if value is None:
        return "-"
    if isinstance(value, int):
        return str(value)
    return f"{value:.3f}" if value < 1 else f"{value:.2f}" if value < 100 else f"{value:.0f}"


class Column:
    """The samples of one measure of one side."""

    def __init__(self, results, measure, limit):
        self.samples = results.samples.get(measure, []) if results else []
        self.limit = limit
        gaps = results.gaps.get(measure, []) if results else []
        self.gap = statistics.median(gaps) if gaps else 0.0
        self.median = statistics.median(self.samples) if self.samples else None

    def _one(self, value):
        return f">{self.limit}" if math.isinf(value) else number(value)

    def text(self):
        if not self.samples:
            return "-"
        words = self._one(self.median)
        if len(self.samples) > 1:
            words += f" [{self._one(min(self.samples))}–{self._one(max(self.samples))}]"
        return words + (f" ±{self.gap * 1000:.0f} ms" if self.gap else "")


def _row(what, ours, serf, ratio, goal, met):
    return {"what": what, "ours": ours, "serf": serf, "ratio": ratio, "goal": goal, "met": met}


def _ratio_row(entry, pair, limits):
    measure, words, unit, share = entry
    ours, serf = (Column(side, measure, limits.get(measure)) for side in pair)
    if not ours.samples and not serf.samples:
        return None
    ratio = met = None
    if ours.samples and serf.samples:
        if serf.median and not math.isinf(serf.median):
            ratio = ours.median / serf.median if not math.isinf(ours.median) else None
        if share is not None:
            met = not math.isinf(ours.median) and ours.median <= share * (serf.median - serf.gap)
    return _row(f"{words}, {unit}", ours.text(), serf.text(), ratio, f"≤ {share}" if share else None, met)


def _tail_row(pair, limits):
    """No tail: our slowest join is no slower than Serf's middle one."""
    ours, serf = (Column(side, "join", limits["join"]) for side in pair)
    if not ours.samples or not serf.samples:
        return None
    most, goal = max(ours.samples), serf.median - serf.gap
    return _row("join of all: our slowest beside Serf's median, s", f">{limits['join']}" if math.isinf(most) else number(most),
                serf.text(), None, "≤ 1", not math.isinf(most) and most <= goal)


def _bytes_row(pair):
    """Idle bytes: no more than Serf's and what N signed heartbeats weigh."""
    ours, serf = (Column(side, "udp_payload", None) for side in pair)
    allowance = Column(pair[0], "allowance", None)
    if not ours.samples or not allowance.samples:
        return None
    size = Column(pair[0], "heartbeat_bytes", None).median
    words = f"idle: … beside Serf's + heartbeats' ({number(size)} B each)"
    if not serf.samples:
        return _row(words, number(ours.median), "-", None, f"serf + {number(allowance.median)}", None)
    bound = serf.median + allowance.median
    return _row(words, number(ours.median), f"{number(serf.median)} + {number(allowance.median)}", ours.median / bound, "≤ 1",
                ours.median <= bound)


def _healthy_row(measure, words, pair):
    texts, total = [], None
    for side in pair:
        samples = side.samples.get(measure, []) if side else []
        observed = sum(side.samples.get(measure + "_observations", [])) if side else 0
        texts.append(f"{sum(samples)} ({observed} seen) in {len(samples)}" if samples else "-")
        if side is pair[0] and samples:
            total = sum(samples)
    if texts == ["-", "-"]:
        return None
    return _row(words, *texts, None, "0", None if total is None else total == 0)


def rows(pair, settings):
    """Of one number of nodes; `pair` is (ours, Serf's), either may be None."""
    limits = settings["limits"]
    made = []
    for entry in RATIOS:
        made.append(_ratio_row(entry, pair, limits))
        if entry[0] == "join":
            made.append(_tail_row(pair, limits))
        if entry[0] == "udp_payload":
            made.append(_bytes_row(pair))
    made += [_healthy_row(measure, words.format(**settings), pair) for measure, words in HEALTHY]
    return [row for row in made if row]


def show(table, out):
    """Aligned text."""
    words = {None: "-", True: "yes", False: "NO"}
    cells = [HEAD] + [[r["what"], r["ours"], r["serf"], number(r["ratio"]), r["goal"] or "-", words[r["met"]]] for r in table]
    widths = [max(len(line[i]) for line in cells) for i in range(len(HEAD))]
    for line in cells:
        first, *rest = (cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in enumerate(zip(line, widths)))
        print("  ".join([first, *rest]), file=out)
