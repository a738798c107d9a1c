#!/usr/bin/env python3
"""The style of the tree as tests: each rule, and for each rule a test that it can fail.

Prints `ok NAME` or `FAIL NAME: file:line reason`, then `tidy: N passed, N failed`. Standard library
only. CONTRIBUTING.md says why the rules are what they are.
"""
import pathlib
import subprocess
import sys

import rules_cpp
import rules_text
from rule import File

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = [*rules_cpp.RULES, *rules_text.RULES]
CLANG_FORMAT = "clang-format-19"


def project_files():
    """All text files under version control or about to be, as File."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
        capture_output=True, text=True, check=True).stdout.split("\0")
    texts = {}
    tree = frozenset(path for path in listed if path and (ROOT / path).exists())
    for path in sorted(tree):
        try:
            texts[path] = (ROOT / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a binary file
    return [File(path, text, tree) for path, text in texts.items()]


def findings(rule, files):
    return [f"{file.path}:{line} {reason}" for file in files if rule.applies(file.path)
            for line, reason in rule.check(file)]


def self_test(rule):
    """What is wrong with the rule itself."""
    for file in rule.bad:
        if not rule.applies(file.path) or not list(rule.check(file)):
            yield f"does not flag {file.text[:60]!r} in {file.path}"
    for file in rule.good:
        for _, reason in rule.check(file):
            yield f"flags {file.text[:60]!r} in {file.path}: {reason}"


def format_command(*names):
    return [CLANG_FORMAT, "--dry-run", "-Werror", "--ferror-limit=1", *names]


def check_format(files):
    names = [file.path for file in files if file.path.endswith((".cpp", ".hpp"))]
    done = subprocess.run(format_command(*names), cwd=ROOT, capture_output=True, text=True,
                          check=False)
    wrong = [line.split(" error:")[0] for line in done.stderr.split("\n") if " error:" in line]
    if done.returncode != 0 and not wrong:
        wrong = [done.stderr.strip()]
    return [f"{place.rstrip(':')} is not formatted; run ./dev format" for place in wrong]


def check_format_self():
    done = subprocess.run(format_command("--assume-filename=a.cpp", "-"), cwd=ROOT,
                          input="int  main( ){return 0 ;}\n", capture_output=True, text=True,
                          check=False)
    return [] if done.returncode != 0 else ["does not flag an unformatted file"]


def results(files):
    """(name, list of what is wrong) of each test."""
    for rule in RULES:
        yield f"{rule.name} (its own test)", list(self_test(rule))
        yield rule.name, findings(rule, files)
    yield "clang-format (its own test)", check_format_self()
    yield "clang-format", check_format(files)


def main():
    passed = failed = 0
    for name, wrong in results(project_files()):
        if wrong:
            failed += 1
            print("\n".join(f"FAIL {name}: {text}" for text in wrong))
        else:
            passed += 1
            print(f"ok {name}")
    print(f"tidy: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
