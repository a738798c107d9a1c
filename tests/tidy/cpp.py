"""Reading C++ roughly: enough for the tidy rules, without a compiler.

All functions keep line numbers: what they blank out is replaced by as many line ends.
"""
import re

TOKEN = re.compile(
    r"(?P<comment>//[^\n]*|/\*.*?\*/)"
    r'|(?P<raw>R"(?P<tag>[^()\s\\]{0,16})\(.*?\)(?P=tag)")'
    r'|(?P<text>"(?:\\.|[^"\\\n])*")'
    r"|(?P<number>\b[0-9][0-9A-Za-z_'.]*)"
    r"|(?P<char>'(?:\\.|[^'\\\n])*')", re.S)


def strip(text, keep_text=False):
    """The source without comments; literals become empty ones unless keep_text."""

    def blank(match):
        ends = "\n" * match[0].count("\n")
        if match["comment"]:
            return " " + ends
        if keep_text or match["number"]:
            return match[0]
        return ('""' if match["raw"] or match["text"] else "' '") + ends

    return TOKEN.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def closing(text, start):
    """The offset of the parenthesis that closes the one at start; the end of text without one."""
    depth = 0
    for offset in range(start, len(text)):
        if text[offset] == "(":
            depth += 1
        elif text[offset] == ")":
            depth -= 1
            if depth == 0:
                return offset
    return len(text)


def statements(code):
    """(offset, statement, terminator) of stripped code, split at ; { } outside parentheses.

    A brace inside parentheses cuts its statement too, which leaves unbalanced parentheses: that is
    how the co_await rule sees lambdas and braced arguments.
    """
    stack, start = [], 0
    for match in re.finditer(r"[(){};]", code):
        sign = match[0]
        if sign == "(":
            stack.append(sign)
        elif sign == ")":
            if stack and stack[-1] == "(":
                stack.pop()
        elif sign != ";" or not stack or stack[-1] != "(":
            yield start, code[start:match.start()], sign
            start = match.end()
            if sign == "{":
                stack.append(sign)
            elif sign == "}":
                while stack and stack.pop() != "{":
                    pass


SCOPE = re.compile(r"(^|[\s>])(namespace|class|struct|union|enum)\b")


def functions(code):
    """(first line, last line) of each function of stripped code, its signature included."""
    code = re.sub(r"^[ \t]*#[^\n]*", "", code, flags=re.M)
    depth_of_function, depth, head_start, begin = None, 0, 0, 0
    for match in re.finditer(r"[{};]", code):
        sign = match[0]
        if sign == "{":
            if depth_of_function is None:
                head = code[head_start:match.start()]
                if is_function_head(head):
                    depth_of_function = depth
                    begin = head_start + len(head) - len(head.lstrip())
            depth += 1
        elif sign == "}":
            depth -= 1
            if depth_of_function is not None and depth <= depth_of_function:
                depth_of_function = None
                yield line_of(code, begin), line_of(code, match.start())
        if depth_of_function is None:
            head_start = match.end()


def is_function_head(head):
    head = head.strip()
    if not head:
        return True  # the body after an initialiser list that ends in braces
    if SCOPE.search(head) and "(" not in head:
        return False
    return "(" in head and not re.search(r"([=,(]|\breturn)$", head)
