"""Rendering: the receipt with 20 line items, beside the reference renderer and beside liquidjs."""
import json
import pathlib
import re
import subprocess
import urllib.parse

import machine
from parts import HERE, ROOT, node
from report import at_least, line, spread, target

ITEMS = 20
SECONDS = 2.0  # of CPU time, of each renderer in each round
BENCH = ROOT / "build/release/renders_bench"
LINES = ROOT / "build/release/render_lines"

DESCRIPTION = """\
Renders: examples/templates/receipt-default.json with 20 line items, on one core, everything parsed
beforehand, by CPU time. The reference is @json-render/react-email in Node. liquidjs renders a
template that was made from our own HTML and gives the same bytes; it has no plain text."""


def receipt():
    """The body, and the state with 20 line items."""
    definition = json.loads((ROOT / "examples/templates/receipt-default.json").read_text())
    data = json.loads((ROOT / "examples/templates/data/receipt-default.json").read_text())["data"]
    # Lines become <br/> in ours, which liquidjs would escape.
    data = {name: value.replace("\n", ", ") if isinstance(value, str) else value
            for name, value in data.items()}
    data["items"] = [{**data["items"][0], "name": f"Stoneware mug no. {n + 1}"}
                     for n in range(ITEMS)]
    return definition["definition"]["body"], {"data": data}


def our_html(body, state):
    given = json.dumps({"body": body, "state": state}) + "\n"
    done = subprocess.run([LINES], input=given, text=True, capture_output=True, check=True)
    return json.loads(done.stdout)["html"]


def marked(values, path):
    """The values as liquid expressions. URLs stay: an expression would be refused as one."""
    return {name: value if str(value).startswith("https:") else "{{ %s.%s }}" % (path, name)
            for name, value in values.items()}


def liquid_template(body, state):
    """Our HTML as a liquid template: what a second item adds is what each item makes."""
    fixed = marked({name: value for name, value in state["data"].items() if name != "items"},
                   "data")
    item = marked(state["data"]["items"][0], "item")
    one, two = (our_html(body, {"data": {**fixed, "items": [item] * count}}) for count in (1, 2))
    end = next(i for i, (a, b) in enumerate(zip(one, two)) if a != b)
    start = end - (len(two) - len(one))
    liquid = (two[:start] + "{% for item in data.items %}" + two[start:end] + "{% endfor %}"
              + one[end:])
    # What stands within an address was encoded as a value is.
    return re.sub(r"%7B%7B(.*?)%7D%7D",
                  lambda found: "{{" + urllib.parse.unquote(found[1]) + " | url_encode }}", liquid)


def run(command):
    done = subprocess.run([str(word) for word in command], text=True, stdout=subprocess.PIPE,
                          check=True, env={"NODE_ENV": "production"})
    return done.stdout


def run_node(who, file, seconds):
    # Its collector's threads would count as CPU time.
    return run([node(), "--single-threaded-gc", HERE / "renders.mjs", who, file, seconds])


def rates(output):
    result = json.loads(output)
    result["per_s"] = result["renders"] / result["cpu_s"]
    result["bytes_per_s"] = result["per_s"] * (result["html_bytes"] + result["text_bytes"])
    return result


class RendersBench:
    """What is measured, in files in a folder."""

    def __init__(self, folder):
        body, state = receipt()
        self.spec = pathlib.Path(folder) / "receipt.json"
        self.spec.write_text(json.dumps({"body": body, "state": state}))
        self.liquid = pathlib.Path(folder) / "receipt.liquid.json"
        self.liquid.write_text(json.dumps({"template": liquid_template(body, state),
                                           "state": state}))
        if run_node("liquid", self.liquid, 0) != our_html(body, state):
            raise RuntimeError("liquidjs renders something else, so the comparison is void")

    def round(self):
        return {"load": machine.load_average(),
                "both": rates(run([BENCH, self.spec, SECONDS, "both"])),
                "oracle": rates(run_node("oracle", self.spec, SECONDS)),
                "html": rates(run([BENCH, self.spec, SECONDS, "html"])),
                "liquid": rates(run_node("liquid", self.liquid, SECONDS))}


def round_line(number, result):
    rate = {who: f"{result[who]['per_s']:,.0f}" for who in ("both", "oracle", "html", "liquid")}
    return (f"renders round {number}: load {result['load']:.1f}; HTML and text/s {rate['both']}, "
            f"the reference {rate['oracle']}; HTML/s {rate['html']}, liquidjs {rate['liquid']}")


def summary(rounds):
    def ratio(mine, its):
        return [each[mine]["per_s"] / each[its]["per_s"] for each in rounds]

    lines = ["", DESCRIPTION, ""]
    for who, name in (("both", "HTML and text"), ("oracle", "the reference, HTML and text"),
                      ("html", "HTML alone"), ("liquid", "liquidjs, the same HTML")):
        lines += [line(f"{name}, renders/s", spread([each[who]["per_s"] for each in rounds])),
                  line("  MB/s", spread([each[who]["bytes_per_s"] / 1e6 for each in rounds], 1))]
    return "\n".join([*lines, "",
        target("HTML and text over the reference", ratio("both", "oracle"), ">= 100",
               at_least(100), 0),
        target("HTML alone over liquidjs", ratio("html", "liquid"), ">= 3", at_least(3))])
