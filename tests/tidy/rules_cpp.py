"""Tidy rules about C++ sources."""
import re

import cpp
from rule import Rule, source

FUNCTION_LINES_MAX = 70

# What transport may know of core: the outward interfaces it implements, and the types they speak.
OUTWARD = {
    "core/delivery/mail_transport.hpp",
    "core/delivery/http_fetcher.hpp",
    "core/delivery/resolver.hpp",
    "core/base/clock.hpp",
    "core/base/entropy.hpp",
    "core/base/error.hpp",
}
# Folder → folders it may include, beside itself. app and tests include everything.
ARROWS = {
    "core": ("schemas/describe/",),
    "mcp": ("schemas/describe/",),
    "schemas": ("schemas/",),
    "tools": ("schemas/", "core/"),
    "transport": ("mcp/", "schemas/describe/"),
}
ROOMS = (*ARROWS, "app", "tests")
# Library header → where it may appear.
LIBRARIES = (
    (re.compile(r"boost/beast"),
     re.compile(r"transport/(http|separate_compilation)/(.*\.cpp|http_session\.hpp)")),
    (re.compile(r"boost/asio"), re.compile(r"(transport|tools|app|tests|cmake)/.*")),
    (re.compile(r"sqlite3\.h"), re.compile(r"core/store/sqlite/.*|tests/.*")),
    (re.compile(r"pqxx|libpq"), re.compile(r"core/store/postgres/.*|tests/.*")),
    (re.compile(r"CLI/|toml\+\+"), re.compile(r"app/.*|tests/.*")),
)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.M)


def includes(file):
    for match in INCLUDE.finditer(cpp.strip(file.text, keep_text=True)):
        yield cpp.line_of(cpp.strip(file.text, keep_text=True), match.start()), match[1], match[2]


def may_include(path, target):
    room = path.split("/")[0]
    if room not in ARROWS or target.split("/")[0] not in ROOMS:
        return True
    if path.startswith("schemas/describe/"):
        return target.startswith("schemas/describe/")
    if target.startswith((room + "/", *ARROWS[room])):
        return True
    if room == "tools" and target.startswith("mcp/"):
        return re.fullmatch(r"tools/mcp_\w+\.[ch]pp", path) is not None
    return room == "transport" and target in OUTWARD


def check_arrows(file):
    for line, _, target in includes(file):
        if not may_include(file.path, target):
            yield line, f"{file.path.split('/')[0]} may not include {target} (include arrows)"
        for library, place in LIBRARIES:
            if library.match(target) and not place.fullmatch(file.path):
                yield line, f"<{target}> may only be included in {place.pattern}"


def check_own_header(file):
    own = file.path[:-len(".cpp")] + ".hpp"
    if not file.path.endswith(".cpp") or own not in file.tree or own.startswith("cmake/"):
        return  # cmake/pch.cpp gets its header from the build
    first = next(includes(file), None)
    if first is None or first[2] != own:
        yield (first[0] if first else 1), f'the first include must be "{own}"'


# What may stand before co_await in its statement: nothing, co_return, or a plain left side.
AWAIT_LEFT = re.compile(r"(co_return|[^=(){}?!<>,.][^=(){}?]*[^=!<>+|&]=)?\s*")
# What may stand after it, once the contents of parentheses are taken out.
AWAIT_RIGHT = re.compile(r"\s*[\w:.<>,*&\[\]()\s]*(->[\w:.<>,*&\[\]()\s]*)*")
LABEL = re.compile(r"^\s*((case\b[^:]*|default|else)\s*:?(?!:)\s*)")
CONTROL = re.compile(r"^\s*(else\s+)?(if|for|while)\s*(constexpr\s*)?\(")


def without_control(statement):
    """The statement after its label, `if (…)`, `for (…)`, `else`; conditions stay checked."""
    while True:
        label, control = LABEL.match(statement), CONTROL.match(statement)
        if control:
            end = cpp.closing(statement, control.end() - 1)
            if "co_await" in statement[:end + 1]:
                return statement
            statement = statement[end + 1:]
        elif label and not label[1].isspace():
            statement = statement[label.end():]
        else:
            return statement


def without_parentheses(text):
    before = None
    while before != text:
        before, text = text, re.sub(r"\([^()]*\)", "", text)
    return text


def await_is_plain(statement, terminator):
    statement = re.sub(r"\s+", " ", without_control(statement)).strip()
    left, _, right = statement.partition("co_await")
    return (terminator == ";" and "co_await" not in right and "?" not in right
            and AWAIT_LEFT.fullmatch(left) is not None
            and "(" not in without_parentheses(right) and ")" not in without_parentheses(right)
            and AWAIT_RIGHT.fullmatch(without_parentheses(right)) is not None)


def check_await_shape(file):
    code = cpp.strip(file.text)
    for start, statement, terminator in cpp.statements(code):
        found = re.search(r"\bco_await\b", statement)
        if found and not await_is_plain(statement, terminator):
            yield (cpp.line_of(code, start + found.start()),
                   "a co_await is one whole plain statement, without braces, lambda or ?:")


AWAITABLE_FUNCTION = re.compile(r"\bawaitable<[^;{}()]*>\s+[\w:~]+\s*(\()")
TRAILING_AWAITABLE = re.compile(r"\)\s*(?:const\s*)?(?:noexcept\s*)?->\s*(?:\w+::)*awaitable<")


def parameter_lists(code):
    """(offset, text) of the parameters of functions that return an awaitable."""
    for match in AWAITABLE_FUNCTION.finditer(code):
        yield match.start(1), code[match.start(1):cpp.closing(code, match.start(1))]
    for match in TRAILING_AWAITABLE.finditer(code):
        depth, offset = 0, match.start()
        while offset >= 0:
            depth += {")": 1, "(": -1}.get(code[offset], 0)
            if depth == 0:
                yield offset, code[offset:match.start()]
                break
            offset -= 1


def check_await_defaults(file):
    code = cpp.strip(file.text)
    for offset, parameters in parameter_lists(code):
        if re.search(r"[^=<>!]=[^=]", parameters):
            yield (cpp.line_of(code, offset),
                   "a function that returns an awaitable has no default arguments; overload it")


LAMBDA_COROUTINE = re.compile(
    r"\[[^\[\]]*\S[^\[\]]*\]\s*\([^()]*\)\s*(mutable\s*)?->\s*[\w:]*awaitable<")


def check_lambda_coroutine(file):
    code = cpp.strip(file.text)
    for match in LAMBDA_COROUTINE.finditer(code):
        yield (cpp.line_of(code, match.start()),
               "a lambda that is a coroutine has no captures; pass parameters by value")


def check_function_length(file):
    for first, last in cpp.functions(cpp.strip(file.text)):
        if last - first + 1 > FUNCTION_LINES_MAX:
            yield first, f"function of {last - first + 1} lines; at most {FUNCTION_LINES_MAX}"


def matches(pattern, reason):
    compiled = re.compile(pattern)

    def check(file):
        code = cpp.strip(file.text)
        for match in compiled.finditer(code):
            yield cpp.line_of(code, match.start()), reason

    return check


def check_new(file):
    if file.path.startswith("tests/"):
        return  # a shim of a C interface owns by hand, and the sanitizers watch it
    code = re.sub(r"^[ \t]*#[^\n]*", "", cpp.strip(file.text), flags=re.M)
    for match in re.finditer(r"\bnew\s+[A-Za-z_:]|\bdelete\b(?!\s*[;,)])", code):
        before = code[max(0, match.start() - 120):match.start()]
        # A smart pointer, reset(), a member's initialiser (of a smart pointer), operator new.
        owned = re.search(r"(_ptr<[^;]*>\s*\w*[({]|\breset\(|[:,]\s*\w+[({]|operator )\s*$", before)
        if not owned:
            yield cpp.line_of(code, match.start()), "naked new or delete; use make_unique"


def cpp_rule(name, check, bad, good=()):
    return Rule(name, check, (".cpp", ".hpp"), bad, good)


RULES = [
    cpp_rule("include-arrows", check_arrows, [
        source("core/a.cpp", '#include "tools/registry.hpp"\n'),
        source("core/a.cpp", '#include "schemas/emails.hpp"\n'),
        source("transport/http/a.cpp", '#include "core/store/database.hpp"\n'),
        source("transport/stdio/a.cpp", '#include "tools/registry.hpp"\n'),
        source("mcp/a.cpp", '#include "core/base/id.hpp"\n'),
        source("schemas/describe/a.cpp", '#include "schemas/emails.hpp"\n'),
        source("tools/emails.cpp", '#include "mcp/server.hpp"\n'),
        source("transport/http/a.hpp", "#include <boost/beast/http.hpp>\n"),
        source("transport/smtp/a.cpp", "#include <boost/beast/core.hpp>\n"),
        source("core/jobs/a.cpp", "#include <boost/asio.hpp>\n"),
        source("core/store/a.cpp", "#include <sqlite3.h>\n"),
        source("core/store/sqlite/a.cpp", "#include <pqxx/pqxx>\n"),
    ], [
        source("tools/mcp_provider.cpp", '#include "mcp/server.hpp"\n'),
        source("transport/smtp/a.cpp", '#include "core/delivery/mail_transport.hpp"\n'),
        source("core/a.cpp", '// #include "tools/registry.hpp"\n#include "core/base/id.hpp"\n'),
        source("app/a.cpp", '#include "tools/registry.hpp"\n'),
    ]),
    cpp_rule("own-header-first", check_own_header, [
        source("core/a.cpp", '#include <string>\n#include "core/a.hpp"\n', ["core/a.hpp"]),
    ], [source("core/a.cpp", '// Why.\n#include "core/a.hpp"\n#include <map>\n', ["core/a.hpp"])]),
    cpp_rule("co-await-shape", check_await_shape, [
        source("a.cpp", body) for body in (
            "if (co_await f()) co_return;", "while (!co_await f()) {}", "switch (co_await f()) {}",
            "co_await f({.a = x});", "co_await run([s] { return s; });", "g(co_await f());",
            "auto x = ok ? co_await f() : 0;", "Agg a{.x = co_await f()};", "co_await f(Agg{});",
            "co_await f() + co_await g();", "co_return {co_await f()};", "x += (co_await f()).y;",
            "co_return co_await f() + 1;", "for (auto x : co_await f()) {}")
    ], [
        source("a.cpp", body) for body in (
            "co_await f(a);", "auto x = co_await f(a);", "x = co_await f(a, g(b));",
            "const auto [a, b] = co_await s.async_read(m, token);", "co_return co_await f(a);",
            "for (;;) {\n co_await f(a);\n}", "if (a) co_await f(a);", "// if (co_await f())",
            "const Result<int> x = co_await p->f(\"?\");", "std::size_t n{};\nco_await f(n);",
            "case A: x.y = co_await f(a);", "else co_await f<int>(std::move(a));")
    ]),
    cpp_rule("awaitable-default-argument", check_await_defaults, [
        source("a.hpp", "asio::awaitable<void> f(int a, Agg b = Agg());"),
        source("a.hpp", "auto f(int a = 1) -> asio::awaitable<void>;"),
    ], [source("a.hpp", "asio::awaitable<void> f(int a, bool b);\nvoid g(int a = 1);")]),
    cpp_rule("capturing-coroutine", check_lambda_coroutine,
             [source("a.cpp", "auto f = [this](int a) -> asio::awaitable<void> { co_return; };")],
             [source("a.cpp", "auto f = [](int a) -> asio::awaitable<void> { co_return; };")]),
    cpp_rule("function-length", check_function_length, [
        source("a.cpp", "void f(int a) {\n" + "g();\n" * FUNCTION_LINES_MAX + "}\n"),
        source("a.cpp", "A::A() : a_{1} {\n" + "g();\n" * FUNCTION_LINES_MAX + "}\n"),
    ], [
        source("a.cpp", "void f(int a) {\n" + "g();\n" * (FUNCTION_LINES_MAX - 2) + "}\n"),
        source("a.cpp", "const int t[] = {\n" + "1,\n" * FUNCTION_LINES_MAX + "};\n"),
        source("a.cpp", "struct A {\n" + "int a();\n" * FUNCTION_LINES_MAX + "};\n"),
    ]),
    cpp_rule("no-detach", matches(r"(\.|->)detach\s*\(|\bdetached\b",
                                  "no detached thread or coroutine: it loses errors"),
             [source("a.cpp", "thread.detach();"), source("a.cpp", "co_spawn(x, f(), detached);")],
             [source("a.cpp", "// never .detach()\nstate.detach_all();")]),
    cpp_rule("no-naked-new", check_new,
             [source("a.cpp", "auto* a = new Thing(1);"), source("a.cpp", "delete thing;")],
             [source("a.cpp", "std::unique_ptr<A> a(new A);\nA(const A&) = delete;\n"
                              "new (&storage) A();  // a new start\n"),
              source("a.cpp", "A::A() : impl_(new Impl(1)) {}\n")]),
]
