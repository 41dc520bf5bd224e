#!/usr/bin/env python3
"""Compares what the documentation says of the source with the source.   check_against_source.py [ROOT]

  - Sentences. A quote (`> `) with a code span is what flexai prints, `…` for what varies. Each part between two `…` must be made of string
    literals of the source: whole ones joined, and at its ends at least twelve characters of one.
  - Exit status: docs/reference/exit-status.md names the numbers of src/cli/exit_code.hpp.
  - Environment: docs/reference/environment.md names every variable that the source reads, and of flexai's own no other.
"""
import functools
import os
import re
import sys
from pathlib import Path

ROOT = Path(sys.argv[1] if len(sys.argv) > 1 else os.environ["FLEXAI_SOURCE_DIR"])
LITERALS = re.compile(r'"((?:[^"\\\n]|\\.)*)"(?:\s*"((?:[^"\\\n]|\\.)*)")*')
ONE_LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
PRINTF = re.compile(r"%(?:llu|[sdu])")
QUOTE = re.compile(r"^>\s.*?`([^`]+(?:``?[^`]+)*?)`\s*$")
ENOUGH = 12  # characters of a literal that are worth being called a quotation
READS = re.compile(r'(?:getenv|\bGet)\("([A-Z_]{3,})"')


def source_files():
    for path in sorted(ROOT.glob("src/**/*")):
        if path.suffix in (".cpp", ".hpp") and not re.search(r"_(test|bench|fuzz)\.cpp$|/testing/", str(path)):
            yield path


def literals_of(text):
    """The string literals of a file, adjacent ones joined as the compiler does, cut where printf puts something in."""
    text = re.sub(r"^\s*//.*$", "", text, flags=re.M)
    found = set()
    for match in LITERALS.finditer(text):
        joined = "".join(part.group(1) for part in ONE_LITERAL.finditer(match.group(0)))
        joined = joined.replace('\\"', '"').replace("\\n", "").replace("\\\\", "\\")
        # Anything can be spelled with short words: they count only where they are signs, such as "; " and "%".
        found.update(piece for piece in PRINTF.split(joined) if len(piece) >= 4 or (piece and not re.search(r"\w", piece)))
    return found


def is_made_of(part, literals):
    """Whether `part` is literals joined: each whole, or twelve characters and more of one at the part's ends."""

    @functools.cache
    def rest_is(at):
        if at >= len(part):
            return True
        for literal in literals:
            if part.startswith(literal, at) and rest_is(at + len(literal)):
                return True
        for literal in literals:  # a piece of one: its end if we are at the begin, its begin if we are at the end, its middle if it is all
            for length in range(min(len(part) - at, len(literal)), ENOUGH - 1, -1):
                piece = part[at:at + length]
                at_edge = at == 0 or at + length == len(part)
                if at_edge and piece in literal and rest_is(at + length):
                    return True
        return False

    return rest_is(0)


def sentences(problems):
    literals = frozenset().union(*(literals_of(path.read_text()) for path in source_files()))
    count = 0
    for page in sorted(ROOT.glob("docs/**/*.md")):
        for number, line in enumerate(page.read_text().splitlines(), 1):
            quote = QUOTE.match(line)
            if not quote:
                continue
            count += 1
            sentence = re.sub(r"^flexai: (warning: )?", "", quote.group(1).strip())
            for part in filter(None, sentence.split("…")):
                if not is_made_of(part, literals):
                    problems.append(f"{page.relative_to(ROOT)}:{number}: no source says: {part.strip()}")
    return count


def exit_statuses(problems):
    source = (ROOT / "src/cli/exit_code.hpp").read_text()
    wanted = {int(number) for number in re.findall(r"constexpr int k\w+ = (\d+);", source)}
    page = ROOT / "docs/reference/exit-status.md"
    said = {int(number) for row in re.findall(r"^\| ([^|]*) \|", page.read_text(), re.M) for number in re.findall(r"\d+", row)}
    for number in sorted(wanted ^ said):
        problems.append(f"{page.relative_to(ROOT)}: {number} is {'missing' if number in wanted else 'no status of the source'}")


def environment(problems):
    reads = set()
    for path in source_files():
        if path.name != "environment_list.hpp":
            reads.update(READS.findall(path.read_text()))
    page = ROOT / "docs/reference/environment.md"
    rows = {name for row in re.findall(r"^\| (`[^|]*) \|", page.read_text(), re.M) for name in re.findall(r"`([A-Z_]+)`", row)}
    for name in sorted(reads - rows):
        problems.append(f"{page.relative_to(ROOT)}: {name} is read by the source and missing")
    for name in sorted(rows - reads):
        problems.append(f"{page.relative_to(ROOT)}: {name} is read by nobody")


def main():
    problems = []
    count = sentences(problems)
    exit_statuses(problems)
    environment(problems)
    print(f"{count} sentences compared with the source")
    for problem in problems:
        print(problem)
    return 1 if problems or not count else 0


sys.exit(main())
