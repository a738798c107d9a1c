"""Tidy rules about any text file, and about documents."""
import posixpath
import re

from rule import Rule, source

FILE_LINES_MAX = 500
TEST_LINES_MAX = 800
COLUMNS_MAX = 100
CODE = (".cpp", ".hpp", ".py", ".mjs", ".cmake", "CMakeLists.txt", "dev", "run")
ANY = ("",)

# Built from parts, so that this file does not hold the words it looks for.
MARKERS = ("TO" + "DO", "FIX" + "ME", "X" * 3)
MARKER = re.compile(r"\b(" + "|".join(MARKERS) + r")\b(?!\(#\d+\))")
WORDS = re.compile("|".join((
    r"registry[.](npm|yarn)\w*", r"\bpypi[.]org", r"\bdeb[.]debian[.]org", r"proxy[.]golang[.]org",
    r"(?<![\w.$}])/(work|root|home/[a-z]+)/\w")))


def lines(file):
    return enumerate(file.text.split("\n"), start=1)


def check_file_length(file):
    limit = TEST_LINES_MAX if file.path.startswith("tests/") else FILE_LINES_MAX
    count = file.text.count("\n")
    if count > limit:
        yield count, f"file of {count} lines; at most {limit}"


def check_columns(file):
    for number, line in lines(file):
        if len(line) > COLUMNS_MAX:
            yield number, f"line of {len(line)} columns; at most {COLUMNS_MAX}"


def check_blanks(file):
    for number, line in lines(file):
        if line != line.rstrip() and not file.path.endswith(".md"):
            yield number, "blanks at the end of the line"
        if "\r" in line:
            yield number, "CR in a text file"
    if file.text and not file.text.endswith("\n"):
        yield file.text.count("\n") + 1, "no line end at the end of the file"


def check_markers(file):
    for number, line in lines(file):
        if MARKER.search(line):
            yield number, "a marker for later work needs its issue: " + MARKERS[0] + "(#123)"


def check_words(file):
    for number, line in lines(file):
        found = WORDS.search(line)
        if found:
            yield number, f"{found[0]} names a package registry or a folder of one machine"


def check_lock(file):
    if not file.path.endswith("package-lock.json"):
        return
    for number, line in lines(file):
        if '"resolved"' in line:
            yield number, "the lock file must hold no download address (.npmrc keeps them out)"


def prose(file):
    """(line number, text) of a document outside its code blocks."""
    fence = None
    for number, line in lines(file):
        mark = re.match(r"\s*(```+|~~~+)", line)
        if mark:
            fence = None if fence and mark[1].startswith(fence) else fence or mark[1]
        elif fence is None:
            yield number, line


def check_title(file):
    titles = [number for number, line in prose(file) if re.match(r"# ", line)]
    if len(titles) != 1:
        yield (titles[1] if titles else 1), f"{len(titles)} titles (# …); a document has one"


def slug(heading):
    """The anchor that a heading gets, as code hosts make it."""
    plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", plain))


def anchors(file):
    return {slug(match[1]) for _, line in prose(file)
            if (match := re.match(r"#+\s+(.*)", line))}


LINK = re.compile(r"\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")


def check_links(file):
    for number, line in prose(file):
        for match in LINK.finditer(re.sub(r"`[^`]*`", "", line)):
            target, _, anchor = match[1].partition("#")
            if re.match(r"[a-z][a-z0-9+.-]*:", match[1]):
                continue
            path = posixpath.normpath(posixpath.join(posixpath.dirname(file.path), target))
            known = not target or path == "." or path in file.tree or any(
                other.startswith(path + "/") for other in file.tree)
            if not known:
                yield number, f"the link to {match[1]} leads nowhere"
            elif anchor and not target and anchor not in anchors(file):
                yield number, f"no heading gives the anchor #{anchor}"


MD = (".md",)
RULES = [
    Rule("file-length", check_file_length, CODE,
         [source("core/a.cpp", "\n" * (FILE_LINES_MAX + 1))],
         [source("tests/a.cpp", "\n" * (FILE_LINES_MAX + 1))]),
    Rule("line-length", check_columns, CODE, [source("dev", "x" * (COLUMNS_MAX + 1))],
         [source("dev", "ä" * COLUMNS_MAX)]),
    Rule("line-ends", check_blanks, ANY,
         [source("a", "a \n"), source("a", "a\r\n"), source("a", "a")], [source("a", "a\n")]),
    Rule("markers-name-an-issue", check_markers, ANY,
         [source("a.cpp", "// " + marker + ": later\n") for marker in MARKERS],
         [source("a.cpp", "// " + MARKERS[0] + "(#12): later\n")]),
    Rule("forbidden-words", check_words, ANY,
         [source("a", "see /" + "work/main\n"), source("a", "https://registry." + "npmjs.org/\n")],
         [source("a", "how things work/fail, $x/work/y, tests/work/y\n")]),
    Rule("lock-without-addresses", check_lock, (".json",),
         [source("a/package-lock.json", '  "resolved": "x"\n')],
         [source("a/package-lock.json", '  "integrity": "x"\n')]),
    Rule("one-title-per-document", check_title, MD,
         [source("a.md", "# A\n\n# B\n"), source("a.md", "text\n")],
         [source("a.md", "# A\n\n```\n# a comment\n```\n")]),
    Rule("links-resolve", check_links, MD,
         [source("docs/a.md", "# A\n[b](b.md)\n"), source("a.md", "# A\n[b](#c)\n")],
         [source("docs/a.md", "# A\n[b](../b.md#x) [c](https://example.com) [a](#a)\n", ["b.md"])]),
]
