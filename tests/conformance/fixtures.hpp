// The things that the official conformance suite wants a server to offer, by what they are about.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "mcp/catalog.hpp"
#include "mcp/changes.hpp"
#include "tests/conformance/delays.hpp"

namespace conformance {

using mcp::Answered;
using mcp::Catalog;
using mcp::Exchange;
using mcp::InputRequired;
using mcp::Json;
using mcp::ToolCall;
using mcp::ToolResult;

// A 1x1 PNG and a WAV without samples, as base64.
inline constexpr std::string_view kPng =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJg"
    "gg==";
inline constexpr std::string_view kWav =
    "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=";

// `properties`: JSON text of the members of an object schema; "" for none.
mcp::Tool tool(std::string name, std::string description, const std::string& properties = "",
               mcp::TaskSupport task = mcp::TaskSupport::None);

ToolResult text_result(std::string text);

// A tool that answers at once.
using Handler = std::function<Answered<ToolResult>(const ToolCall&, const Exchange&)>;
void add_direct(Catalog& catalog, mcp::Tool tool, Handler handler);

void add_content_tools(Catalog& catalog, const std::shared_ptr<Delays>& delays);
void add_asking_tools(Catalog& catalog);
void add_input_required_tools(Catalog& catalog);
void add_task_tools(Catalog& catalog, const std::shared_ptr<Delays>& delays);
void add_change_tools(Catalog& catalog, const std::shared_ptr<mcp::Changes>& changes);
void add_resources(Catalog& catalog);
void add_prompts(Catalog& catalog);

}  // namespace conformance
