// The revisions of the Model Context Protocol that this library speaks, and what each of them
// knows. Source: https://modelcontextprotocol.io/specification, "Versioning" and the change logs.
#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace mcp {

// In the order of their publication, so that revisions compare.
enum class Revision { V2024_11_05, V2025_03_26, V2025_06_18, V2025_11_25, V2026_07_28 };

// The latest that is agreed on by a handshake.
inline constexpr Revision latest_legacy_revision = Revision::V2025_11_25;

inline constexpr std::array<std::string_view, 5> revision_texts = {
    "2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"};

// The text that goes over the wire, for example "2025-11-25".
constexpr std::string_view text_of(Revision revision) {
  return revision_texts[static_cast<std::size_t>(revision)];
}

// The revision of that text, nullopt when the library does not speak it.
constexpr std::optional<Revision> revision_of(std::string_view text) {
  for (std::size_t i = 0; i < revision_texts.size(); ++i) {
    if (revision_texts[i] == text) return static_cast<Revision>(i);
  }
  return std::nullopt;
}

// The era: legacy revisions begin with a handshake (`initialize`), modern ones carry what it would
// say in each request's _meta.
constexpr bool is_modern(Revision revision) {
  return revision >= Revision::V2026_07_28;
}

// JSON-RPC batches came with one revision and left with the next.
constexpr bool has_batches(Revision revision) {
  return revision == Revision::V2025_03_26;
}

// Tool annotations (readOnlyHint and its siblings).
constexpr bool has_annotations(Revision revision) {
  return revision >= Revision::V2025_03_26;
}

// The capability `completions`; the method is as old as the protocol.
constexpr bool has_completions(Revision revision) {
  return revision >= Revision::V2025_03_26;
}

// A message beside the numbers of progress.
constexpr bool has_progress_messages(Revision revision) {
  return revision >= Revision::V2025_03_26;
}

// Streams begin with an empty event that has an id, so that they can be taken up again before the
// first message (SEP-1699).
constexpr bool has_priming_events(Revision revision) {
  return revision == Revision::V2025_11_25;
}

// `title` beside `name`, on tools and on the server.
constexpr bool has_titles(Revision revision) {
  return revision >= Revision::V2025_06_18;
}

// `outputSchema` on tools and `structuredContent` on results.
constexpr bool has_structured_output(Revision revision) {
  return revision >= Revision::V2025_06_18;
}

}  // namespace mcp
