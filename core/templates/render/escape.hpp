// Escaping of values for the place where they land.
#pragma once

#include <string>
#include <string_view>

#include "core/templates/render/meter.hpp"

namespace segmentflow::render {

// Appends `text` for HTML text and for quoted attributes alike: & < > " ' become entities. Control
// characters but tab and line breaks are left out: no reader of mail shows them.
void append_html(std::string& out, std::string_view text);
void append_html(Output& out, std::string_view text);
// How long that is at most.
std::size_t escaped_bytes(std::string_view text);

// The same text without those control characters: U+0000 to U+001F but tab, line feed and carriage
// return; U+007F to U+009F.
std::string without_controls(std::string text);

// Appends a value to an address of which `out` holds the beginning. At the very start it stays what
// it is: it may be a whole address. After it, it is percent-encoded as JavaScript's
// encodeURIComponent does (RFC 3986 §2.1): all but letters, digits and -_.!~*'(). The + of a
// telephone number (RFC 3966) and the @ and + of a mail address (RFC 6068) stay too.
void append_address_part(Output& out, std::string_view text);

// Whether a link or image address is one that mail may carry: http, https, mailto, tel, cid, or a
// fragment (`#part`). Blanks and control characters are judged as browsers do, by ignoring them.
bool is_allowed_url(std::string_view url);

// Whether what is sent there can be read on the way: an http address.
bool is_insecure_url(std::string_view url);

// Whether a style value that came from data stays one value of one declaration. It must hold no
// ; { } \ < > @ control character or comment, its quotes and brackets must be balanced, and
// functions that load (url, image, image-set, src) or run (expression) something are refused.
bool is_safe_style_value(std::string_view value);

// Whether a name may stand left of the colon: letters, digits, - and _.
bool is_style_name(std::string_view name);

}  // namespace segmentflow::render
