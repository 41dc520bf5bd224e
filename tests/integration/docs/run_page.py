#!/usr/bin/env python3
"""Executes the commands of a documentation page, in order, as a reader who types them.   run_page.py PAGE…

What counts: blocks marked `sh` (commands, `#` comments) and `console` (`$ command`, then what it prints). Each page gets one shell, a runtime
directory, PoCL as the only driver, and stand-ins for the programs pages talk of (STAND_INS), which are the examples under other names.

    command                      ends with 0
    command   # …: exits 3       ends with 3
    command &                    is at work before the next command runs, and ends with 0 or by a signal when the page is over
    <!-- not run: reason -->     before a block: it is counted and named
    <!-- needs: module -->       before a block: it is left out, aloud, where Python has no such module

What a `console` block shows must have the shape of what is printed: headings of tables word by word, below them rows by their first word, other lines
with any number for a number and anything for `…`, in this order.
"""
import json
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

WATCHDOG = 60  # seconds for one command
SOURCE = Path(os.environ["FLEXAI_SOURCE_DIR"])
BUILD = Path(os.environ["FLEXAI_BUILD_DIR"])
PYTHON = os.environ.get("FLEXAI_TEST_PYTHON") or sys.executable
POCL = Path("/etc/OpenCL/vendors/pocl.icd")

# Where a page says `./server` the reader has a program of their own. In the background they work until the page is over.
STAND_INS = {"server": "inference", "notebook": "matmul", "batch": "matmul", "train.py": "train"}
# What a page may only show in a block that is marked: it would change the machine.
FORBIDDEN = ["sudo", "apt", "apt-get", "dpkg", "docker", "git", "make", "systemctl", "groupadd", "usermod", "install"]

FENCE = re.compile(r"^(```+|~~~+)\s*(\w*)\s*$")
MARK = re.compile(r"^<!--\s*(not run|needs):\s*(.*?)\s*-->$")
STATUS = re.compile(r"#.*\bexits (\d+)")
HEADING = re.compile(r"^[A-Z][A-Z ]*[A-Z]$")


class Failure(Exception):
    pass


class Block:
    def __init__(self, line, language, mark):
        self.line, self.language, self.mark, self.text = line, language, mark, []


class Command:
    def __init__(self, line, text):
        self.line, self.text, self.expected = line, text, []
        found = STATUS.search(text)
        self.status = int(found.group(1)) if found else 0


def blocks_of(text):
    blocks, block, fence, mark = [], None, None, None
    for number, line in enumerate(text.splitlines(), 1):
        if fence:
            if line.startswith(fence) and not line.strip(fence[0] + " "):
                blocks.append(block)
                block, fence = None, None
            else:
                block.text.append(line)
            continue
        opening = FENCE.match(line)
        if opening:
            fence, block, mark = opening.group(1), Block(number, opening.group(2), mark), None
        elif MARK.match(line):
            mark = MARK.match(line).groups()
        elif line.strip():
            mark = None
    if fence:
        raise Failure(f"line {block.line}: the block has no end")
    return [b for b in blocks if is_for_us(b)]


def is_for_us(block):
    if block.language in ("bash", "shell"):
        raise Failure(f"line {block.line}: blocks of commands are marked `sh` or `console`")
    if not block.language and any(line.startswith("$ ") for line in block.text):
        block.language = "console"
    return block.language in ("sh", "console")


def is_whole(text):
    if text.endswith("\\"):
        return False
    looked = subprocess.run(["bash", "-n"], input=text + "\n", capture_output=True, text=True, check=False)
    return looked.returncode == 0 and "here-document" not in looked.stderr


def commands_of(block):
    commands, pending = [], None  # pending: a command whose end was not seen yet
    for offset, line in enumerate(block.text, 1):
        number = block.line + offset
        if pending is not None:
            pending.text += "\n" + (re.sub(r"^> ?", "", line) if block.language == "console" else line)
        elif block.language == "console":
            if not line.startswith("$ "):
                if not commands:
                    raise Failure(f"line {number}: output without a command before it")
                commands[-1].expected.append(line)
                continue
            pending = Command(number, line[2:])
        elif not line.strip() or line.lstrip().startswith("#"):
            continue
        else:
            pending = Command(number, line)
        if is_whole(pending.text):
            commands.append(Command(pending.line, pending.text))
            pending = None
    if pending is not None:
        raise Failure(f"line {pending.line}: the command has no end: {pending.text}")
    return commands


def words(line):
    return re.split(r"\s{2,}", line.strip())


def is_heading(line):
    return len(words(line)) > 1 and all(HEADING.match(word) for word in words(line))


def pattern_of(line):
    """A regular expression for lines of the same shape: numbers for numbers, anything for `…`."""
    parts = re.split(r"(\d+(?:\.\d+)?|…|\s+)", line.strip())
    shapes = {"…": ".*"}
    return re.compile("".join(shapes.get(part) or (r"\s+" if part.isspace() else r"\d+(?:\.\d+)?" if part[:1].isdigit() else re.escape(part))
                              for part in parts if part))


def missing_line(expected, printed):
    """The first expected line that nothing printed looks like, or None."""
    at, in_table = 0, False
    for line in expected:
        if not line.strip():
            in_table = False
            continue
        if line.strip() == "…":
            continue
        if is_heading(line):
            in_table = True
            fits = lambda other, wanted=words(line): words(other) == wanted
        elif in_table:
            fits = lambda other, wanted=line.split()[0]: other.split()[:1] == [wanted]
        else:
            fits = lambda other, wanted=pattern_of(line): wanted.fullmatch(other.strip())
        # Rows of a table stand in any order.
        found = next((i for i in range(at, len(printed)) if fits(printed[i])), None)
        if found is None:
            return line
        if not in_table or is_heading(line):
            at = found + 1
    return None


class Reader:
    """A shell that is typed into, and what surrounds it."""

    def __init__(self, folder):
        self.folder, self.count, self.jobs = folder, 0, []
        for name in ("runtime", "vendors", "tools", "home"):
            (folder / name).mkdir()
        shutil.copy(POCL, folder / "vendors")
        for name in FORBIDDEN:
            self.script(folder / "tools" / name, f"echo '{name}: mark the block <!-- not run: … -->: it would change the machine'; exit 99")
        for name in ("python", "python3"):
            self.script(folder / "tools" / name, f'exec "{PYTHON}" "$@"')
        for name, example in STAND_INS.items():
            program = f"flexai-example-{example}"
            if name.endswith(".py"):
                (folder / "home" / name).write_text(
                    f'import os\nos.execvp("{program}", ["{program}", "--seconds", os.environ["STAND_IN_SECONDS"]])\n')
            else:
                self.script(folder / "home" / name, f'exec {program} --seconds "$STAND_IN_SECONDS"')
        environment = {key: os.environ[key] for key in ("LANG", "TMPDIR", "LD_LIBRARY_PATH") if key in os.environ}
        self.environment = environment | {
            "HOME": str(folder / "home"), "PATH": f"{folder / 'tools'}:{BUILD / 'bin'}:/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8",
            "USER": os.environ.get("USER", "nobody"), "FLEXAI_RUNTIME_DIR": str(folder / "runtime"), "OCL_ICD_VENDORS": str(folder / "vendors"),
            # Compiled kernels outlive a test: what is tested is not the compiler. One thread for the device, so that the host has a core.
            "POCL_CACHE_DIR": str(BUILD / "tests/pocl-cache"), "POCL_AFFINITY": "1", "POCL_MAX_PTHREAD_COUNT": "1", "PYOPENCL_NO_CACHE": "1"}
        status_read, status_write = os.pipe()
        self.status = os.fdopen(status_read)
        self.shell = subprocess.Popen(["bash", "--noprofile", "--norc"], stdin=subprocess.PIPE, cwd=folder / "home", env=self.environment,
                                      pass_fds=(status_write,), text=True, start_new_session=True)
        os.close(status_write)
        self.report = status_write  # its number in the shell
        self.type_in("exec 2>/dev/null")  # notes about jobs; a command's own stderr is kept with its output

    @staticmethod
    def script(path, text):
        path.write_text(f"#!/bin/bash\n{text}\n")
        path.chmod(0o755)

    def type_in(self, text):
        try:
            self.shell.stdin.write(text + "\n")
            self.shell.stdin.flush()
        except BrokenPipeError:
            pass  # the shell ended: the answer says so

    def answer(self, what):
        if not select.select([self.status], [], [], WATCHDOG)[0]:
            raise Failure(f"{what} has not ended after {WATCHDOG} s")
        line = self.status.readline()
        if not line:
            raise Failure(f"{what} ended the shell")
        return line.split()

    def run(self, command):
        """The status and the lines it printed; of what goes on in the background, those so far."""
        self.count += 1
        output = self.folder / f"output-{self.count}"
        in_background = re.search(r"(?<!&)&\s*(#.*)?$", command.text, re.M) is not None
        self.type_in(f"export STAND_IN_SECONDS={600 if in_background else 0.3}\n{{ {command.text}\n}} >{output} 2>&1 </dev/null\n"
                     f"printf '%d %s\\n' $? \"$!\" >&{self.report}")
        answer = self.answer(command.text)
        job = answer[1] if len(answer) > 1 and in_background else None
        if job:
            self.jobs.append((job, command, output))
            if "flexai run" in command.text:
                self.await_work(job)
        return (command.status if job else int(answer[0])), output.read_text(errors="replace").splitlines()

    def lives(self, job):
        return os.path.exists(f"/proc/{job}") and "\nState:\tZ" not in Path(f"/proc/{job}/status").read_text()

    def await_work(self, job):
        """Until as many slices have run commands as there are jobs that run."""
        began = time.monotonic()
        while self.lives(job):
            listing = subprocess.run([BUILD / "bin/flexai", "slice", "ls", "-o", "json", "--interval", "0.1"], env=self.environment,
                                     capture_output=True, text=True, check=False)
            at_work = sum(s["commands"] > 0 for s in json.loads(listing.stdout or '{"slices": []}')["slices"])
            if at_work >= sum(self.lives(other) for other, c, _ in self.jobs if "flexai run" in c.text):
                return
            if time.monotonic() - began > WATCHDOG:
                raise Failure(f"a program in the background did not get to work within {WATCHDOG} s")
            time.sleep(0.05)

    def close(self):
        """Ends what is left, and says what ended as it should not."""
        problems = []
        self.type_in(f"kill $(jobs -rp) 2>/dev/null; printf 'killed\\n' >&{self.report}")
        self.answer("ending the jobs")
        for job, command, output in self.jobs:
            self.type_in(f"wait {job}; printf '%d\\n' $? >&{self.report}")
            status = int(self.answer(f"line {command.line}: {command.text}")[0])
            allowed = {command.status} if command.status else {0, 143, 137}
            if status not in allowed:
                printed = indented(output.read_text(errors="replace").splitlines())
                problems.append(f"line {command.line}: {command.text}\n  ended with {status}\n{printed}")
        self.shell.stdin.close()
        self.shell.wait(WATCHDOG)
        return problems

    def kill(self):
        """After a failure: everything of the page ends."""
        if self.shell.poll() is None:
            for job, _, _ in self.jobs:
                if self.lives(job):
                    os.kill(int(job), 15)
            os.killpg(self.shell.pid, 9)
            self.shell.wait()


def indented(lines):
    return "\n".join("    " + line for line in lines[:40])


def has_module(name):
    return subprocess.run([PYTHON, "-c", f"import {name}"], capture_output=True, check=False).returncode == 0


def in_memory():
    """/dev/shm, where programs may be written to it and started from it (not in every container)."""
    usable = os.access("/dev/shm", os.W_OK) and not os.statvfs("/dev/shm").f_flag & os.ST_NOEXEC
    return "/dev/shm" if usable else None


def run_page(page):
    text = page.read_text()
    began, ran, left_out, problems = time.monotonic(), 0, [], []
    with tempfile.TemporaryDirectory(dir=in_memory()) as folder:
        reader = Reader(Path(folder))
        try:
            for block in blocks_of(text):
                if block.mark and block.mark[0] == "not run":
                    left_out.append(f"line {block.line}: {block.mark[1]}")
                    continue
                if block.mark and not all(has_module(name) for name in block.mark[1].split()):
                    left_out.append(f"line {block.line}: skipped: Python has no {block.mark[1]} (tools/install-packages python)")
                    continue
                for command in commands_of(block):
                    status, printed = reader.run(command)
                    ran += 1
                    missing = missing_line(command.expected, printed)
                    if status != command.status or missing is not None:
                        what = f"ended with {status} instead of {command.status}" if status != command.status else f"printed nothing like: {missing}"
                        raise Failure(f"line {command.line}: {command.text}\n  {what}\n{indented(printed)}")
            problems += reader.close()
        except Failure as failure:
            problems.append(str(failure))
        finally:
            reader.kill()
    print(f"{page.relative_to(SOURCE) if page.is_relative_to(SOURCE) else page}: {ran} commands run in {time.monotonic() - began:.1f} s, "
          f"{len(left_out)} blocks not run")
    for reason in left_out:
        print(f"  {reason}")
    for problem in problems:
        print(f"FAILED: {page.name}: {problem}")
    return not problems


def main():
    if not POCL.exists():
        print("skipped: PoCL is not installed (tools/install-packages run)")
        return 77
    if not (BUILD / "bin/flexai-example-matmul").exists():
        print("skipped: the examples were not built (no OpenCL loader to link with)")
        return 77
    results = [run_page(Path(page)) for page in sys.argv[1:]]
    return 0 if results and all(results) else 1


sys.exit(main())
