"""What a container engine does, as far as deploy/container needs it, with what the kernel and Debian have: images from a Dockerfile,
containers from a compose file, in namespaces. Instructions and keys that it does not know are errors.

    images = engine.Images(dockerfile)               # roots are kept below NR_BUILD/roots
    with engine.Project(images, compose_file) as project:
        project.up()                                 # in the order of depends_on, waiting as it says
        project["node1"].healthy()
        project["node1"].run(["nodectl", "peers"])   # as docker exec
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile

import yaml

import machine
import netns
import nr

ROOTS = os.path.join(os.environ.get("NR_BUILD") or os.path.join(nr.SOURCE, "build"), "roots")
BUILD_SCRIPT = os.path.join(nr.SOURCE, "deploy", "container", "build.sh")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def shell(*words, timeout=900, **options):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout, check=False, **options)
    assert done.returncode == 0, f"{words} ended with {done.returncode}:\n{done.stdout[-4000:]}"
    return done.stdout


def inside(root, command, cwd="/", env=None):
    """Runs a shell command in a root, with /proc and the network's names."""
    script = """mount --make-rprivate /
        mount -t proc proc "$0/proc"
        cp /etc/resolv.conf "$0/etc/resolv.conf"
        exec chroot "$0" env -i PATH=$1 HOME=/root $4 sh -c "cd $2 && $3" """
    pairs = " ".join(f"{k}={v}" for k, v in (env or {}).items())
    return shell("unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-euc", script, root, PATH, cwd, command, pairs)


def made_once(name, make):
    """The root of that name; `make(path)` makes it if it is not there yet, whoever else asks meanwhile."""
    os.makedirs(ROOTS, exist_ok=True)
    path = os.path.join(ROOTS, name)
    with open(path + ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.isdir(path):
            new = path + ".new"
            shutil.rmtree(new, ignore_errors=True)
            make(new)
            os.rename(new, path)
    return path


def debian():
    """Debian 12 as small as images have it: what is essential, and apt."""
    mirrors, how = machine.sources()
    return made_once("bookworm", lambda path: shell("mmdebstrap", "--quiet", "--mode=root", "--variant=minbase",
                                                    "--dpkgopt=force-unsafe-io", *how, "bookworm", path, *mirrors))


def derived(name, base, *ingredients, make):
    """A copy of `base` that `make` went over; made anew when an ingredient (text) has changed."""
    digest = hashlib.sha256("\0".join(ingredients).encode()).hexdigest()[:12]

    def copy(path):
        for old in os.listdir(ROOTS):
            if re.fullmatch(rf"{name}-[0-9a-f]{{12}}", old):
                shutil.rmtree(os.path.join(ROOTS, old))
        shell("cp", "-a", base, path)
        make(path)
    return made_once(f"{name}-{digest}", copy)


def text_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def stages_of(text):
    """A Dockerfile's stages: {name: (base, [(instruction, rest)])}."""
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.M).replace("\\\n", " ")
    stages, steps = {}, None
    for line in filter(None, map(str.strip, text.split("\n"))):
        word, rest = line.split(None, 1)
        if word == "FROM":
            base, name = re.fullmatch(r"(\S+) AS (\S+)", rest).groups()
            steps = []
            stages[name] = (base, steps)
        else:
            steps.append((word, " ".join(rest.split())))
    return stages


class Image:
    """Where its root is, and what its containers start with."""

    def __init__(self):
        self.root, self.env, self.user, self.workdir = None, {"PATH": PATH}, "0:0", "/"
        self.entrypoint, self.command, self.health, self.stop_signal = [], [], None, "SIGTERM"
        self.volumes, self.ports = set(), set()

    def configure(self, word, rest):
        if word == "ENV":
            self.env.update(re.findall(r"(\w+)=(\S+)", rest))
        elif word == "HEALTHCHECK":
            options, command = rest.split("CMD ", 1)
            assert all(re.fullmatch(r"--(interval|timeout|start-period)=\d+s|--retries=\d+", o) for o in options.split()), options
            self.health = json.loads(command)
        elif word in ("VOLUME", "EXPOSE"):
            (self.volumes if word == "VOLUME" else self.ports).add(rest)
        elif word in ("ENTRYPOINT", "CMD"):
            setattr(self, "entrypoint" if word == "ENTRYPOINT" else "command", json.loads(rest))
        else:
            setattr(self, {"USER": "user", "WORKDIR": "workdir", "STOPSIGNAL": "stop_signal"}[word], rest)


class Images:
    """Builds the stages of a Dockerfile. `build`: what is built there is taken for the stage `build`, by the script that this calls;
    without, that stage is run, too: from Debian's packages to the compiler, which takes minutes."""

    def __init__(self, dockerfile, build):
        self.text, self.build = text_of(dockerfile), build
        self.stages = stages_of(self.text)
        self.built = {}

    def __getitem__(self, name):
        if name not in self.built:
            self.built[name] = self.make(name)
        return self.built[name]

    def chain(self, name):
        """The instructions of a stage and of those it is made from."""
        if name not in self.stages:
            assert name == "debian:bookworm-slim", name
            return []
        base, steps = self.stages[name]
        return self.chain(base) + steps

    def make(self, name):
        image, steps = Image(), self.chain(name)
        making = [s for s in steps if s[0] in ("COPY", "RUN", "WORKDIR")]
        for word, rest in steps:
            if word not in ("COPY", "RUN"):
                image.configure(word, rest)
        scripts = [text_of(p) for p in sorted(self.scripts(making))]
        image.root = derived("image", debian(), json.dumps(making), self.program_digest(), *scripts, make=lambda path: self.run(path, making))
        return image

    def scripts(self, steps):
        return {os.path.join(nr.SOURCE, word) for _, rest in steps for word in rest.split() if os.path.isfile(os.path.join(nr.SOURCE, word))}

    def program_digest(self):
        if not self.build:
            return "from source " + shell("git", "-c", "safe.directory=*", "-C", nr.SOURCE, "stash", "create") + shell(
                "git", "-c", "safe.directory=*", "-C", nr.SOURCE, "rev-parse", "HEAD")
        files = [BUILD_SCRIPT, *(os.path.join(self.build, "bin", p) for p in sorted(os.listdir(os.path.join(self.build, "bin"))))]
        return " ".join(f"{path} {os.stat(path).st_mtime_ns}" for path in files)

    def run(self, root, steps):
        workdir = "/"
        for word, rest in steps:
            if word == "WORKDIR":
                workdir = rest
                os.makedirs(root + workdir, exist_ok=True)
            elif word == "RUN":
                inside(root, rest, workdir)
            else:
                self.copy(root, workdir, *rest.split())

    def copy(self, root, workdir, *words):
        """COPY of a file, of the context, or of what the stage `build` has made."""
        *origin, source, target = words
        target = root + os.path.join(workdir, target)
        if origin:
            stage = origin[0].removeprefix("--from=")
            assert stage in self.stages, stage
            if self.build:
                shell(BUILD_SCRIPT, root + source, self.build)
                made = root + source
            else:
                made = self[stage].root + source
            shell("cp", "-a", made + ".", target)
            if self.build:
                shutil.rmtree(made)
            return
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if source == ".":
            listed = shell("git", "-c", "safe.directory=*", "-C", nr.SOURCE, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
            shell("cp", "--parents", "-t", target, *filter(None, listed.split("\0")), cwd=nr.SOURCE)
        else:
            shutil.copy2(os.path.join(nr.SOURCE, source), target)


SERVICE_KEYS = {"image", "build", "pull_policy", "pid", "restart", "read_only", "cap_drop", "security_opt", "depends_on", "environment",
                "volumes", "ports", "networks", "healthcheck", "entrypoint", "command", "container_name", "network_mode"}


def interpolate(value, env):
    """A parsed compose file with its $NAME forms filled in; $$ stands for $."""
    def filled(match):
        return "$" if match[0] == "$$" else env.get(match[1]) or match[2]
    if isinstance(value, dict):
        return {k: interpolate(v, env) for k, v in value.items()}
    if isinstance(value, list):
        return [interpolate(v, env) for v in value]
    return re.sub(r"\$\$|\$\{(\w+):-([^}]*)\}", filled, value) if isinstance(value, str) else value


def compose_file(path, env=None):
    return interpolate(yaml.safe_load(text_of(path)), env or {})


class Container:
    def __init__(self, project, name, service):
        unknown = set(service) - SERVICE_KEYS
        assert not unknown, f"{name}: keys that are not known: {unknown}"
        self.project, self.name, self.service = project, name, service
        self.image = project.images[service["build"]["target"]]
        self.folder = os.path.join(project.folder, name)
        os.makedirs(self.folder)
        mode = service.get("network_mode", "")
        self.host = project[mode.removeprefix("service:")].host if mode else project.lab.host()
        self.process = None
        health = service.get("healthcheck", {})
        self.health = None if health.get("disable") else health.get("test", ["CMD", *(self.image.health or [])])[1:]

    @property
    def env(self):
        home = re.search(rf"^[^:]+:x:{self.image.user.split(':')[0]}:.*:([^:]*):[^:]*$", text_of(self.image.root + "/etc/passwd"), re.M)[1]
        return {**self.image.env, "HOME": home, **{k: str(v) for k, v in self.service.get("environment", {}).items()}}

    def words(self):
        entrypoint = self.service.get("entrypoint")
        command = self.service.get("command", [] if entrypoint else self.image.command)
        return [*(entrypoint or self.image.entrypoint), *command]

    def as_user(self, words):
        """The words as the image's user, with the environment of the container and nothing else, and without any capability."""
        assert self.service["cap_drop"] == ["ALL"] and self.service["security_opt"] == ["no-new-privileges:true"]
        user, group = self.image.user.split(":")
        pairs = [f"{k}={v}" for k, v in self.env.items()]
        return ["env", "-i", *pairs, "setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups", "--no-new-privs", "--pdeathsig=KILL",
                "--bounding-set=-all", "--inh-caps=-all", *words]

    def mounts(self):
        root = os.path.join(self.folder, "root")
        for part in ("upper", "work", "root"):
            os.makedirs(os.path.join(self.folder, part), exist_ok=True)
        yield "mount --make-rprivate /"
        yield f"mount -t overlay overlay -o lowerdir={self.image.root},upperdir={self.folder}/upper,workdir={self.folder}/work {root}"
        yield f"mount -t proc proc {root}/proc"
        names = "\\n".join(f"{host.address} {name}" for name, host in self.project.names())
        yield f"printf '127.0.0.1 localhost\\n{names}\\n' >{root}/etc/hosts"
        if self.service.get("read_only"):
            yield f"mount -o remount,ro {root}"
        for entry in self.service.get("volumes", []):
            volume, target, *options = entry.split(":")
            yield f"mount --bind {self.project.volume(volume, self.image.root + target)} {root}{target}"
            if options == ["ro"]:
                yield f"mount -o remount,bind,ro {root}{target}"
        yield f'exec chroot {root} sh -c \'cd "$0" && exec "$@"\' {self.image.workdir} "$@"'

    def start(self):
        # Without `pid: host` it would be process 1 of a namespace of its own.
        own = [] if self.service.get("pid") == "host" else ["--pid", "--fork", "--kill-child"]
        command = ["unshare", "--mount", *own, "sh", "-euc", "\n".join(self.mounts()), "sh", *self.as_user(self.words())]
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen(self.host.command(command), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            preexec_fn=netns.die_with_parent)

    def once(self, words, stdin):
        """As docker compose run with these words in place of its own: to their end."""
        command = ["unshare", "--mount", "sh", "-euc", "\n".join(self.mounts()), "sh", *self.as_user(words)]
        shell(*self.host.command(command), input=stdin)

    def log(self):
        return text_of(os.path.join(self.folder, "log"))

    def run(self, words, expect=0):
        """As docker exec; `expect` None: returns whether it ended with 0."""
        pid = str(self.process.pid)
        command = ["nsenter", "--target", pid, "--mount", "--net", "--root", "--wd", "--", *self.as_user(words)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30, check=False)
        if expect is None:
            return done.returncode == 0
        assert done.returncode == expect, f"{self.name}: {words} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def running(self):
        return self.process is not None and self.process.poll() is None

    def healthy(self):
        return self.running() and self.run(self.health, expect=None)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """As docker stop; returns the exit status."""
        self.process.send_signal(getattr(signal, self.image.stop_signal))
        return self.process.wait(10)


class Project:
    """The services of a compose file, each a container; `more` are services added to those of the file."""

    def __init__(self, images, lab, path, env=None, more=None):
        self.images, self.lab = images, lab
        self.folder = tempfile.mkdtemp(prefix="nr-compose-")
        document = compose_file(path, env)
        self.document, self.services = document, {**document["services"], **(more or {})}
        self.containers = {}

    def __enter__(self):
        for name in self.services:
            self.containers[name] = Container(self, name, self.services[name])
        return self

    def __exit__(self, kind, *_):
        for container in self.containers.values():
            if container.running():
                container.kill()
            if kind is not None and container.process:
                print(f"--- {container.name}\n{container.log()[-2000:]}")
        shutil.rmtree(self.folder)

    def __getitem__(self, name):
        return self.containers[name]

    def names(self):
        return [(name, container.host) for name, container in self.containers.items()]

    def volume(self, name, origin):
        """A named volume's directory; a new one has the owner and mode of what the image has there."""
        assert name in self.document["volumes"], f"volume {name} is not declared"
        path = os.path.join(self.folder, "volumes", name)
        if not os.path.isdir(path):
            os.makedirs(path)
            shell("cp", "-a", f"{origin}/.", path)
        return path

    def up(self, names=None):
        """Starts what does not run, in the order of depends_on."""
        for name in self.services if names is None else names:
            container = self.containers[name]
            if container.running():
                continue
            waits = self.services[name].get("depends_on", {})
            self.up(waits)
            for other, how in waits.items():
                self.wait(self.containers[other], how["condition"])
            container.start()

    def wait(self, other, condition):
        if condition == "service_healthy":
            nr.wait_for(other.healthy, 30, f"{other.name} being healthy")
        else:
            assert condition == "service_completed_successfully", condition
            assert other.process.wait(30) == 0, f"{other.name} failed:\n{other.log()}"
