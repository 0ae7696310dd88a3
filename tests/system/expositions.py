"""Reading /metrics in a test: the text form by its few rules, and promtool's word on it."""

import re
import subprocess

LINE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')


class Family:
    def __init__(self, help_text):
        self.help, self.type, self.samples = help_text, None, {}

    def label_names(self):
        return {name for _, labels in self.samples for name, _ in labels} - {"le"}


def parse(text):
    """Families by name; samples of each by (name, labels as sorted pairs)."""
    families, current = {}, None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            _, _, name, help_text = line.split(" ", 3)
            assert name not in families, line
            current = families[name] = Family(help_text)
        elif line.startswith("# TYPE "):
            current.type = line.split(" ")[3]
        elif line != "# EOF":
            name, labels, value = LINE.fullmatch(line).groups()
            key = (name, tuple(sorted(LABEL.findall(labels or ""))))
            assert current and name.startswith(next(n for n, f in families.items() if f is current)), line
            assert key not in current.samples, line
            current.samples[key] = float(value)
    return families


def text_of(http, form="prometheus"):
    status, headers, body = http.request("GET", "/metrics?format=" + form)
    assert status == 200, (status, body)
    return headers["Content-Type"], body.decode()


def read(http):
    return parse(text_of(http)[1])


def value(families, name, **labels):
    """The sum over all samples of that name with these labels."""
    family = families.get(name) or families[re.sub(r"_(bucket|sum|count)$", "", name)]
    found = [v for (n, have), v in family.samples.items() if n == name and set(labels.items()) <= set(have)]
    assert found, (name, labels, family.samples)
    return sum(found)


def check(text):
    """promtool finds nothing to say."""
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), done
